"""The OpenAPI document as rows for its page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EXAMPLES = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "string": "text"}


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter: its name, type and meaning."""

    name: str
    type: str
    required: bool
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """The body of a request, or one of several that are possible."""

    title: str
    rows: tuple[Row, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    method: str
    path: str
    summary: str
    description: str
    alternatives: tuple[Alternative, ...]
    responses: Mapping[str, str]


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document."""
    return [
        Operation(
            method.upper(),
            path,
            operation["summary"],
            operation.get("description", ""),
            tuple(_alternatives(operation)),
            {code: it["description"] for code, it in operation["responses"].items()},
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _alternatives(operation: Mapping[str, Any]) -> Iterator[Alternative]:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    for one in schema.get("oneOf", [schema]):
        required = {*one.get("required", ())}
        required.update(*(it["required"] for it in one.get("anyOf", ())[:1]))
        properties = one["properties"]
        rows = tuple(_row(name, it, name in required) for name, it in properties.items())
        example = {name: _example(properties[name]) for name in properties if name in required}
        yield Alternative(one.get("title", ""), rows, json.dumps(example, ensure_ascii=False))


def _row(name: str, schema: Mapping[str, Any], required: bool) -> Row:
    default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else ""
    return Row(name, _type(schema), required, default, schema.get("description", ""))


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(it, ensure_ascii=False) for it in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    name: str = schema.get("type", "anything")
    if name == "array":
        parts = schema.get("prefixItems") or [schema.get("items", {})]
        return f"list of {', '.join(map(_type, parts))}"
    bounds = [
        f"{sign} {schema[key]:g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in schema
    ]
    return f"{schema.get('format', name)} {', '.join(bounds)}".strip()


def _example(schema: Mapping[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        parts = schema.get("prefixItems") or [schema.get("items", {})] * count
        return [_example(it) for it in parts]
    if kind in {"integer", "number"} and "minimum" in schema:
        return schema["minimum"]
    return schema.get("default", _EXAMPLES.get(kind, "text"))
