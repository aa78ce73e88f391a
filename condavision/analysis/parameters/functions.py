"""The parameters, the documentation and the results of the functions of a script."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import literal_text
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Call,
    Items,
    Mapping,
)
from condavision.analysis.source.expressions import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from condavision.analysis.parameters.objects import (
        Function,
    )


def bound_arguments(function: Function, positional: tuple[Any, ...], call: Call) -> dict[str, Any]:
    """Return the values of a function's parameters in a call."""
    parameters = function.node.child_by_field_name("parameters")
    names: dict[str, Any] = {}
    given = list(positional)
    named = dict(call.named)
    only_named = False
    for child in [] if parameters is None else parameters.named_children:
        kind, name = parameter_name(child)
        if kind == "*":
            names[name] = Items(given) if call.exact else UNKNOWN
            given, only_named = [], True
        elif kind == "**":
            names[name] = Mapping(named) if call.exact else UNKNOWN
        elif kind == "/":
            continue
        elif given and not only_named:
            names[name] = given.pop(0)
        elif name in named:
            names[name] = named.pop(name)
        else:
            names[name] = function.defaults.get(name, UNKNOWN) if call.exact else UNKNOWN
    return names


def parameter_name(node: Node) -> tuple[str, str]:
    """Return the kind of a parameter, ``*``, ``**``, ``/`` or empty, and its name."""
    if node.type == "typed_parameter" and node.named_children:
        return parameter_name(node.named_children[0])
    match node.type:
        case "list_splat_pattern" | "keyword_separator":
            return "*", text_of(node).lstrip("* ")
        case "dictionary_splat_pattern":
            return "**", text_of(node).lstrip("* ")
        case "positional_separator" | "comment":
            return "/", ""
    return "", text_of(node.child_by_field_name("name") or node)


def docstring(function: Function) -> str:
    """Return the documentation of a function."""
    return documentation(function.shown.node.child_by_field_name("body"))


def documentation(body: Node | None) -> str:
    """Return the documentation of a module, or of a function by its body."""
    statements = [] if body is None else [it for it in body.named_children if it.type != "comment"]
    first = statements[0] if statements else None
    text = first.named_children[0] if first is not None and first.named_children else None
    if (
        text is None
        or first is None
        or (first.type, text.type) != ("expression_statement", "string")
    ):
        return ""
    value = literal_text(text_of(text))
    return cleandoc(value) if isinstance(value, str) else ""


def common(returned: list[Any]) -> Any:
    """Return what a function returns, whichever way it goes."""
    if not returned:
        return None
    first = returned[0]
    return first if all(it is first for it in returned) else UNKNOWN
