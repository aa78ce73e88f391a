"""The fields of a script's form, made from its parameters, and what a filled-in form says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Use, ValueType
from condavision.parameters.naming import ARGS, COMMAND, PARAMETERS, STDIN, CommandLine
from condavision.parameters.texts import document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.analysis.parameters.interface import Interface, Parameter

PREFIX = "p."
"""What the names of parameters have in front in a form."""

STDIN_TEXT = "stdin-text"
"""The text area for standard input; a file for it is the part ``stdin``."""

_INPUTS = {
    ValueType.INTEGER: "number",
    ValueType.NUMBER: "number",
    ValueType.DATE: "date",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.

    ``kind`` is the control: ``text``, ``number``, ``date``, ``select``, ``checkbox``, ``lines``,
    ``file``. ``with_file``: files may be chosen instead of a text. ``value`` is what was filled
    in before, ``error`` what was wrong with it.
    """

    name: str
    label: str
    kind: str
    hint: str
    spelling: str
    placeholder: str
    required: bool
    group: str
    options: tuple[tuple[str, str], ...] = ()
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    with_file: bool = False
    value: str = ""
    error: str = ""


def fields_of(
    line: CommandLine, values: Mapping[str, list[str]], errors: Mapping[str, str]
) -> list[Field]:
    """Return the fields for the parameters of a command, the required ones first."""
    is_free = bool(values.get(ARGS))  # what is required may be among the arguments
    found = [
        _field(
            name,
            replace(it, required=False) if is_free else it,
            "\n".join(values.get(PREFIX + name, [])),
            errors.get(name, ""),
        )
        for name, (_, it) in line.parameters().items()
        if not it.hidden or it.required
    ]
    return sorted(found, key=lambda it: (not it.required, it.group))


def _field(name: str, parameter: Parameter, value: str, error: str) -> Field:
    kind, options = _control(parameter)
    numeric = kind == "number"
    low, high = parameter.minimum, parameter.maximum
    return Field(
        PREFIX + name,
        name,
        kind,
        _hint(parameter),
        ", ".join(parameter.options),
        _placeholder(parameter),
        parameter.required and kind != "checkbox",
        parameter.group,
        options,
        f"{low.value:g}" if numeric and low is not None else "",
        f"{high.value:g}" if numeric and high is not None else "",
        ("1" if parameter.types[0] is ValueType.INTEGER else "any") if numeric else "",
        set(parameter.types) == {ValueType.PATH} and kind in {"text", "lines"},
        value,
        error,
    )


def _hint(parameter: Parameter) -> str:
    """Return the text below a field: the help, and the limits of a number."""
    words = [" ".join(parameter.help.split())]
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not low.is_open and not high.is_open:
        words.append(f"{low.value:g} to {high.value:g}")
    else:
        words += [f"{'more than' if low.is_open else 'at least'} {low.value:g}"] if low else []
        words += [f"{'less than' if high.is_open else 'at most'} {high.value:g}"] if high else []
    return " · ".join(filter(None, words))


def _control(parameter: Parameter) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the control for a parameter, and the options to choose from."""
    if parameter.use is Use.FLAG:
        if not parameter.negations:
            return "checkbox", ()
        return "select", (("", _unset(parameter)), ("true", "yes"), ("false", "no"))
    if parameter.use is Use.COUNT:
        return "number", ()
    if parameter.is_list or parameter.use is Use.REPEATED:
        only_files = set(parameter.types) == {ValueType.INPUT_FILE}
        return ("files" if only_files else "lines"), ()
    if parameter.choices:
        first = (("", "choose"),) if parameter.required else (("", _unset(parameter)),)
        return "select", (*first, *((str(it), str(it)) for it in parameter.choices))
    value_type = parameter.types[0]
    if value_type in {ValueType.BOOLEAN, ValueType.TRUTH}:
        return "select", (("", _unset(parameter)), ("true", "true"), ("false", "false"))
    if value_type is ValueType.INPUT_FILE:
        return "file", ()
    return _INPUTS.get(value_type, "text"), ()


def _unset(parameter: Parameter) -> str:
    shown = _placeholder(parameter)
    return (
        f"default ({shown})"
        if shown and not parameter.required
        else "choose"
        if parameter.required
        else "default"
    )


def _placeholder(parameter: Parameter) -> str:
    if parameter.computed:
        return "computed by the script"
    default = parameter.default
    if isinstance(default, bool) and parameter.use is Use.FLAG:
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return "" if default is None else str(default)


def filled_in(
    interface: Interface, line: CommandLine, values: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return the JSON document that a filled-in form stands for; what is empty is not given."""
    known = line.parameters()
    texts: dict[str, list[str]] = {}
    for name, given in values.items():
        short = name.removeprefix(PREFIX)
        parameter = known[short][1] if short in known else None
        several = parameter is not None and (parameter.is_list or parameter.use is Use.REPEATED)
        parts = [it for text in given for it in (_lines(text) if several else [_text(text)])]
        parts = [it for it in parts if it]
        if name.startswith(PREFIX) and parts:
            texts[short] = parts
    if line.words:
        texts[COMMAND] = [line.name]
    named = document(interface, texts)
    args = _lines("\n".join(values.get(ARGS, [])))
    stdin = _text("\n".join(values.get(STDIN_TEXT, [])))
    return {
        PARAMETERS: named,
        **({ARGS: [it for it in args if it]} if any(args) else {}),
        **({STDIN: stdin} if stdin else {}),
    }


def _text(text: str) -> str:
    return text.replace("\r\n", "\n")


def _lines(text: str) -> list[str]:
    return [it.strip("\r") for it in text.split("\n")]
