"""Which contexts a place in a source runs in, and which failures around it are caught.

The few statements that matter are found by their words and confirmed in the tree, so that a file
without them costs one regular expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.availability import availability_regions
from condavision.analysis.context.catching import Try, catching_regions
from condavision.analysis.context.contexts import ALL, SERVED, Truth, pythons_of
from condavision.analysis.context.regions import Region, Regions
from condavision.analysis.context.running import INTERESTING, RunningConditions
from condavision.analysis.context.statements import BLOCKS, arms, ends, holders
from condavision.analysis.source.bindings import bindings_of
from condavision.analysis.source.expressions import operands

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tree_sitter import Node, Tree

    from condavision.analysis.records import Guard
    from condavision.analysis.source.source import Source
    from condavision.core.pythons import PythonRange

_HASATTR = re.compile(r"\bhasattr\(\s*([\w.]+)\s*,\s*[uU]?['\"](\w+)['\"]")


@dataclass(frozen=True, slots=True)
class Exit:
    """A check at module level that only ``pythons`` pass."""

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
    _conditions: RunningConditions = field(default_factory=RunningConditions)

    def __post_init__(self) -> None:
        text, root = self.source.text, self.tree.root_node
        self._found += catching_regions(text, root, self.tries)
        self._read_conditions(INTERESTING)
        self._found += availability_regions(text, root)
        versions = self._conditions.versions
        for name in [*versions]:
            if len([*bindings_of(name.encode(), text, root)]) != 1:
                del versions[name]
        known = {*self._conditions.flags, *versions}
        if known:
            names = sorted({name.rpartition(".")[2].encode() for name in known})
            self._read_conditions(dict.fromkeys(names, rb"\b"), assignments=False)
        self._regions = Regions.of(self._found)

    def at(self, start_byte: int) -> Guard:
        """Return what surrounds a byte of the source."""
        return self._regions.at(start_byte)

    def decides(self, statement: Node) -> bool:
        """Return whether the Python and the platform alone decide each arm of an ``if``."""
        conditions = [condition for condition, _ in arms(statement) if condition is not None]
        truths = map(self._conditions.of, conditions)
        return not any(it.true & it.false & SERVED for it in truths)

    def _add(self, node: Node | None, contexts: int, checked: frozenset[str] = frozenset()) -> None:
        if node is not None and (contexts != ALL or checked):
            self._found.append(
                Region(node.start_byte, node.end_byte, contexts=contexts, checked=checked)
            )

    def _read_conditions(self, words: Mapping[bytes, bytes], *, assignments: bool = True) -> None:
        for holder in holders(self.source.text, self.tree.root_node, words):
            if holder.type != "assignment":
                self._read_holder(holder)
            elif assignments:
                self._conditions.note(holder)

    def _read_holder(self, node: Node) -> None:
        match node.type:
            case "if_statement":
                self._read_if(node)
            case "conditional_expression" if node.named_child_count == 3:
                value, condition, other = node.named_children
                truth, checked = self._judged(condition)
                self._add(value, truth.true, checked)
                self._add(other, truth.false, checked)
            case "boolean_operator":
                left, operator, right = operands(node)
                if left is not None:
                    truth, checked = self._judged(left)
                    self._add(right, truth.true if operator == "and" else truth.false, checked)
            case "assert_statement":
                truth, checked = self._judged(node.named_children[0])
                self._go_on_with(node, truth.true, checked)

    def _judged(self, condition: Node) -> tuple[Truth, frozenset[str]]:
        checked: frozenset[str] = frozenset()
        text = (condition.text or b"")[:2000]
        if b"hasattr" in text:
            asked = _HASATTR.findall(text.decode("utf-8", "replace"))
            checked = frozenset(f"{owner}.{name}" for owner, name in asked)
        return self._conditions.of(condition), checked

    def _read_if(self, node: Node) -> None:
        left = ALL
        reached = 0  # the contexts that come out below the statement
        asked: frozenset[str] = frozenset()
        has_else = False
        for condition, block in arms(node):
            if condition is None:
                contexts, left, has_else = left, 0, True
            else:
                truth, checked = self._judged(condition)
                asked |= checked
                contexts, left = left & truth.true, left & truth.false
            self._add(block, contexts, asked)
            if block is not None and not ends(block):
                reached |= contexts
        if not has_else:
            reached |= left
        self._go_on_with(node, reached, asked)

    def _go_on_with(self, node: Node, contexts: int, checked: frozenset[str]) -> None:
        """Narrow what follows a statement in its block to the contexts that get there."""
        block = node.parent
        if contexts in (ALL, 0) or block is None or block.type not in BLOCKS:
            return
        self._found.append(
            Region(node.end_byte, block.end_byte, contexts=contexts, checked=checked)
        )
        if block.type == "module":
            text = self.source.text[node.start_byte : node.end_byte].partition(b"\n")[0]
            self.exits.append(
                Exit(node.start_point.row, text.decode("utf-8", "replace"), pythons_of(contexts))
            )
