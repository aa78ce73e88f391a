"""Spelling values so that a script's own parser reads them back."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Framework, Use, ValueType
from condavision.parameters.problems import Inexpressible, Limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.analysis.parameters.interface import Interface, Parameter
    from condavision.parameters.naming import CommandLine
    from condavision.parameters.problems import Problem

LONGEST = (1 << 17) - 1
"""Bytes of an argument: MAX_ARG_STRLEN of Linux, less the NUL."""

_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")
"""What argparse takes for a negative number, unless the script has options that look so."""


def spelled(
    line: CommandLine, given: Mapping[str, Any], raw: Sequence[str]
) -> tuple[list[str], list[Problem]]:
    """Return the arguments for checked values, and what the script's parser could not read.

    Raw arguments go to the innermost command, between its options and its positional arguments.
    """
    words: list[str] = []
    problems: list[Problem] = []
    named = line.parameters()
    for level, interface in enumerate(line.levels):
        speller = _Speller(interface, problems)
        values = [
            (name, it, given[name])
            for name, (at, it) in named.items()
            if at == level and name in given
        ]
        is_last = level == len(line.levels) - 1
        if level:
            words.append(line.words[level - 1])
        options = speller.options(values)
        more = list(raw) if is_last else []
        if speller.is_open and more and not more[0].startswith("-"):
            words += [*more, *options]  # an option that takes what follows would take them too
        else:
            words += [*options, *more]
        words += speller.positionals(values, before_command=not is_last)
    for name, value in given.items():
        problems += _unspeakable(name, value)
    problems += _unspeakable("args", list(raw))
    return words, problems


def _unspeakable(name: str, value: Any) -> list[Problem]:
    """Return why no process can be given a value."""
    if isinstance(value, str):
        if "\0" in value:
            return [Inexpressible(name, Limit.NUL)]
        if any("\ud800" <= it <= "\udfff" for it in value):
            return [Inexpressible(name, Limit.SURROGATE)]
    elif isinstance(value, list):
        return [it for one in value for it in _unspeakable(name, one)][:1]
    return []


class _Speller:
    """Spells the values of one command."""

    def __init__(self, interface: Interface, problems: list[Problem]) -> None:
        self.framework = interface.framework
        self.interface = interface
        self.problems = problems
        self.is_open = False  # the last option would take what follows for its values
        every = [it for one in interface.parameters for it in one.options]
        self.marks = frozenset(it[0] for it in every if it) | {"-"}
        self.has_negative = any(_NEGATIVE.fullmatch(it) for it in every)

    def options(self, values: Sequence[tuple[str, Parameter, Any]]) -> list[str]:
        """Return the options; those that take all values that follow come first."""
        closed: list[str] = []
        opened: list[str] = []
        for name, parameter, value in values:
            if parameter.is_positional:
                continue
            many = value if parameter.use is Use.REPEATED else [value]
            for one in many:
                self.is_open = False
                words = self._option(name, parameter, one)
                (opened if self.is_open else closed).extend(words)
        self.is_open = bool(opened) and not closed
        return [*opened, *closed]

    def _option(self, name: str, parameter: Parameter, value: Any) -> list[str]:
        spelling = preferred(parameter.options)
        if parameter.use is Use.FLAG:
            off = [preferred(parameter.negations)] if parameter.negations else []
            return [spelling] if value else off
        if parameter.use is Use.COUNT:
            return [spelling] * value
        if parameter.bare and value is True:
            self.is_open = self.framework is Framework.ARGPARSE
            return [spelling]
        values = value if parameter.is_list else [value]
        texts = [
            text_of(it, parameter.types[at if len(parameter.types) > 1 else 0], self.framework)
            for at, it in enumerate(values)
        ]
        if self.framework is Framework.ARGPARSE:
            if "--" in texts:  # removed by argparse up to 3.12
                self.problems.append(Inexpressible(name, Limit.DASH))
            if len(texts) == 1 and parameter.count.least <= 1:
                return [f"{spelling}={texts[0]}"]
            for text in texts:
                self._require_plain(name, text)
            self.is_open = parameter.count.least != parameter.count.most
            return [spelling, *texts]
        if parameter.bare and self._looks_like_option(texts[0]):
            self.problems.append(Inexpressible(name, Limit.DASH))
        if len(texts) == 1 and spelling.startswith("--"):
            return [f"{spelling}={texts[0]}"]
        if parameter.bare:
            return [f"{spelling}{texts[0]}"]
        return [spelling, *texts]

    def _require_plain(self, name: str, text: str) -> None:
        """Note a text that argparse would not take for a value."""
        if text[:1] and text[:1] in self.interface.file_prefix:
            self.problems.append(Inexpressible(name, Limit.FILE))
        elif self._looks_like_option(text):
            is_number = _NEGATIVE.fullmatch(text) and not self.has_negative
            if not is_number:
                self.problems.append(Inexpressible(name, Limit.DASH))

    def _looks_like_option(self, text: str) -> bool:
        return len(text) > 1 and text[0] in self.marks

    def positionals(
        self, values: Sequence[tuple[str, Parameter, Any]], *, before_command: bool
    ) -> list[str]:
        """Return the positional arguments, behind ``--`` where they need it."""
        given = {name: (it, value) for name, it, value in values if it.is_positional}
        by_parameter = {id(it): (name, value) for name, (it, value) in given.items()}
        words: list[str] = []
        counts = []
        needs_dashes = self.is_open
        for parameter in self.interface.parameters:
            if not parameter.is_positional:
                continue
            name, value = by_parameter.get(id(parameter), (parameter.name, []))
            listed = value if isinstance(value, list) and parameter.is_list else [value]
            listed = listed if id(parameter) in by_parameter else []
            texts = [
                text_of(it, parameter.types[at if len(parameter.types) > 1 else 0], self.framework)
                for at, it in enumerate(listed)
            ]
            counts.append((name, parameter, len(texts)))
            needs_dashes |= any(map(self._looks_like_option, texts)) and not (
                parameter.takes_rest and words
            )
            self._check(name, parameter, texts, is_first=not words)
            words += texts
        self._require_order(counts)
        if words and needs_dashes:
            return ["--", *words]
        if before_command and self.is_open:
            self.problems.append(Inexpressible("command", Limit.COMMAND))
        return words

    def _check(self, name: str, parameter: Parameter, texts: list[str], *, is_first: bool) -> None:
        """Note what argparse would not take for the value of a positional argument."""
        if self.framework is not Framework.ARGPARSE or not texts:
            return
        if any(text[:1] and text[:1] in self.interface.file_prefix for text in texts):
            self.problems.append(Inexpressible(name, Limit.FILE))
        rest = parameter.takes_rest and is_first and self._looks_like_option(texts[0])
        if rest or "--" in texts:
            self.problems.append(Inexpressible(name, Limit.DASH))

    def _require_order(self, counts: list[tuple[str, Parameter, int]]) -> None:
        """Note a value that the script's parser would give to another positional argument."""
        total = sum(given for _, _, given in counts)
        assign = _by_pattern if self.framework is Framework.ARGPARSE else _from_the_left
        for (name, _, given), assigned in zip(counts, assign(counts, total), strict=True):
            if given > assigned:
                self.problems.append(Inexpressible(name, Limit.ORDER))


def _by_pattern(counts: list[tuple[str, Parameter, int]], total: int) -> list[int]:
    """Return how many of the values argparse gives to each argument."""
    pattern = "".join(
        f"(A{{{it.count.least},{'' if it.count.most is None else it.count.most}}})"
        for _, it, _ in counts
    )
    match = re.fullmatch(pattern, "A" * total)
    return [len(it) for it in match.groups()] if match else [given for _, _, given in counts]


def _from_the_left(counts: list[tuple[str, Parameter, int]], total: int) -> list[int]:
    """Return how many of the values click gives to each argument."""
    assigned = [0] * len(counts)
    at_any = [at for at, (_, it, _) in enumerate(counts) if it.count.most is None]
    middle = at_any[0] if at_any else len(counts)
    for at in (*range(middle), *reversed(range(middle + 1, len(counts)))):
        assigned[at] = min(counts[at][1].count.most or 0, total)
        total -= assigned[at]
    if at_any:
        assigned[middle] = total
    return assigned


def preferred(options: Sequence[str]) -> str:
    """Return the option to spell: the first long one."""
    return next((it for it in options if it.startswith("--")), options[0])


def text_of(value: Any, value_type: ValueType, framework: Framework) -> str:
    """Return the text of a value."""
    if framework is Framework.FIRE or value_type is ValueType.LITERAL:
        return repr(value)
    if value_type is ValueType.JSON:
        return json.dumps(value)
    if value_type is ValueType.TRUTH:
        return "True" if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
