"""The text that an expression is known to start with, where the file itself says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["KnownTexts"]

_STRING = re.compile(r"\A[rRbBuUfF]*('''|\"\"\"|'|\")(.*)\1\Z", re.DOTALL)
_MORE = "\0"  # what a text is continued with when the program runs
_BINDING = {
    "assignment": ("left", "right"),
    "default_parameter": ("name", "value"),
    "typed_default_parameter": ("name", "value"),
}
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class KnownTexts:
    """The expressions of one source; of `a if c else b` the first, or the one ``otherwise``."""

    text: bytes
    root: Node
    otherwise: bool = False

    def of(self, node: Node | None, depth: int = _DEPTH) -> str | None:
        """Return what an expression starts with; None where that is not known."""
        if node is None or depth == 0:
            return None
        match node.type:
            case "string":
                return _string(node)
            case "concatenated_string" | "parenthesized_expression":
                parts = [self.of(child, depth - 1) for child in node.named_children]
                return None if None in parts else "".join(filter(None, parts))
            case "binary_operator":
                left = self.of(node.child_by_field_name("left"), depth - 1)
                right = self.of(node.child_by_field_name("right"), depth - 1)
                return None if left is None else left + (_MORE if right is None else right)
            case "call":
                function = node.child_by_field_name("function")
                if function is not None and (function.text or b"").endswith(b".format"):
                    return self.of(function.child_by_field_name("object"), depth - 1)
            case "conditional_expression":
                return self.of(node.named_children[-1 if self.otherwise else 0], depth - 1)
            case "identifier":
                return self.of(self.bound(node), depth - 1)
            case "true" | "false" | "none" | "integer" | "float":
                return (node.text or b"").decode()
        return None

    def bound(self, node: Node) -> Node | None:
        """Return the value of a name that the file gives one once, or a parameter's default."""
        name = node.text or b""
        typed = rb"(?::[ \t]*[\w.\[\]| \t]+)?"
        pattern = rb"(?m)(?<![\w.])" + re.escape(name) + rb"[ \t]*" + typed + rb"=(?!=)[ \t]*"
        matches = [*re.finditer(pattern, self.text)]
        if len(matches) != 1:
            return None
        end = matches[0].end()
        binding = self.root.named_descendant_for_byte_range(end, end + 1)
        while binding is not None and binding.type not in _BINDING:
            binding = binding.parent
        if binding is None:
            return None
        target, value = _BINDING[binding.type]
        left = binding.child_by_field_name(target)
        if left is None or left.text != name or not _is_known_at(binding, node):
            return None
        return binding.child_by_field_name(value)


def _is_known_at(binding: Node, use: Node) -> bool:
    """Tell whether what is bound can be used there: a parameter, in its function alone."""
    if binding.type == "assignment":
        return True
    function = binding.parent.parent if binding.parent is not None else None
    return function is not None and function.start_byte <= use.start_byte < function.end_byte


def _string(node: Node) -> str | None:
    if any(child.type == "interpolation" for child in node.named_children):
        parts = [
            (child.text or b"").decode("utf-8", "replace")
            if child.type == "string_content"
            else _MORE
            for child in node.named_children
            if child.type in {"string_content", "interpolation"}
        ]
        return "".join(parts)
    match = _STRING.match((node.text or b"").decode("utf-8", "replace"))
    return match[2] if match else None
