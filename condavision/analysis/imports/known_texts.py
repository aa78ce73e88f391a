"""The text that an expression is known to start with, where the file itself says it."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.source.bindings import bindings_of
from condavision.analysis.source.expressions import (
    Evaluator,
    call_parts,
    operands,
    string_parts,
    text_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_SETTING = re.compile(r"(?:\A|\.)(?:getenv|environ\.get|config|env(?:\.\w+)?|Field)\Z")
"""What is called for a setting that has a default: of decouple, environ, pydantic and the like."""
_MORE = "\0"  # what a text is continued with when the program runs


class KnownTexts(Evaluator["str | None"]):
    """The expressions of one source; of `a if c else b` the first, or the one ``otherwise``."""

    deepest = 4

    def __init__(self, text: bytes, root: Node, *, otherwise: bool = False) -> None:
        super().__init__()
        self.text = text
        self.root = root
        self.otherwise = otherwise

    def _unknown(self, _node: Node | None) -> None:
        return None

    def bound(self, node: Node) -> Node | None:
        """Return the value of a name that the file gives one once, or a parameter's default."""
        match [*islice(bindings_of(node.text or b"", self.text, self.root), 2)]:
            case [found] if found is not None and found.holds_at(node):
                return found.value
        return None

    def _visit_string(self, node: Node) -> str:
        return "".join(it if isinstance(it, str) else _MORE for it in string_parts(node))

    def _visit_concatenated_string(self, node: Node) -> str | None:
        parts = [self.of(child) for child in node.named_children if child.type != "comment"]
        return None if None in parts else "".join(filter(None, parts))

    def _visit_binary_operator(self, node: Node) -> str | None:
        left, _, right = operands(node)
        start, end = self.of(left), self.of(right)
        return None if start is None else start + (_MORE if end is None else end)

    def _visit_call(self, node: Node) -> str | None:
        function, arguments = call_parts(node)
        name = text_of(function)
        if function is not None and name.endswith(".format"):
            return self.of(function.child_by_field_name("object"))
        if _SETTING.search(name) is None:
            return None
        at = 0 if name.endswith("Field") else 1
        for index, argument in enumerate(arguments):
            is_named = argument.type == "keyword_argument"
            if is_named and text_of(argument.child_by_field_name("name")) == "default":
                return self.of(argument.child_by_field_name("value"))
            if not is_named and index == at:
                return self.of(argument)
        return None

    def _visit_conditional_expression(self, node: Node) -> str | None:
        return self.of(node.named_children[-1 if self.otherwise else 0])

    def _visit_identifier(self, node: Node) -> str | None:
        return self.of(self.bound(node))

    def _spelling(self, node: Node) -> str:
        return text_of(node)

    _visit_true = _visit_false = _visit_none = _visit_integer = _visit_float = _spelling
