"""Parsers of argparse, and what is added to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.argparse_arguments import SUPPRESS, argument
from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.interface import (
    Command,
    Exclusive,
    Framework,
    Interface,
    Parameter,
    Unread,
    UnreadReason,
    Use,
)
from condavision.analysis.parameters.objects import unwrapped
from condavision.analysis.parameters.reader import ParserLike
from condavision.analysis.parameters.statements import EXITED
from condavision.analysis.parameters.types import FileType, default_of
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Builtin,
    Call,
    dotted_name,
    holds,
    is_concrete,
)

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader
    from condavision.analysis.parameters.values import Conditions


@dataclass(eq=False)
class ExclusiveGroup:
    """A mutually exclusive group of a parser."""

    required: bool
    names: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Entry:
    """An action of a parser; ``dest`` is where its value goes."""

    dest: str
    parameter: Parameter
    exclusive: ExclusiveGroup | None


@dataclass(eq=False)
class Parser(ParserLike):
    """A parser of argparse."""

    reader: Reader
    conditions: Conditions
    description: str = ""
    prefixes: str = "-"
    file_prefix: str = ""
    help: bool = True
    without_defaults: bool = False
    entries: list[Entry] = field(default_factory=list)
    exclusive: list[ExclusiveGroup] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    commands: Commands | None = None
    unread: list[Unread] = field(default_factory=list)

    def attribute(self, name: str) -> Any:
        return Holder(self).attribute(name)

    def assign(self, name: str, value: Any) -> None:
        """Set an attribute of the parser."""
        if name == "description" and isinstance(value, str):
            self.description = value

    def parse(self, call: Call, *, rest_allowed: bool) -> Any:
        """Read the command line, or something else."""
        if rest_allowed:
            self.unread.append(Unread(UnreadReason.REST_ALLOWED, call.location))
        self.reader.parsed(self, call, call.get("args", 0))
        return UNKNOWN

    def is_reached(self, call: Call) -> bool:
        """Return whether a call certainly happens to the parser; note it if not."""
        if holds(self.conditions, call.conditions):
            return True
        self.unread.append(Unread(UnreadReason.CONDITIONAL, call.location))
        return False

    def interface(self) -> Interface:
        taken = [self._with_default(it) for it in self.entries]
        commands = self.commands
        groups = [Exclusive(tuple(it.names), it.required) for it in self.exclusive if it.names]
        return Interface(
            Framework.ARGPARSE,
            tuple(taken),
            tuple(groups),
            () if commands is None else commands.made(),
            commands is not None and commands.required,
            tuple(dict.fromkeys(self.unread)),
            self.description,
            self.file_prefix,
        )

    def _with_default(self, entry: Entry) -> Parameter:
        parameter = entry.parameter
        if entry.dest not in self.defaults or parameter.use in {Use.FLAG, Use.COUNT}:
            return parameter
        default, computed = default_of(self.defaults[entry.dest], parameter.types[0])
        return replace(parameter, default=default, computed=computed)


@dataclass(eq=False)
class Holder(ParserLike):
    """A parser, or a group of its arguments."""

    parser: Parser
    title: str = ""
    exclusive: ExclusiveGroup | None = None

    @property
    def unread(self) -> list[Unread]:  # type: ignore[override]
        """What is not known of the parser."""
        return self.parser.unread

    def attribute(self, name: str) -> Any:
        parser = self.parser
        methods: dict[str, Any] = {
            "add_argument": self._add_argument,
            "add_argument_group": self._add_group,
            "add_mutually_exclusive_group": self._add_exclusive,
            "add_subparsers": self._add_subparsers,
            "set_defaults": self._set_defaults,
            "parse_args": lambda call: parser.parse(call, rest_allowed=False),
            "parse_intermixed_args": lambda call: parser.parse(call, rest_allowed=False),
            "parse_known_args": lambda call: parser.parse(call, rest_allowed=True),
            "parse_known_intermixed_args": lambda call: parser.parse(call, rest_allowed=True),
            "exit": lambda _call: EXITED,
            "error": lambda _call: EXITED,
        }
        if name == "description":
            return parser.description or UNKNOWN
        return Builtin(methods[name]) if name in methods else UNKNOWN

    def _add_group(self, call: Call) -> Any:
        return Holder(self.parser, call.text("title", 0), self.exclusive)

    def _add_exclusive(self, call: Call) -> Any:
        group = ExclusiveGroup(call.get("required", 0) is True)
        self.parser.exclusive.append(group)
        return Holder(self.parser, self.title, group)

    def _set_defaults(self, call: Call) -> None:
        self.parser.defaults.update(call.named)

    def _add_subparsers(self, call: Call) -> Any:
        parser = self.parser
        if parser.is_reached(call):
            parser.commands = Commands(parser, call.get("required") is True)
            return parser.commands
        return UNKNOWN

    def _add_argument(self, call: Call) -> Any:
        parser = self.parser
        if not parser.is_reached(call):
            return UNKNOWN
        spelled = call.positional or (call.get("dest"),)
        if not call.exact or not all(isinstance(it, str) for it in spelled):
            parser.unread.append(Unread(UnreadReason.COMPUTED, call.location))
            return UNKNOWN
        made = argument(call, tuple(spelled), parser.prefixes)
        if isinstance(made, Unread):
            parser.unread.append(made)
        elif made is not None:
            self._add(made, call)
        return UNKNOWN

    def _add(self, parameter: Parameter, call: Call) -> None:
        parser = self.parser
        taken = set(parameter.options)  # with conflict_handler="resolve"
        parser.entries = [it for it in parser.entries if not taken & {*it.parameter.options}]
        parameter = replace(parameter, group=self.title)
        if parser.without_defaults and "default" not in call.named:
            parameter = replace(parameter, default=None, computed=False)
        parser.entries.append(Entry(_dest(call, parameter), parameter, self.exclusive))
        if self.exclusive is not None:
            self.exclusive.names.append(parameter.name)


@dataclass(eq=False)
class Commands(ParserLike):
    """The subparsers of a parser."""

    parser: Parser
    required: bool
    parsers: dict[tuple[str, ...], tuple[Parser, str]] = field(default_factory=dict)

    @property
    def unread(self) -> list[Unread]:  # type: ignore[override]
        """What is not known of the parser."""
        return self.parser.unread

    def assign(self, name: str, value: Any) -> None:
        """Set an attribute: ``required``."""
        if name == "required":
            self.required = value is True

    def attribute(self, name: str) -> Any:
        return Builtin(self._add_parser) if name == "add_parser" else UNKNOWN

    def _add_parser(self, call: Call) -> Any:
        made = make_parser(self.parser.reader, replace(call, positional=call.positional[1:]))
        name, aliases = call.get("name", 0), elements(call.get("aliases", default=()))
        if not self.parser.is_reached(call):
            return made
        known = isinstance(name, str) and aliases is not None and is_concrete(aliases)
        if aliases is None or not known or not call.exact:
            self.parser.unread.append(Unread(UnreadReason.COMPUTED, call.location))
            return made
        self.parsers[(name, *aliases)] = (made, call.text("help"))
        return made

    def made(self) -> tuple[Command, ...]:
        """Return the commands."""
        return tuple(
            Command(names, parser.interface(), text)
            for names, (parser, text) in self.parsers.items()
        )


def make_parser(reader: Reader, call: Call) -> Parser:
    """Return a new parser, with what it takes from its parents."""
    parser = Parser(reader, call.conditions, call.text("description", 2))
    prefixes = call.get("prefix_chars", default="-")
    if isinstance(prefixes, str):
        parser.prefixes = prefixes
    marks = call.get("fromfile_prefix_chars")
    parser.file_prefix = marks if isinstance(marks, str) else ""
    default = call.get("argument_default")
    parser.without_defaults = dotted_name(default) == SUPPRESS
    parents = elements(call.get("parents", default=()))
    for parent in parents or ():
        other = unwrapped(parent)
        if isinstance(other, Parser):
            parser.entries += other.entries
            parser.exclusive += other.exclusive
            parser.defaults.update(other.defaults)
            parser.unread += other.unread
        else:
            parser.unread.append(Unread(UnreadReason.COMPUTED, call.location))
    if parents is None:
        parser.unread.append(Unread(UnreadReason.COMPUTED, call.location))
    return parser


def _dest(call: Call, parameter: Parameter) -> str:
    return call.text("dest") or parameter.name


KNOWN: Known = {
    "argparse.ArgumentParser": make_parser,
    "argparse.FileType": lambda _reader, call: FileType(call.get("mode", 0)),
}
"""The functions of argparse that are read."""
