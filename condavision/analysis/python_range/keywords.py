"""Which Pythons take the keyword arguments that functions of the standard library are called with.

``subprocess.run(capture_output=True)`` needs 3.7, ``asyncio.sleep(1, loop=loop)`` fails since 3.10.
They are looked up in a generated table (tools/generate_keywords.py), and only where the function is
unmistakable: an imported name or a builtin that the source does not bind itself.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import (
    admitted,
    bindings,
    bound_by,
    guarded,
    phrase_of,
    rebound,
)
from condavision.analysis.python_range.builtin_names import brings_anything
from condavision.analysis.python_range.rules import Claim, Verdict
from condavision.analysis.source.expressions import type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.records import RawImport
    from condavision.analysis.source.lexing import Lexed

_TABLE = Path(__file__).parents[1] / "data" / "keywords.tsv"
_MOST_CALLS = 500  # of one function: a file with more is generated
_BUILTINS = "builtins"


@cache
def _functions() -> Mapping[str, Mapping[bytes, PythonRange]]:
    """Return, by dotted function, the keywords that only some Pythons take, with those Pythons."""
    functions: dict[str, dict[bytes, PythonRange]] = {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            module, spans, names = line.split("\t")
            for name in names.split():
                function, _, keyword = name.partition(":")
                known = functions.setdefault(f"{module}.{function}", {})
                known[keyword.encode()] = PythonRange.from_spans(spans)
    return functions


@cache
def _by_word() -> Mapping[bytes, tuple[str, ...]]:
    """Return the dotted functions by their last word, in which a file can name them."""
    words: dict[bytes, list[str]] = {}
    for function in _functions():
        words.setdefault(function.rpartition(".")[2].encode(), []).append(function)
    return {word: tuple(functions) for word, functions in words.items()}


def keyword_claims(
    lexed: Lexed, root: Node, guards: Guards, imports: Sequence[RawImport]
) -> Iterator[Claim]:
    """Yield what the keyword arguments of calls say, each function and keyword once."""
    aliases = bound_by(imports)
    hidden = brings_anything(imports)
    for name, dotted in sorted(_spellings(lexed, aliases, hidden=hidden)):
        known = _functions()[dotted]
        if lexed.words.isdisjoint(known):
            continue
        alias = name.partition(".")[0].encode()
        if dotted.startswith(f"{_BUILTINS}.") and next(bindings(alias, lexed, root), None):
            continue
        yield from _calls(name, dotted, lexed, root, guards)


def _spellings(
    lexed: Lexed, aliases: Mapping[str, set[str]], *, hidden: bool
) -> Iterator[tuple[str, str]]:
    """Yield how the source may spell functions of the table, and their dotted names."""
    by_word, functions = _by_word(), _functions()
    called = [
        function
        for word in by_word.keys() & lexed.words
        for function in by_word[word]
        if not lexed.words.isdisjoint(functions[function])
    ]
    for alias, targets in aliases.items():
        if len(targets) != 1:
            continue
        (target,) = targets
        if target in functions:
            yield alias, target
        below = f"{target}."
        yield from (
            (alias + function[len(target) :], function)
            for function in called
            if target and function.startswith(below)
        )
    for function in called:
        module, _, name = function.rpartition(".")
        if module == _BUILTINS and name not in aliases and not hidden:
            yield name, function


@cache
def _call(name: str) -> re.Pattern[bytes]:
    dotted = rb"\s*\.\s*".join(re.escape(part.encode()) for part in name.split("."))
    alias = re.escape(name.partition(".")[0].encode())
    start = rb"%b\b(?<![\w.]%b)" % (alias, alias)
    return re.compile(start + dotted[len(alias) :] + rb"[ \t]*\(")


def _calls(name: str, dotted: str, lexed: Lexed, root: Node, guards: Guards) -> Iterator[Claim]:
    known = _functions()[dotted]
    alias = name.partition(".")[0].encode()
    shown = dotted.removeprefix(f"{_BUILTINS}.")
    seen: set[bytes] = set()
    for call in islice(_call(name).finditer(lexed.code), _MOST_CALLS):
        for keyword in _keywords(root, call.end() - 1):
            pythons = known.get(keyword)
            if pythons is None or keyword in seen:
                continue
            guard = guards.at(call.start())
            if guarded(guard, "TypeError") or guard.checked:
                continue
            if rebound(lexed, root, alias, call.start()):
                continue
            seen.add(keyword)
            phrase = phrase_of(f"{shown}({keyword.decode()}=)", pythons)
            yield Claim(call.start(), Verdict(phrase, admitted(pythons, guard)))


def _keywords(root: Node, bracket: int) -> Iterator[bytes]:
    """Yield the keywords of the call whose arguments a bracket opens."""
    node = root.descendant_for_byte_range(bracket, bracket + 1)
    arguments = node.parent if node is not None else None
    if arguments is None or arguments.type != "argument_list" or arguments.has_error:
        return
    if type_of(arguments.parent) != "call" or arguments.start_byte != bracket:
        return
    for argument in arguments.named_children:
        if argument.type == "keyword_argument":
            name = argument.child_by_field_name("name")
            if name is not None and name.text is not None:
                yield name.text
