"""Where a source gives names their values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from condavision.analysis.source.expressions import ancestor, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_TARGETS = {
    "assignment": "left", "augmented_assignment": "left", "for_in_clause": "left",
    "for_statement": "left", "class_definition": "name", "default_parameter": "name",
    "function_definition": "name", "named_expression": "name", "typed_default_parameter": "name",
}  # fmt: skip
"""The nodes that bind a name, and the field it is in."""

_VALUES = {"assignment": "right", "default_parameter": "value", "typed_default_parameter": "value"}
"""Those that bind it to a value, and the field of that."""

_PATTERNS = {
    "as_pattern_target", "dictionary_splat_pattern", "global_statement", "lambda_parameters",
    "list_pattern", "list_splat_pattern", "nonlocal_statement", "parameters", "pattern_list",
    "tuple_pattern", "typed_parameter",
}  # fmt: skip
"""The nodes that bind each name right below them, or let something else bind it."""

_TYPE = rb"(?::[ \t]*[\w.\[\]| \t]+)?"


class Binding(NamedTuple):
    """A name's value, in the assignment or the parameter that gives it."""

    holder: Node
    value: Node | None

    def holds_at(self, use: Node) -> bool:
        """Return whether a use may see it: a parameter is seen in its function alone."""
        if self.holder.type == "assignment":
            return True
        function = self.holder.parent.parent if self.holder.parent is not None else None
        return function is not None and function.start_byte <= use.start_byte < function.end_byte


def bindings_of(name: bytes, text: bytes, root: Node) -> Iterator[Binding | None]:
    """Yield where a name stands before ``=``; None where that binds nothing: ``f(name=1)``."""
    pattern = rb"(?<![\w.])" + re.escape(name) + rb"[ \t]*" + _TYPE + rb"=(?!=)[ \t]*"
    for match in re.finditer(pattern, text):
        node = root.named_descendant_for_byte_range(match.end(), match.end() + 1)
        holder = ancestor(node, _VALUES)
        yield _binding(holder, name) if holder is not None else None


def _binding(holder: Node, name: bytes) -> Binding | None:
    target = holder.child_by_field_name(_TARGETS[holder.type])
    value = holder.child_by_field_name(_VALUES[holder.type])
    return Binding(holder, value) if target is not None and target.text == name else None


def binds(node: Node) -> bool:
    """Return whether an identifier is bound where it stands, other than by an import."""
    parent = node.parent
    if node.type != "identifier" or parent is None:
        return False
    target = _TARGETS.get(parent.type, "")
    return parent.type in _PATTERNS or (bool(target) and parent.child_by_field_name(target) == node)


def named_value(assignment: Node) -> tuple[str, Node] | None:
    """Return the name, dotted or not, that is assigned to, and the value; None of other targets."""
    left = assignment.child_by_field_name("left")
    right = assignment.child_by_field_name("right")
    if left is None or right is None or left.type not in {"identifier", "attribute"}:
        return None
    return text_of(left), right
