"""What ``fire.Fire`` makes a command line of: a function, or functions by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.click_commands import first_paragraph
from condavision.analysis.parameters.functions import docstring, parameter_name
from condavision.analysis.parameters.interface import (
    Command,
    Framework,
    Interface,
    Parameter,
    Unread,
    UnreadReason,
    ValueType,
)
from condavision.analysis.parameters.objects import Function
from condavision.analysis.parameters.types import default_of
from condavision.analysis.parameters.values import UNKNOWN, Call, dotted_name

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader

_TYPES = {
    "builtins.int": ValueType.INTEGER,
    "builtins.float": ValueType.NUMBER,
    "builtins.bool": ValueType.BOOLEAN,
    "builtins.str": ValueType.STRING,
}


@dataclass(eq=False)
class Component:
    """A function, a dictionary of functions, or something else."""

    reader: Reader
    value: Any
    call: Call

    def interface(self) -> Interface:
        """Return what it takes."""
        if isinstance(self.value, Function):
            return self._of(self.value)
        if isinstance(self.value, dict) and self.value and UNKNOWN not in self.value:
            named = [
                (name, Component(self.reader, it, self.call).interface())
                for name, it in self.value.items()
                if isinstance(name, str)
            ]
            commands = tuple(Command((n,), it, first_paragraph(it.description)) for n, it in named)
            return Interface(Framework.FIRE, commands=commands, command_required=True)
        unread = Unread(UnreadReason.LIBRARY, self.call.location, "fire")
        return Interface(Framework.FIRE, unread=(unread,))

    def _of(self, function: Function) -> Interface:
        shown = function.shown
        parameters = shown.node.child_by_field_name("parameters")
        made = []
        unread = [it for it in function.attached if isinstance(it, Unread)]
        for node in [] if parameters is None else parameters.named_children:
            kind, name = parameter_name(node)
            location = self.reader.located(node, shown.frame)
            if kind in {"*", "**"} and name:
                unread.append(Unread(UnreadReason.REST_ALLOWED, location))
            elif not kind and name:
                annotation = node.child_by_field_name("type")
                given = annotation and self.reader.in_frame(annotation, shown.frame)
                value_type = _TYPES.get(dotted_name(given), ValueType.LITERAL)
                default, computed = default_of(shown.defaults.get(name), value_type)
                made.append(
                    Parameter(
                        name,
                        location,
                        (f"--{name}",),
                        types=(value_type,),
                        required=name not in shown.defaults,
                        default=default,
                        computed=computed,
                    )
                )
        return Interface(
            Framework.FIRE, tuple(made), unread=tuple(unread), description=docstring(function)
        )


def _fire(reader: Reader, call: Call) -> Any:
    component = Component(reader, call.get("component", 0), call)
    reader.parsed(component, call, call.get("command", 1))
    return UNKNOWN


KNOWN: Known = {"fire.Fire": _fire}
"""The function of Fire that is read."""
