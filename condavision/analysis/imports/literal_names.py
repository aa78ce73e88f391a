"""The names that an expression may stand for, where the source lists them all.

``for name in ("yaml", "click"): import_module(name)`` names two modules, as literally as two
statements would.
"""

from __future__ import annotations

from itertools import islice, product
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
    from collections.abc import Iterator

    from tree_sitter import Node

_MOST = 100  # names of one expression
_CLIMB = 60
_LOOPS = {"for_statement", "for_in_clause"}
_COMPREHENSIONS = {
    "dictionary_comprehension", "generator_expression", "list_comprehension", "set_comprehension",
}  # fmt: skip
_ALIKE = {"enumerate", "frozenset", "list", "reversed", "set", "sorted", "tuple"}


class LiteralNames(Evaluator[tuple[str, ...]]):
    """Computes what expressions of one source may stand for; empty where that is not known."""

    deepest = 8

    def __init__(self, text: bytes, root: Node) -> None:
        super().__init__()
        self.text = text
        self.root = root

    def items(self, node: Node | None) -> tuple[str, ...]:
        """Return the texts in a list, empty where any is unknown."""
        return tuple(it for row in self._rows(node) for it in row[:1])

    def _unknown(self, _node: Node | None) -> tuple[str, ...]:
        return ()

    def _visit_string(self, node: Node) -> tuple[str, ...]:
        parts = [(it,) if isinstance(it, str) else self.of(it) for it in string_parts(node)]
        return tuple("".join(it) for it in islice(product(*parts), _MOST))

    def _visit_concatenated_string(self, node: Node) -> tuple[str, ...]:
        parts = [self.of(it) for it in node.named_children if it.type != "comment"]
        return tuple("".join(it) for it in islice(product(*parts), _MOST))

    def _visit_binary_operator(self, node: Node) -> tuple[str, ...]:
        left, operator, right = operands(node)
        if operator != "+":
            return ()
        pairs = product(self.of(left), self.of(right))
        return tuple(one + two for one, two in islice(pairs, _MOST))

    def _visit_conditional_expression(self, node: Node) -> tuple[str, ...]:
        one, two = self.of(node.named_children[0]), self.of(node.named_children[-1])
        return (*one, *two) if one and two else ()

    def _visit_identifier(self, node: Node) -> tuple[str, ...]:
        for place, values in _iterated(node):
            rows = self._rows(values)
            if place is None:
                return tuple(it for row in rows for it in row[:1] if len(row) == 1)
            return tuple(row[place] for row in rows if place < len(row))
        return self.of(self._value(node))

    def _value(self, node: Node) -> Node | None:
        """Return the value of a name that is assigned one only."""
        found = [*islice(bindings_of(node.text or b"", self.text, self.root), 2)]
        if len(found) != 1 or found[0] is None or found[0].holder.type != "assignment":
            return None
        return found[0].value

    def _rows(self, node: Node | None) -> list[tuple[str, ...]]:
        """Return the texts of each item of a list, several where it is a tuple; none if unknown."""
        if node is None or self.is_deepest:
            return []
        match node.type:
            case "list" | "tuple" | "set":
                rows = [self._row(it) for it in node.named_children if it.type != "comment"]
                return rows[:_MOST] if all(rows) else []
            case "dictionary":
                pairs = [it for it in node.named_children if it.type == "pair"][:_MOST]
                names = ("key", "value")
                return [
                    tuple(self._one(it.child_by_field_name(name)) for name in names) for it in pairs
                ]
            case "identifier":
                return self._rows(self._value(node))
            case "parenthesized_expression":
                return self._rows(node.named_children[0])
            case "call":
                return self._called(node)
        return []

    def _called(self, node: Node) -> list[tuple[str, ...]]:
        function, arguments = call_parts(node)
        if function is None:
            return []
        name = text_of(function)
        owner, method = (function.child_by_field_name(it) for it in ("object", "attribute"))
        if name in _ALIKE and arguments:
            rows = self._rows(arguments[0])
            return [("", *row) for row in rows] if name == "enumerate" else rows
        if text_of(method) in {"items", "keys", "values"} and not arguments:
            place = {"items": slice(2), "keys": slice(1), "values": slice(1, 2)}[text_of(method)]
            return [row[place] for row in self._rows(owner) if row[place]]
        if text_of(method) == "split" and not arguments:
            return [(it,) for text in self.of(owner) for it in text.split()]
        return []

    def _row(self, item: Node) -> tuple[str, ...]:
        if item.type in {"tuple", "list"}:
            return tuple(self._one(it) for it in item.named_children)
        text = self._one(item)
        return (text,) if text else ()

    def _one(self, node: Node | None) -> str:
        found = self.of(node)
        return found[0] if len(found) == 1 else ""


def _iterated(name: Node) -> Iterator[tuple[int | None, Node]]:
    """Yield what loops give a name: its place in each item, None for all of it, and the items."""
    node = name.parent
    for _ in range(_CLIMB):
        if node is None:
            return
        loops = [node] if node.type in _LOOPS else []
        if node.type in _COMPREHENSIONS:
            loops = [it for it in node.named_children if it.type in _LOOPS]
        for loop in loops:
            target, values = loop.child_by_field_name("left"), loop.child_by_field_name("right")
            if target is None or values is None:
                continue
            if target.text == name.text:
                yield None, values
            for place, part in enumerate(target.named_children):
                if target.type == "pattern_list" and part.text == name.text:
                    yield place, values
        node = node.parent
