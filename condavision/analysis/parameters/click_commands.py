"""Commands and groups of click."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.click_parameters import PARAMETERS, Declared
from condavision.analysis.parameters.click_types import TYPES
from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.functions import docstring
from condavision.analysis.parameters.interface import (
    Command,
    Framework,
    Interface,
    Parameter,
    Unread,
    UnreadReason,
)
from condavision.analysis.parameters.objects import Class, Function
from condavision.analysis.parameters.reader import ParserLike
from condavision.analysis.parameters.values import UNKNOWN, Builtin, Call, dotted_name, holds

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader
    from condavision.analysis.parameters.values import Conditions

_SUFFIXES = ("-command", "-cmd", "-group", "-grp")
_PASSING = Builtin(lambda call: call.positional[0] if call.positional else UNKNOWN)


@dataclass(eq=False)
class ClickCommand(ParserLike):
    """A command or a group; ``attached`` are its parameters as decorators add them, last first."""

    reader: Reader
    conditions: Conditions
    name: str
    help: str
    attached: list[Any]
    declared: list[Any]
    is_group: bool = False
    command_required: bool = False
    commands: dict[str, ClickCommand] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def call(self, call: Call) -> Any:
        self.reader.parsed(self, call, call.get("args", 0))
        return UNKNOWN

    def attribute(self, name: str) -> Any:
        match name:
            case "main":
                return Builtin(self.call)
            case "command" | "group" if self.is_group:
                return Builtin(lambda call: self._subcommand(call, is_group=name == "group"))
            case "add_command" if self.is_group:
                return Builtin(self._add_command)
            case "result_callback" | "resultcallback":
                return Builtin(lambda _call: _PASSING)
        return UNKNOWN

    def _subcommand(self, call: Call, *, is_group: bool) -> Any:
        return _decorator(self.reader, call, is_group=is_group, parent=self)

    def _add_command(self, call: Call) -> Any:
        self.add(call.get("cmd", 0), call.get("name", 1), call)

    def add(self, command: Any, name: Any, call: Call) -> None:
        """Add a command under a name, or under its own where that is None."""
        name = command.name if name is None and isinstance(command, ClickCommand) else name
        if not holds(self.conditions, call.conditions):
            self.unread.append(Unread(UnreadReason.CONDITIONAL, call.location))
        elif isinstance(command, ClickCommand) and isinstance(name, str):
            self.commands[name] = command
        else:
            self.unread.append(Unread(UnreadReason.COMPUTED, call.location))

    def interface(self) -> Interface:
        everything = [*self.declared, *reversed(self.attached)]
        unread = [it for it in everything if isinstance(it, Unread)]
        return Interface(
            Framework.CLICK,
            tuple(it for it in everything if isinstance(it, Parameter)),
            (),
            tuple(
                Command((name,), it.interface(), first_paragraph(it.help))
                for name, it in self.commands.items()
            ),
            self.command_required,
            (*self.unread, *unread),
            self.help.partition("\f")[0].strip(),
        )


def first_paragraph(text: str) -> str:
    """Return the first paragraph of a help text, on one line."""
    return " ".join(text.strip().partition("\n\n")[0].partition("\f")[0].split())


def _decorator(
    reader: Reader, call: Call, *, is_group: bool, parent: ClickCommand | None = None
) -> Any:
    first = call.get("name", 0)
    if isinstance(first, Function):  # used without parentheses
        plain = Call((), call.named, call.exact, call.location, call.conditions)
        return _made(reader, first, plain, is_group=is_group, parent=parent)

    def decorate(inner: Call) -> Any:
        function = inner.positional[0] if inner.positional else UNKNOWN
        if not isinstance(function, Function):
            return UNKNOWN
        return _made(reader, function, call, is_group=is_group, parent=parent)

    return Builtin(decorate)


def _made(
    reader: Reader, function: Function, call: Call, *, is_group: bool, parent: ClickCommand | None
) -> ClickCommand:
    name, class_ = call.get("name", 0), call.get("cls")
    help_text = call.text("help") or docstring(function)
    listed = elements(call.get("params", default=()))
    declared = [it.made if isinstance(it, Declared) else it for it in listed or ()]
    grouped = is_group or dotted_name(class_) == "click.Group"
    required = grouped and call.get("invoke_without_command", default=False) is False
    command = ClickCommand(
        *(reader, call.conditions, "", help_text, function.attached, declared, grouped, required)
    )
    settings = call.get("context_settings")
    loose = isinstance(settings, dict) and any(
        settings.get(it) for it in ("ignore_unknown_options", "allow_extra_args")
    )
    if loose or call.get("ignore_unknown_options", default=False) is True:
        command.unread.append(Unread(UnreadReason.REST_ALLOWED, call.location))
    if isinstance(class_, Class) or (
        class_ is not None and not dotted_name(class_).startswith("click.")
    ):
        shown = class_.name if isinstance(class_, Class) else dotted_name(class_)
        command.unread.append(Unread(UnreadReason.CUSTOM_ACTION, call.location, shown))
    if not all(isinstance(it, (Parameter, Unread)) for it in declared) or listed is None:
        command.unread.append(Unread(UnreadReason.COMPUTED, call.location))
    if name is None:
        name = function.shown.name.lower().replace("_", "-")
        if parent is not None and name.endswith(_SUFFIXES):
            parent.unread.append(Unread(UnreadReason.NAME, call.location, function.shown.name))
            return command
    command.name = name if isinstance(name, str) else ""
    if parent is not None:
        parent.add(command, name, call)
    return command


def _group(reader: Reader, call: Call) -> ClickCommand:
    """Return a group that is made without a function: ``click.Group()``."""
    required = call.get("invoke_without_command", default=False) is False
    name = call.text("name", 0)
    group = ClickCommand(
        *(reader, call.conditions, name, call.text("help"), [], [], True, required)
    )
    if call.get("commands") is not None:
        group.unread.append(Unread(UnreadReason.COMPUTED, call.location))
    return group


def _wraps(_reader: Reader, call: Call) -> Any:
    wrapped = call.get("wrapped", 0)

    def wrap(inner: Call) -> Any:
        wrapper = inner.positional[0] if inner.positional else UNKNOWN
        if isinstance(wrapper, Function) and isinstance(wrapped, Function):
            wrapper.attached += wrapped.attached
            wrapper.wrapped = wrapped
        return wrapper

    return Builtin(wrap)


def _passing(_reader: Reader, call: Call) -> Any:
    return call.positional[0] if call.positional else UNKNOWN


_COMMANDS: Known = {
    "click.command": lambda reader, call: _decorator(reader, call, is_group=False),
    "click.group": lambda reader, call: _decorator(reader, call, is_group=True),
    "click.Group": _group,
    "click.pass_context": _passing,
    "click.pass_obj": _passing,
    "click.make_pass_decorator": lambda _reader, _call: _PASSING,
    "functools.wraps": _wraps,
    **PARAMETERS,
    **TYPES,
}

KNOWN: Known = _COMMANDS | {
    name.replace("click.", "rich_click."): known
    for name, known in _COMMANDS.items()
    if name.startswith("click.")
}
"""The functions of click that are read, and of rich-click, which has the same."""
