"""Applications of typer: functions whose annotations say what they take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.click_commands import first_paragraph
from condavision.analysis.parameters.interface import (
    Command,
    Framework,
    Interface,
    Unread,
    UnreadReason,
    with_unread,
)
from condavision.analysis.parameters.objects import Function
from condavision.analysis.parameters.reader import ParserLike
from condavision.analysis.parameters.typer_parameters import Info, command_name, function_interface
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Builtin,
    Call,
    holds,
)

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader
    from condavision.analysis.parameters.values import Conditions


@dataclass(eq=False)
class App(ParserLike):
    """A ``Typer``."""

    reader: Reader
    conditions: Conditions
    name: Any
    help: str
    settings: Call
    callback: Function | None = None
    callback_call: Call | None = None
    commands: list[tuple[str, Function, Call]] = field(default_factory=list)
    groups: list[tuple[Any, App]] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def call(self, call: Call) -> Any:
        self.reader.parsed(self, call, call.get("args", 0))
        return UNKNOWN

    def attribute(self, name: str) -> Any:
        match name:
            case "command":
                return Builtin(self._command)
            case "callback":
                return Builtin(self._callback)
            case "add_typer":
                return Builtin(self._add_typer)
        return UNKNOWN

    def _is_reached(self, call: Call) -> bool:
        if holds(self.conditions, call.conditions):
            return True
        self.unread.append(Unread(UnreadReason.CONDITIONAL, call.location))
        return False

    def _command(self, call: Call) -> Any:
        def decorate(inner: Call) -> Any:
            function = inner.positional[0] if inner.positional else UNKNOWN
            if isinstance(function, Function) and self._is_reached(call):
                name = call.get("name", 0)
                name = command_name(function.shown.name) if name is None else name
                if isinstance(name, str):
                    self.commands.append((name, function, call))
                else:
                    self.unread.append(Unread(UnreadReason.COMPUTED, call.location))
            return function

        return Builtin(decorate)

    def _callback(self, call: Call) -> Any:
        def decorate(inner: Call) -> Any:
            function = inner.positional[0] if inner.positional else UNKNOWN
            if isinstance(function, Function) and self._is_reached(call):
                self.callback, self.callback_call = function, call
            return function

        return Builtin(decorate)

    def _add_typer(self, call: Call) -> None:
        other = call.get("typer_instance", 0)
        if not self._is_reached(call):
            return
        if isinstance(other, App):
            self.groups.append((call.get("name"), other))
        else:
            self.unread.append(Unread(UnreadReason.COMPUTED, call.location))

    def interface(self) -> Interface:
        if self.callback is None and not self.groups and len(self.commands) == 1:
            _, function, call = self.commands[0]
            made = function_interface(self.reader, function, call)
            return with_unread(made, tuple(self.unread))
        return self.as_group()

    def as_group(self) -> Interface:
        """Return the interface with a command for each function."""
        calls = [it for it in (self.callback_call, self.settings) if it is not None]
        free = any(it.get("invoke_without_command", default=False) is True for it in calls)
        own = (
            Interface(Framework.TYPER)
            if self.callback is None
            else function_interface(self.reader, self.callback, self.settings)
        )
        unread = [*self.unread, *own.unread]
        commands = [
            Command((name,), made, call.text("help") or first_paragraph(made.description))
            for name, function, call in self.commands
            for made in [function_interface(self.reader, function, call)]
        ]
        for given, app in self.groups:
            inner = app.as_group()
            name = app.name if given is None else given
            if isinstance(name, str):
                commands.append(Command((name,), inner, first_paragraph(inner.description)))
            elif name is None and app.callback is None:
                commands += inner.commands
                unread += inner.unread
            else:
                unread.append(Unread(UnreadReason.COMPUTED, app.settings.location))
        return Interface(
            Framework.TYPER,
            own.parameters,
            (),
            tuple(commands),
            not free,
            tuple(unread),
            self.help or own.description,
        )


def _app(reader: Reader, call: Call) -> App:
    name = call.get("name")
    return App(reader, call.conditions, name, call.text("help"), call)


def _run(reader: Reader, call: Call) -> Any:
    function = call.get("function", 0)
    if isinstance(function, Function):
        app = App(reader, call.conditions, None, "", call)
        app.commands.append(("", function, call))
        reader.parsed(app, call, None)
    return UNKNOWN


KNOWN: Known = {
    "typer.Typer": _app,
    "typer.run": _run,
    "typer.Option": lambda _reader, call: Info(True, call),
    "typer.Argument": lambda _reader, call: Info(False, call),
}
"""The functions of typer that are read."""
