"""The command line of a script as ``explain`` shows it: a table, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Framework, UnreadReason, Use
from condavision.parameters.wording import unread_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.parameters.interface import Interface, Parameter


def parameter_rows(interface: Interface, command: str = "") -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table: parameter, values, default, where, help."""
    for it in interface.parameters:
        if not it.hidden:
            name = " ".join(filter(None, (command, ", ".join(it.options) or it.name)))
            help_text = " ".join(it.help.split())
            yield (name, _values(it), _default(it), str(it.location), help_text)
    for inner in interface.commands:
        words = f"{command} {inner.name}".strip()
        if not inner.interface.parameters:
            yield (words, "", "", "", inner.help)
        yield from parameter_rows(inner.interface, words)


def _values(parameter: Parameter) -> str:
    if parameter.use in {Use.FLAG, Use.COUNT}:
        return parameter.use.value
    text = "|".join(map(str, parameter.choices)) or " ".join(it.value for it in parameter.types)
    bounds = [(parameter.minimum, ">"), (parameter.maximum, "<")]
    for bound, sign in bounds:
        if bound is not None:
            text += f" {sign}{'' if bound.is_open else '='}{bound.value:g}"
    least, most = parameter.count.least, parameter.count.most
    if parameter.is_list and len(parameter.types) == 1:
        text += f" x {least}" if least == most else f" x {least} or more"
    return f"{text}, repeated" if parameter.use is Use.REPEATED else text


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.computed:
        return "computed"
    is_plain = parameter.default is None or (parameter.use is Use.FLAG and not parameter.negations)
    return "" if is_plain else str(parameter.default)


def unread_lines(interface: Interface, command: str = "") -> Iterator[str]:
    """Yield a line for each part of a command line that is not known, unless it is no Python."""
    for it in interface.unread:
        if it.reason is UnreadReason.SYNTAX:
            continue
        where = f" of {command}" if command else ""
        yield f"  parameters not read{where}: {it.location}: {unread_words(it)}"
    for inner in interface.commands:
        yield from unread_lines(inner.interface, f"{command} {inner.name}".strip())


def interface_json(interface: Interface | None) -> dict[str, Any] | None:
    """Return the object of ``explain --json`` for a command line; None for several scripts."""
    if interface is None:
        return None
    return {
        "framework": None if interface.framework is Framework.NONE else interface.framework.value,
        "description": interface.description,
        "parameters": [_parameter_json(it) for it in interface.parameters],
        "exclusive": [{"names": it.names, "required": it.required} for it in interface.exclusive],
        "commands": [
            {"names": it.names, "help": it.help, **(interface_json(it.interface) or {})}
            for it in interface.commands
        ],
        "command_required": interface.command_required,
        "unread": [
            {"file": it.location.file, "line": it.location.line, "why": unread_words(it)}
            for it in interface.unread
        ],
    }


def _parameter_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "file": parameter.location.file,
        "line": parameter.location.line,
        "options": parameter.options,
        "negations": parameter.negations,
        "use": parameter.use.value,
        "types": [it.value for it in parameter.types],
        "least": parameter.count.least,
        "most": parameter.count.most,
        "choices": parameter.choices,
        "minimum": None if parameter.minimum is None else parameter.minimum.value,
        "maximum": None if parameter.maximum is None else parameter.maximum.value,
        "required": parameter.required,
        "default": parameter.default,
        "computed": parameter.computed,
        "help": parameter.help,
    }
