"""Blocks that run only where something was found: ``if HAS_NUMPY:``, ``if find_spec("numpy"):``.

What is imported there is optional, as is what follows ``if not HAS_NUMPY: return``. The block of
the main script is found on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.regions import Region, region_of
from condavision.analysis.context.statements import SCOPES, ends, gives_up, holders, named_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

__all__ = ["availability_regions"]

_SEARCHES = {
    literal: re.compile(re.escape(literal) + tail)
    for literal, tail in {
        b"find_spec": rb"\(",
        b"find_loader": rb"\(",
        b"is_installed": rb"\(",
        b"INSTALLED_APPS": rb"\b",
        b"sys.modules": rb"\b",
    }.items()
}
_SEARCH_CALL = re.compile(rb"(?:[\w.]*\.)?(?:find_spec|find_loader|is_installed)")
_COLLECTION = re.compile(rb"settings\.INSTALLED_APPS|sys\.modules")
_FLAGGED = re.compile(
    rb"if (?=(?:not[ \t]+)?[\w.(]*"
    rb"(?:[Hh][Aa][SsVv]|_available|_AVAILABLE|_installed|_INSTALLED|__name__ *==))"
)
_FLAG = re.compile(
    rb"(?:[\w.]+\.)?(?:_?(?:HAS|HAVE|has|have)_\w+"
    rb"|_?\w+_(?:available|AVAILABLE|installed|INSTALLED)(?:\(\))?)"
)
_CONSTANT = re.compile(rb"(?:[\w.]+\.)?_?(?:(?:HAS|HAVE)_\w+|[A-Z0-9_]+_(?:AVAILABLE|INSTALLED))")
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class _Says:
    """Whether a condition tells that something was found, where it holds and where it does not."""

    true: bool = False
    false: bool = False


_NOTHING, _FOUND = _Says(), _Says(true=True)


def availability_regions(text: bytes, root: Node) -> Iterator[Region]:
    """Yield what runs only where a module was found, or the file is the script itself."""
    reader = _Reader(text, root)
    yield from reader.searches()
    for match in _FLAGGED.finditer(text):
        node = root.named_descendant_for_byte_range(match.start(), match.start() + 2)
        if node is not None and node.type == "elif_clause":
            node = node.parent
        if node is not None and node.type == "if_statement":
            yield from reader.read(node)


@dataclass(slots=True)
class _Reader:
    text: bytes
    root: Node
    flags: dict[bytes, _Says] = field(default_factory=dict)
    """``FOUND = find_spec("x") is not None``: what the names say that hold the outcome."""
    seen: set[int] = field(default_factory=set)

    def searches(self) -> Iterator[Region]:
        """Yield what runs where a search found something, and note the names of its outcome."""
        present = [pattern for literal, pattern in _SEARCHES.items() if literal in self.text]
        if not present:
            return
        statements = [it for pattern in present for it in self._asking(pattern)]
        if self.flags:
            names = b"|".join(re.escape(name) for name in sorted(self.flags))
            statements += self._asking(re.compile(rb"(?:" + names + rb")\b"))
        for statement in statements:
            yield from self.read(statement)

    def _asking(self, words: re.Pattern[bytes]) -> Iterator[Node]:
        for holder in holders(self.text, self.root, (words,)):
            if holder.type == "assignment":
                self._note(holder)
            else:
                yield holder

    def _note(self, node: Node) -> None:
        match named_value(node):
            case (name, value):
                says = self._says(value, _FLAG)
                if says != _NOTHING:
                    self.flags[name] = says

    def read(self, node: Node) -> Iterator[Region]:
        """Yield the regions of a statement or expression that asks."""
        if node.id in self.seen:
            return
        self.seen.add(node.id)
        if node.type == "if_statement":
            yield from self._arms(node)
        elif node.type == "conditional_expression" and node.named_child_count == 3:
            value, condition, other = node.named_children
            says = self._says(condition, _FLAG)
            for arm, found in ((value, says.true), (other, says.false)):
                if found:
                    yield region_of(arm, optional=True)

    def _arms(self, node: Node) -> Iterator[Region]:
        found = False  # where none of the conditions so far holds
        others = node.children_by_field_name("alternative")
        for arm in (node, *others):
            condition = arm.child_by_field_name("condition")
            block = arm.child_by_field_name("body" if condition is None else "consequence")
            if block is None:
                continue
            says = self._says(condition, _FLAG) if condition is not None else _NOTHING
            if condition is not None and (condition.text or b"").startswith(b"__name__"):
                yield Region(block.start_byte, block.end_byte, main=True)
            elif found or says.true:
                yield region_of(block, optional=True)
            # `if not has_rows:` is too common a question to be one for a module
            found = found or (condition is not None and self._says(condition, _CONSTANT).false)
        block, scope = node.child_by_field_name("consequence"), node.parent
        if not found or others or block is None or scope is None or scope.type not in SCOPES:
            return
        if ends(block) and not gives_up(block):
            yield Region(node.end_byte, scope.end_byte, optional=True)

    def _says(self, node: Node | None, flag: re.Pattern[bytes], depth: int = _DEPTH) -> _Says:
        if node is None or depth == 0:
            return _NOTHING
        text = node.text or b""
        match node.type:
            case "identifier" | "attribute":
                return self.flags.get(text) or (_FOUND if flag.fullmatch(text) else _NOTHING)
            case "call":
                return self._call(node, flag, depth - 1)
            case "parenthesized_expression" | "generator_expression" | "list_comprehension":
                inner = node.named_children[0] if node.named_children else None
                return self._says(inner, flag, depth - 1)
            case "named_expression":
                return self._says(node.child_by_field_name("value"), flag, depth - 1)
            case "not_operator":
                says = self._says(node.child_by_field_name("argument"), flag, depth - 1)
                return _Says(says.false, says.true)
            case "boolean_operator":
                left = self._says(node.child_by_field_name("left"), flag, depth - 1)
                right = self._says(node.child_by_field_name("right"), flag, depth - 1)
                operator = node.child_by_field_name("operator")
                if operator is not None and operator.type == "and":
                    return _Says(left.true or right.true, left.false and right.false)
                return _Says(left.true and right.true, left.false or right.false)
            case "comparison_operator":
                return self._compared(node, flag, depth - 1)
        return _NOTHING

    def _call(self, node: Node, flag: re.Pattern[bytes], depth: int) -> _Says:
        function = node.child_by_field_name("function")
        name = (function.text or b"") if function is not None else b""
        if _SEARCH_CALL.fullmatch(name) or flag.fullmatch(node.text or b""):
            return _FOUND
        arguments = node.child_by_field_name("arguments")
        if name in {b"bool", b"all", b"any"} and arguments is not None:
            inner = arguments
            if arguments.type == "argument_list" and arguments.named_child_count == 1:
                inner = arguments.named_children[0]
            return self._says(inner, flag, depth)
        return _NOTHING

    def _compared(self, node: Node, flag: re.Pattern[bytes], depth: int) -> _Says:
        operators = [it.type for it in node.children_by_field_name("operators")]
        if len(operators) != 1 or node.named_child_count != 2:
            return _NOTHING
        left, right = node.named_children
        operator = operators[0]
        if operator in {"in", "not in"}:
            is_search = left.type == "string" and _COLLECTION.fullmatch(right.text or b"")
            says = _FOUND if is_search else _NOTHING
        elif right.type in {"none", "false", "true"}:
            says = self._says(left, flag, depth)
            if right.type != "true":
                says = _Says(says.false, says.true)
        else:
            return _NOTHING
        return _Says(says.false, says.true) if operator in {"not in", "is not", "!="} else says
