"""Which worlds a place in a source runs in, and which failures around it are caught.

The few statements that matter are found by their words and confirmed in the tree, so that a file
without them costs one regular expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.availability import availability_regions
from condavision.analysis.context.catching import Try, catching_regions
from condavision.analysis.context.conditions import INTERESTING, judge
from condavision.analysis.context.contexts import ALL, Verdict, pythons_of
from condavision.analysis.context.regions import Region, Regions
from condavision.analysis.context.statements import SCOPES, ends, holders, named_value
from condavision.analysis.records import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tree_sitter import Node, Tree

    from condavision.analysis.source.source import Source
    from condavision.core.pythons import PythonRange

__all__ = ["Exit", "Guard", "Guards", "Try"]

_HASATTR = re.compile(r"\bhasattr\(\s*([\w.]+)\s*,\s*[uU]?['\"](\w+)['\"]")


@dataclass(frozen=True, slots=True)
class Exit:
    """A check at module level after which only ``pythons`` go on."""

    row: int
    text: str
    pythons: PythonRange


@dataclass(slots=True)
class Guards:
    """The guarded regions of one source."""

    source: Source
    tree: Tree
    tries: list[Try] = field(default_factory=list)
    """Innermost last."""
    exits: list[Exit] = field(default_factory=list)
    _found: list[Region] = field(default_factory=list)
    _regions: Regions = field(default_factory=Regions)
    _flags: dict[str, Verdict] = field(default_factory=dict)
    _judged_parts: dict[int, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text, root = self.source.text, self.tree.root_node
        self._found += catching_regions(text, root, self.tries)
        self._read_conditions(INTERESTING)
        self._found += availability_regions(text, root)
        if self._flags:
            self._judged_parts.clear()  # the flags can decide more of them now
            names = sorted({name.rpartition(".")[2].encode() for name in self._flags})
            words = {name: re.compile(re.escape(name) + rb"\b") for name in names}
            self._read_conditions(words, assignments=False)
        self._regions = Regions.of(self._found)

    def at(self, start_byte: int) -> Guard:
        """Return what surrounds a byte of the source."""
        return self._regions.at(start_byte)

    def _add(self, node: Node | None, worlds: int, checked: frozenset[str] = frozenset()) -> None:
        if node is not None and (worlds != ALL or checked):
            self._found.append(
                Region(node.start_byte, node.end_byte, worlds=worlds, checked=checked)
            )

    def _read_conditions(
        self, words: Mapping[bytes, re.Pattern[bytes]], *, assignments: bool = True
    ) -> None:
        root, text = self.tree.root_node, self.source.text
        present = [pattern for literal, pattern in words.items() if literal in text]
        for holder in holders(text, root, present):
            if holder.type != "assignment":
                self._read_holder(holder)
            elif assignments:
                self._read_flag(holder)

    def _read_flag(self, node: Node) -> None:
        match named_value(node):
            case (name, value):
                verdict = judge(value, self._flags, self._judged_parts)
                flag = name.decode("utf-8", "replace")
                if verdict != Verdict() and len(flag) < 80:
                    self._flags[flag] = verdict

    def _read_holder(self, node: Node) -> None:
        match node.type:
            case "if_statement":
                self._read_if(node)
            case "conditional_expression" if node.named_child_count == 3:
                value, condition, other = node.named_children
                verdict, checked = self._judged(condition)
                self._add(value, verdict.true, checked)
                self._add(other, verdict.false, checked)
            case "boolean_operator":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                operator = node.child_by_field_name("operator")
                if left is not None and operator is not None:
                    verdict, checked = self._judged(left)
                    is_and = operator.type == "and"
                    self._add(right, verdict.true if is_and else verdict.false, checked)
            case "assert_statement":
                verdict, checked = self._judged(node.named_children[0])
                self._go_on_with(node, verdict.true, checked)

    def _judged(self, condition: Node) -> tuple[Verdict, frozenset[str]]:
        checked: frozenset[str] = frozenset()
        text = (condition.text or b"")[:2000]
        if b"hasattr" in text:
            asked = _HASATTR.findall(text.decode("utf-8", "replace"))
            checked = frozenset(f"{owner}.{name}" for owner, name in asked)
        return judge(condition, self._flags, self._judged_parts), checked

    def _read_if(self, node: Node) -> None:
        left = ALL
        reached = 0  # the worlds that come out below the statement
        asked: frozenset[str] = frozenset()
        has_else = False
        for arm in (node, *node.children_by_field_name("alternative")):
            condition = arm.child_by_field_name("condition")
            if condition is None:
                block = arm.child_by_field_name("body")
                worlds, left, has_else = left, 0, True
            else:
                verdict, checked = self._judged(condition)
                asked |= checked
                block = arm.child_by_field_name("consequence")
                worlds, left = left & verdict.true, left & verdict.false
            self._add(block, worlds, asked)
            if block is not None and not ends(block):
                reached |= worlds
        if not has_else:
            reached |= left
        self._go_on_with(node, reached, asked)

    def _go_on_with(self, node: Node, worlds: int, checked: frozenset[str]) -> None:
        """Narrow what follows a statement in its block to the worlds that get there."""
        block = node.parent
        if worlds in (ALL, 0) or block is None or block.type not in SCOPES:
            return
        self._found.append(Region(node.end_byte, block.end_byte, worlds=worlds, checked=checked))
        if block.type == "module":
            text = self.source.text[node.start_byte : node.end_byte].partition(b"\n")[0]
            self.exits.append(
                Exit(node.start_point.row, text.decode("utf-8", "replace"), pythons_of(worlds))
            )
