"""Nodes of a syntax tree, and expressions computed without running them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection

    from tree_sitter import Node

DEEPEST = 400
"""Levels of a tree that are climbed: CPython itself refuses to nest half as deep."""

T = TypeVar("T")


class Evaluator(Generic[T]):
    """Computes expressions by the types of their nodes, as ``ast.NodeVisitor`` does.

    A subclass says what the parts mean: ``_visit_<type>`` computes the nodes of one type. What has
    no such method is ``_unknown``, as is what lies more than ``deepest`` levels down.
    """

    deepest = 40

    def __init__(self) -> None:
        self._level = 0

    def of(self, node: Node | None) -> T:
        """Return the value of an expression."""
        if node is None or self.is_deepest:
            return self._unknown(None)
        visit: Any = getattr(self, f"_visit_{node.type}", self._unknown)
        self._level += 1
        try:
            value: T = visit(node)
        finally:
            self._level -= 1
        return value

    @property
    def is_deepest(self) -> bool:
        """Return whether nothing below the current expression is computed."""
        return self._level >= self.deepest

    def _unknown(self, node: Node | None) -> T:
        """Return the value of an expression without a method; None: it is missing or too deep."""
        raise NotImplementedError

    def _visit_parenthesized_expression(self, node: Node) -> T:
        return self.of(inner(node))


def ancestor(node: Node | None, types: Collection[str], levels: int = DEEPEST) -> Node | None:
    """Return the innermost node of one of these types that holds ``node`` or is it.

    None is also the answer where it is too far up: each step costs the depth of the tree.
    """
    for _ in range(levels):
        if node is None or node.type in types:
            return node
        node = node.parent
    return None


def type_of(node: Node | None) -> str:
    """Return the type of a node, an empty one for none."""
    return "" if node is None else node.type


def text_of(node: Node | None) -> str:
    """Return the text of a node, an empty one for none."""
    return "" if node is None else (node.text or b"").decode("utf-8", "replace")


def inner(node: Node) -> Node | None:
    """Return the first part of a node that is not a comment."""
    return next((it for it in node.named_children if it.type != "comment"), None)


def next_sibling(node: Node) -> Node | None:
    """Return the node after another one that is not a comment."""
    following = node.next_named_sibling
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    return following


def operands(node: Node) -> tuple[Node | None, str, Node | None]:
    """Return the left operand, the operator and the right operand of a binary operation."""
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return left, "" if operator is None else operator.type, right


def comparison(node: Node) -> tuple[list[Node], list[str]]:
    """Return the operands of a comparison, and the operators between them: ``not in``, ``<``."""
    operators = [it.type for it in node.children_by_field_name("operators")]
    return [it for it in node.named_children if it.type != "comment"], operators


def call_parts(call: Node) -> tuple[Node | None, list[Node]]:
    """Return what is called, and the arguments; a lone generator expression is one of them."""
    function = call.child_by_field_name("function")
    arguments = call.child_by_field_name("arguments")
    if arguments is None or arguments.type != "argument_list":
        return function, [] if arguments is None else [arguments]
    return function, [it for it in arguments.named_children if it.type != "comment"]


def string_parts(string: Node) -> list[str | Node]:
    """Return the text of a string literal, and the expressions in it where it is an f-string.

    Escape sequences are left as they are spelt.
    """
    return [
        text_of(part)
        if part.type == "string_content"
        else part.child_by_field_name("expression") or part
        for part in string.named_children
        if part.type in {"string_content", "interpolation"}
    ]
