"""The parameters of a script as JSON Schema, draft 2020-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Use, ValueType
from condavision.parameters.naming import (
    ARGS,
    COMMAND,
    PARAMETERS,
    STDIN,
    CommandLine,
    command_lines,
    is_nested,
)

if TYPE_CHECKING:
    from condavision.analysis.parameters.interface import Interface, Parameter

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[ValueType, dict[str, Any]] = {
    ValueType.INTEGER: {"type": "integer"},
    ValueType.NUMBER: {"type": "number"},
    ValueType.BOOLEAN: {"type": "boolean"},
    ValueType.TRUTH: {"type": "boolean"},
    ValueType.DATE: {"type": "string", "format": "date"},
    ValueType.UUID: {"type": "string", "format": "uuid"},
    ValueType.JSON: {},
    ValueType.LITERAL: {},
}


def json_schema(interface: Interface) -> dict[str, Any]:
    """Return the schema of the documents that :func:`arguments` reads.

    A script with commands has one alternative for each, distinguished by ``command``.
    """
    lines = command_lines(interface)
    head: dict[str, Any] = {"$schema": _DIALECT}
    if interface.description:
        head["description"] = interface.description
    if not interface.commands:
        return {**head, **_document(lines[0])}
    return {**head, "type": "object", "oneOf": [_document(line) for line in lines]}


def _document(line: CommandLine) -> dict[str, Any]:
    """Return the schema of the documents for one command."""
    named = _named(line)
    beside = {
        ARGS: {
            "type": "array",
            "items": {"type": "string"},
            "description": "Further arguments, as they are.",
        },
        STDIN: {"type": "string", "description": "What the script reads from standard input."},
    }
    title = {"title": line.name} if line.words else {}
    raw = {"required": [ARGS], "properties": {ARGS: {"minItems": 1}}}
    if is_nested(line):
        needs = bool({"required", "allOf"} & named.keys())
        own = {PARAMETERS: {"type": "object", **named}}
        rules: dict[str, Any] = {"required": [PARAMETERS]} if needs or line.words else {}
        return {**title, "type": "object", "properties": {**own, **beside}, **rules, **_CLOSED}
    required = named.pop("required", [])
    always = [COMMAND] if COMMAND in required and line.words else []
    rest = [it for it in required if it not in always]
    choice = {"anyOf": [{"required": rest}, raw]} if rest else {}
    named["properties"] = {**named["properties"], **beside}
    return {
        **title,
        "type": "object",
        **({"required": always} if always else {}),
        **choice,
        **named,
    }


_CLOSED = {"additionalProperties": False}


def _named(line: CommandLine) -> dict[str, Any]:
    """Return the properties of a command's parameters, and which have to be given."""
    parameters = line.parameters()
    properties = {name: parameter_schema(it) for name, (_, it) in parameters.items()}
    required = [name for name, (_, it) in parameters.items() if it.required]
    if line.words:
        command = {"const": line.name, "description": line.help or "The command."}
        properties = {COMMAND: command, **properties}
        required.insert(0, COMMAND)
    found: dict[str, Any] = {"properties": properties, **_CLOSED}
    if required:
        found["required"] = required
    rules = _rules(line)
    if rules:
        found["allOf"] = rules
    return found


def _rules(line: CommandLine) -> list[dict[str, Any]]:
    """Return what is required or excluded together."""
    rules: list[dict[str, Any]] = []
    known = line.parameters()
    for level, interface in enumerate(line.levels):
        shown = {it.name: name for name, (at, it) in known.items() if at == level}
        for group in interface.exclusive:
            names = [shown[it] for it in group.names if it in shown]
            given = [_given(name, known[name][1]) for name in names]
            rules += [
                {"not": {"allOf": [one, other]}}
                for at, one in enumerate(given)
                for other in given[at + 1 :]
            ]
            if group.required:
                raw = {"required": [ARGS], "properties": {ARGS: {"minItems": 1}}}
                rules.append({"anyOf": [*given, raw]})
    return rules


def _given(name: str, parameter: Parameter) -> dict[str, Any]:
    if parameter.use is Use.FLAG and not parameter.negations:
        return {"required": [name], "properties": {name: {"const": True}}}
    empty = {Use.COUNT: [0], Use.REPEATED: [[]]}.get(parameter.use, [])
    if parameter.is_positional and parameter.is_list:
        empty = [[]]
    accepted = {"properties": {name: {"not": {"enum": empty}}}} if empty else {}
    return {"required": [name], **accepted}


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """Return the schema of the values of a parameter."""
    found = _value_schema(parameter)
    if parameter.help:
        found["description"] = parameter.help
    if parameter.default is not None:
        default = parameter.default
        found["default"] = list(default) if isinstance(default, tuple) else default
    return found


def _value_schema(parameter: Parameter) -> dict[str, Any]:
    if parameter.use is Use.FLAG:
        return {"type": "boolean"}
    if parameter.use is Use.COUNT:
        return {"type": "integer", "minimum": 0}
    one = _list_schema(parameter) if parameter.is_list else _one_schema(parameter, 0)
    if parameter.use is Use.REPEATED:
        return {"type": "array", "items": one}
    return {"anyOf": [one, {"const": True}]} if parameter.bare else one


def _list_schema(parameter: Parameter) -> dict[str, Any]:
    least, most = parameter.count.least, parameter.count.most
    if parameter.is_positional and not parameter.required:
        least = 0
    found: dict[str, Any] = {"type": "array"}
    if len(parameter.types) > 1:
        found["prefixItems"] = [_one_schema(parameter, at) for at in range(len(parameter.types))]
    else:
        found["items"] = _one_schema(parameter, 0)
    if least:
        found["minItems"] = least
    if most is not None:
        found["maxItems"] = most
    return found


def _one_schema(parameter: Parameter, at: int) -> dict[str, Any]:
    found = dict(_TYPES.get(parameter.types[at], {"type": "string"}))
    if parameter.choices and not parameter.ignores_case:
        found["enum"] = list(parameter.choices)
    for bound, closed, opened in (
        (parameter.minimum, "minimum", "exclusiveMinimum"),
        (parameter.maximum, "maximum", "exclusiveMaximum"),
    ):
        if bound is not None:
            found[opened if bound.is_open else closed] = bound.value
    return found
