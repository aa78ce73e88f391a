"""Blocks that run only where something was found: ``if HAS_NUMPY:``, ``if find_spec("numpy"):``.

What is imported there is optional, as is what follows ``if not HAS_NUMPY: return``. The block of
the main script is found on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.conditions import Conditions
from condavision.analysis.context.contexts import UNKNOWN, Truth
from condavision.analysis.context.regions import Region, region_of
from condavision.analysis.context.statements import BLOCKS, arms, ends, gives_up, holders
from condavision.analysis.source.expressions import call_parts, comparison, inner, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

_SEARCHES = {
    **dict.fromkeys((b"find_spec", b"find_loader", b"is_installed"), rb"\("),
    **dict.fromkeys((b"INSTALLED_APPS", b"sys.modules"), rb"\b"),
}
_SEARCH_CALL = re.compile(r"(?:[\w.]*\.)?(?:find_spec|find_loader|is_installed)")
_COLLECTION = re.compile(r"settings\.INSTALLED_APPS|sys\.modules")
_FLAGGED = re.compile(
    rb"if (?=(?:not[ \t]+)?[\w.(]*"
    rb"(?:[Hh][Aa][SsVv]|_available|_AVAILABLE|_installed|_INSTALLED|__name__ *==))"
)
_FLAG = re.compile(
    r"(?:[\w.]+\.)?(?:_?(?:HAS|HAVE|has|have)_\w+"
    r"|_?\w+_(?:available|AVAILABLE|installed|INSTALLED)(?:\(\))?)"
)
_CONSTANT = re.compile(r"(?:[\w.]+\.)?_?(?:(?:HAS|HAVE)_\w+|[A-Z0-9_]+_(?:AVAILABLE|INSTALLED))")
_NO_FLAG = re.compile(r"(?!)")

FOUND = Truth(true=0)
"""A check for a module: never true without it."""


def availability_regions(text: bytes, root: Node) -> Iterator[Region]:
    """Yield what runs only where a module was found, or the file is the script itself."""
    reader = _AvailabilityReader(text, root)
    yield from reader.searches()
    for match in _FLAGGED.finditer(text):
        node = root.named_descendant_for_byte_range(match.start(), match.start() + 2)
        if node is not None and node.type == "elif_clause":
            node = node.parent
        if node is not None and node.type == "if_statement":
            yield from reader.read(node)


@dataclass(slots=True)
class _AvailabilityReader:
    text: bytes
    root: Node
    conditions: SearchConditions = field(default_factory=lambda: SearchConditions(_FLAG))
    seen: set[int] = field(default_factory=set)

    def searches(self) -> Iterator[Region]:
        """Yield what runs where a search found something, and note the names of its outcome."""
        statements = [*self._asking(_SEARCHES)]
        names = sorted(name.encode() for name in self.conditions.flags)
        statements += self._asking(dict.fromkeys(names, rb"\b"))
        for statement in statements:
            yield from self.read(statement)

    def _asking(self, words: Mapping[bytes, bytes]) -> Iterator[Node]:
        for holder in holders(self.text, self.root, words):
            if holder.type == "assignment":
                self.conditions.note(holder)
            else:
                yield holder

    def read(self, node: Node) -> Iterator[Region]:
        """Yield the regions of a statement or expression that checks for a module."""
        if node.id in self.seen:
            return
        self.seen.add(node.id)
        if node.type == "if_statement":
            yield from self._arms(node)
        elif node.type == "conditional_expression" and node.named_child_count == 3:
            value, condition, other = node.named_children
            truth = self.conditions.of(condition)
            for arm, is_lacking in ((value, truth.true), (other, truth.false)):
                if not is_lacking:
                    yield region_of(arm, optional=True)

    def _arms(self, node: Node) -> Iterator[Region]:
        constants = SearchConditions(_CONSTANT, self.conditions.flags)
        found = False  # where none of the conditions so far holds
        for condition, block in arms(node):
            if block is None:
                continue
            if condition is not None and (condition.text or b"").startswith(b"__name__"):
                yield Region(block.start_byte, block.end_byte, main=True)
            elif found or not self.conditions.of(condition).true:
                yield region_of(block, optional=True)
            # `if not has_rows:` is too common to be a check for a module
            found = found or not constants.of(condition).false
        block, scope = node.child_by_field_name("consequence"), node.parent
        others = node.child_by_field_name("alternative")
        if not found or others or block is None or scope is None or scope.type not in BLOCKS:
            return
        if ends(block) and not gives_up(block):
            yield Region(node.end_byte, scope.end_byte, optional=True)


class SearchConditions(Conditions):
    """The conditions of one source that check for modules: the only context is to lack them.

    ``flag`` are the names that say by convention how the search for a module went.
    """

    def __init__(
        self, flag: re.Pattern[str] = _NO_FLAG, flags: dict[str, Truth] | None = None
    ) -> None:
        super().__init__(flags)
        self.flag = flag

    def _visit_identifier(self, node: Node) -> Truth:
        text = text_of(node)
        return self.flags.get(text) or (FOUND if self.flag.fullmatch(text) else UNKNOWN)

    _visit_attribute = _visit_identifier

    def _visit_generator_expression(self, node: Node) -> Truth:
        return self.of(inner(node))

    _visit_list_comprehension = _visit_generator_expression

    def _visit_named_expression(self, node: Node) -> Truth:
        return self.of(node.child_by_field_name("value"))

    def _visit_call(self, node: Node) -> Truth:
        function, arguments = call_parts(node)
        name = text_of(function)
        if _SEARCH_CALL.fullmatch(name) or self.flag.fullmatch(text_of(node)):
            return FOUND
        is_same = name in {"bool", "all", "any"} and len(arguments) == 1
        return self.of(arguments[0]) if is_same else UNKNOWN

    def _visit_comparison_operator(self, node: Node) -> Truth:
        compared, operators = comparison(node)
        if len(operators) != 1 or len(compared) != 2:
            return UNKNOWN
        (left, right), operator = compared, operators[0]
        if operator in {"in", "not in"}:
            is_search = left.type == "string" and _COLLECTION.fullmatch(text_of(right))
            truth = FOUND if is_search else UNKNOWN
        elif right.type in {"none", "false", "true"}:
            truth = self.of(left) if right.type == "true" else ~self.of(left)
        else:
            return UNKNOWN
        return ~truth if operator in {"not in", "is not", "!="} else truth
