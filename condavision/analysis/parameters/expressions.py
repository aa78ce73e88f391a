"""The expressions of a script, computed as far as its text alone decides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import (
    combined,
    elements,
)
from condavision.analysis.parameters.displays import Displays
from condavision.analysis.parameters.objects import Class
from condavision.analysis.parameters.standard import method
from condavision.analysis.parameters.values import (
    ARGUMENTS,
    ARGV,
    UNKNOWN,
    Argv,
    Call,
    Generic,
    Imported,
    Items,
    Value,
    dotted_name,
    is_concrete,
)
from condavision.analysis.source.expressions import (
    call_parts,
    comparison,
    inner,
    operands,
    text_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node


class Expressions(Displays):
    """Computes all expressions; subclasses know modules and calls."""

    def _visit_not_operator(self, node: Node) -> Any:
        truth = self.truth(self.of(node.child_by_field_name("argument")))
        return UNKNOWN if truth is None else not truth

    def _visit_boolean_operator(self, node: Node) -> Any:
        left, operation, right = operands(node)
        value = self.of(left)
        truth = self.truth(value)
        other = self.of(right) if truth is None or truth == (operation == "and") else None
        if truth is None:
            decided = self.truth(other)
            return decided if decided is not None and decided == (operation == "or") else UNKNOWN
        return other if truth == (operation == "and") else value

    def _visit_conditional_expression(self, node: Node) -> Any:
        parts = [it for it in node.named_children if it.type != "comment"]
        if len(parts) != 3:
            return UNKNOWN
        truth = self.truth(self.of(parts[1]))
        if truth is not None:
            return self.of(parts[0] if truth else parts[2])
        values = (self.of(parts[0]), self.of(parts[2]))
        return next((it for it in values if isinstance(it, Argv)), UNKNOWN)

    def _visit_unary_operator(self, node: Node) -> Any:
        value = self.of(node.child_by_field_name("argument"))
        if not isinstance(value, (int, float)):
            return UNKNOWN
        sign = node.children[0].type
        return -value if sign == "-" else +value if sign == "+" else UNKNOWN

    def _visit_binary_operator(self, node: Node) -> Any:
        left, operation, right = operands(node)
        values = (self.of(left), self.of(right))
        if operation == "|" and any(isinstance(it, Value) for it in values):
            return Generic("typing.Union", values)
        return combined(operation, *values)

    def _visit_generic_type(self, node: Node) -> Any:
        first, *rest = node.named_children
        arguments = rest[0].named_children if rest else []
        return Generic(dotted_name(self.of(first)), tuple(self.of(it) for it in arguments))

    def _visit_comparison_operator(self, node: Node) -> Any:
        parts, operations = comparison(node)
        values = [self.of(it) for it in parts]
        if any(isinstance(it, Argv) for it in values) and "in" in operations[0]:
            self.read_arguments(self.location(node))
        if len(operations) != 1 or len(values) != 2:
            return UNKNOWN
        return combined(operations[0], *values)

    def _visit_named_expression(self, node: Node) -> Any:
        value = self.of(node.child_by_field_name("value"))
        self.assign(node.child_by_field_name("name"), value)
        return value

    def _visit_await(self, node: Node) -> Any:
        return self.of(inner(node))

    def _visit_lambda(self, node: Node) -> Any:
        return self.function(node, "")

    # Parts and calls

    def _visit_attribute(self, node: Node) -> Any:
        value = self.of(node.child_by_field_name("object"))
        name = text_of(node.child_by_field_name("attribute"))
        return self.attribute(value, name, node)

    def attribute(self, value: Any, name: str, node: Node) -> Any:
        """Return an attribute of a value."""
        if value == Imported("sys") and name == "argv":
            return ARGV
        if isinstance(value, Argv):
            self.read_arguments(self.location(node))
            return UNKNOWN
        return value.attribute(name) if isinstance(value, Value) else method(value, name)

    def _visit_subscript(self, node: Node) -> Any:
        value = self.of(node.child_by_field_name("value"))
        index = node.child_by_field_name("subscript")
        if index is None:
            return UNKNOWN
        if dotted_name(value):
            indexes = node.children_by_field_name("subscript")
            return Generic(dotted_name(value), tuple(self.of(it) for it in indexes))
        if isinstance(value, Class) and value.is_enum:
            name = self.of(index)
            return value.attribute(name) if isinstance(name, str) else UNKNOWN
        if isinstance(value, Argv):
            return self._of_arguments(value, index)
        if index.type == "slice":
            return self._sliced(value, index)
        key = self.of(index)
        if not is_concrete(key) or not isinstance(value, (str, list, tuple, dict)):
            return UNKNOWN
        if isinstance(value, (list, dict)) and UNKNOWN in value:
            return UNKNOWN
        try:
            return value[key]
        except (LookupError, TypeError):
            return UNKNOWN

    def _of_arguments(self, value: Argv, index: Node) -> Any:
        part = text_of(index).replace(" ", "") if index.type == "slice" else ""
        if part == ":":
            return value
        if part == "1:" and value.whole:
            return ARGUMENTS
        if part or not value.whole or self.of(index) != 0:
            self.read_arguments(self.location(index))
        return UNKNOWN

    def _sliced(self, value: Any, index: Node) -> Any:
        if not isinstance(value, (str, list, tuple)) or not is_concrete(value):
            return UNKNOWN
        bounds: list[Any] = [None]
        for child in index.children:
            if child.type == ":":
                bounds.append(None)
            elif child.is_named and child.type != "comment":
                bounds[-1] = self.of(child)
        if not all(it is None or isinstance(it, int) for it in bounds):
            return UNKNOWN
        found = value[slice(*bounds)] if len(bounds) > 1 and 0 not in bounds[2:] else UNKNOWN
        return Items(found) if isinstance(found, list) else found

    def _visit_call(self, node: Node) -> Any:
        function, arguments = call_parts(node)
        called = self.of(function)
        return self.called(called, self.call_of(node, arguments), node)

    def call_of(self, node: Node, arguments: list[Node]) -> Call:
        """Return the arguments of a call, with those in ``*`` and ``**`` that are known."""
        positional: list[Any] = []
        named: dict[str, Any] = {}
        exact = True
        for argument in arguments:
            if argument.type == "keyword_argument":
                value = self.of(argument.child_by_field_name("value"))
                named[text_of(argument.child_by_field_name("name"))] = value
            elif argument.type == "list_splat":
                found = elements(self.of(inner(argument)))
                exact = exact and found is not None
                positional += found or []
            elif argument.type == "dictionary_splat":
                given = self.of(inner(argument))
                known = isinstance(given, dict) and all(isinstance(it, str) for it in given)
                exact = exact and known
                named.update(given if known else {})
            else:
                positional.append(self.of(argument))
        return Call(tuple(positional), named, exact, self.location(node), self.conditions)
