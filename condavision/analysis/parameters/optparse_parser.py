"""Parsers of optparse, which leave positional arguments to the script."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.interface import (
    ONE,
    Count,
    Framework,
    Interface,
    Parameter,
    Unread,
    UnreadReason,
    Use,
    ValueType,
)
from condavision.analysis.parameters.objects import unwrapped
from condavision.analysis.parameters.reader import ParserLike
from condavision.analysis.parameters.statements import EXITED
from condavision.analysis.parameters.types import choices_of, default_of
from condavision.analysis.parameters.values import UNKNOWN, Builtin, Call, Value, dotted_name, holds

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader
    from condavision.analysis.parameters.values import Conditions

_TYPES = {
    "int": ValueType.INTEGER, "long": ValueType.INTEGER, "float": ValueType.NUMBER,
    "builtins.int": ValueType.INTEGER, "builtins.float": ValueType.NUMBER,
}  # fmt: skip
_FLAGS = {"store_true", "store_false", "store_const", "append_const"}
_VALUED = {"store": Use.VALUE, "append": Use.REPEATED}
_NOT_PARAMETERS = {"help", "version"}


@dataclass(frozen=True)
class Option(Value):
    """An option that is not yet added; None: it is no parameter."""

    made: Parameter | Unread | None
    dest: str


@dataclass(eq=False)
class OptionParser(ParserLike):
    """A parser or a group of options, whose ``parser`` is the one it belongs to."""

    reader: Reader
    conditions: Conditions
    description: str = ""
    title: str = ""
    parser: OptionParser | None = None
    options: list[tuple[Parameter, str, str]] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    located: list[Any] = field(default_factory=list)

    def attribute(self, name: str) -> Any:
        methods = {
            "add_option": self._add_option,
            "add_options": lambda call: self.add_all(call.get("option_list", 0), call),
            "add_option_group": self._add_group,
            "set_defaults": lambda call: self.defaults.update(call.named),
            "parse_args": self._parse,
            "error": lambda _call: EXITED,
            "exit": lambda _call: EXITED,
        }
        return Builtin(methods[name]) if name in methods else UNKNOWN

    def _parse(self, call: Call) -> Any:
        self.located.append(call.location)
        self.reader.parsed(self, call, call.get("args", 0))
        return (UNKNOWN, UNKNOWN)

    def _add_option(self, call: Call) -> Any:
        first = call.positional[0] if call.positional else None
        self.add(first if isinstance(first, Option) else _option(self.reader, call), call)
        return UNKNOWN

    def add(self, option: Any, call: Call) -> None:
        """Add an option that is known, and certainly added."""
        if not holds(self.conditions, call.conditions):
            self.unread.append(Unread(UnreadReason.CONDITIONAL, call.location))
        elif not isinstance(option, Option):
            self.unread.append(Unread(UnreadReason.COMPUTED, call.location))
        elif isinstance(option.made, Unread):
            self.unread.append(option.made)
        elif option.made is not None:
            self.options.append((option.made, option.dest, self.title))

    def add_all(self, options: Any, call: Call) -> None:
        """Add the options of a list."""
        for option in elements(options) or [UNKNOWN]:
            self.add(option, call)

    def _add_group(self, call: Call) -> Any:
        group = unwrapped(call.get("opt_group", 0))
        if isinstance(group, str):
            group = OptionParser(self.reader, call.conditions, title=group)
        if not isinstance(group, OptionParser):
            self.unread.append(Unread(UnreadReason.COMPUTED, call.location))
            return UNKNOWN
        # what is added to the group afterwards is the parser's too
        self.options += group.options
        self.unread += group.unread
        group.options, group.unread = self.options, self.unread
        return group

    def interface(self) -> Interface:
        free = [Unread(UnreadReason.REST_ALLOWED, it) for it in self.located[:1]]
        return Interface(
            Framework.OPTPARSE,
            tuple(self._finished(*it) for it in self.options),
            unread=(*self.unread, *free),
            description=self.description,
        )

    def _finished(self, made: Parameter, dest: str, title: str) -> Parameter:
        made = replace(made, group=title)
        if dest not in self.defaults or made.use is not Use.VALUE:
            return made
        default, computed = default_of(self.defaults[dest], made.types[0])
        return replace(made, default=default, computed=computed)


def _option(_reader: Reader, call: Call) -> Option:
    spelled = call.positional
    if not call.exact or not spelled or not all(isinstance(it, str) for it in spelled):
        return Option(Unread(UnreadReason.COMPUTED, call.location), "")
    long = next((it for it in spelled if it.startswith("--")), spelled[0])
    name = long.lstrip("-").replace("-", "_")
    action = call.get("action", default="store")
    hidden = dotted_name(call.get("help")) == "optparse.SUPPRESS_HELP"
    made = Parameter(
        *(name, call.location, tuple(spelled)),
        metavar=call.text("metavar"),
        help=call.text("help").replace("%default", str(call.get("default"))),
        hidden=hidden,
    )
    dest = call.text("dest") or name
    if action in _NOT_PARAMETERS:
        return Option(None, dest)
    if action in _FLAGS or (action == "callback" and call.get("type") is None):
        return Option(replace(made, use=Use.FLAG, default=False), dest)
    if action == "count":
        return Option(replace(made, use=Use.COUNT), dest)
    nargs = call.get("nargs", default=1)
    if action not in {*_VALUED, "callback"}:
        shown = action if isinstance(action, str) else ""
        return Option(Unread(UnreadReason.CUSTOM_ACTION, call.location, shown), dest)
    if not isinstance(nargs, int):
        return Option(Unread(UnreadReason.COMPUTED_COUNT, call.location), dest)
    given = call.get("type")
    kind = _TYPES.get(given if isinstance(given, str) else dotted_name(given), ValueType.STRING)
    default, computed = default_of(call.get("default"), kind)
    return Option(
        replace(
            made,
            use=_VALUED.get(action, Use.REPEATED),
            count=ONE if nargs == 1 else Count(nargs, nargs, is_list=True),
            types=(kind,),
            choices=choices_of(call.get("choices"), kind)[0],
            default=default,
            computed=computed,
        ),
        dest,
    )


def _parser(reader: Reader, call: Call) -> OptionParser:
    parser = OptionParser(reader, call.conditions, call.text("description"))
    listed = call.get("option_list")
    if listed is not None:
        parser.add_all(listed, call)
    return parser


def _group(reader: Reader, call: Call) -> OptionParser:
    return OptionParser(reader, call.conditions, title=call.text("title", 1))


KNOWN: Known = {
    "optparse.OptionParser": _parser,
    "optparse.OptionGroup": _group,
    "optparse.make_option": _option,
    "optparse.Option": _option,
}
"""The functions of optparse that are read."""
