"""Which worlds a place in a source runs in, and which failures around it are caught.

The few statements that matter are found by their words and confirmed in the tree, so that a file
without them costs one regular expression.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from condavision.analysis.conditions import INTERESTING, judge
from condavision.analysis.records import RENAMED, Guard
from condavision.analysis.statements import (
    SCOPES,
    ends,
    gives_up,
    holders,
    is_quiet,
    names_caught,
)
from condavision.analysis.worlds import ALL, Verdict, is_typing, platforms_of, pythons_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node, Tree

    from condavision.analysis.source import Source
    from condavision.pythons import PythonRange

__all__ = ["IMPORT_FAILURES", "RENAMED", "Exit", "Guard", "Guards", "Try"]

IMPORT_FAILURES = frozenset(
    {"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "StandardError"}
)
"""Names of the exceptions that a failing import is caught by."""

_AIMED = frozenset({"ImportError", "ModuleNotFoundError"})


@dataclass(frozen=True, slots=True)
class Try:
    """A ``try`` statement that catches failing imports: byte ranges of its arms.

    ``exits`` tells whether a handler of import failures ends the script or passes the failure on.
    """

    body: tuple[int, int]
    handlers: tuple[tuple[int, int], ...]
    exits: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """A check at module level after which only ``pythons`` go on."""

    row: int
    text: str
    pythons: PythonRange


@dataclass(slots=True)
class _Region:
    """A byte range and what it adds to whatever surrounds it."""

    start: int
    end: int
    worlds: int = ALL
    optional: bool = False
    fallback: bool = False
    catches: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    main: bool = False


_TRY = re.compile(rb"try(?=[ \t]*[:\\])")
_SUPPRESS = re.compile(rb"suppress[ \t]*\(")
_HASATTR = re.compile(r"\bhasattr\(\s*([\w.]+)\s*,\s*[uU]?['\"](\w+)['\"]")
_FLAGGED = re.compile(
    rb"if (?=[\w.(]*(?:[Hh][Aa][SsVv]|_available|_AVAILABLE|_installed|_INSTALLED|__name__ *==))"
)
_FLAGGED_OR_SEARCHING = re.compile(
    _FLAGGED.pattern
    + rb"|if (?=[^\n]*(?:find_spec\(|find_loader\(|is_installed\(|INSTALLED_APPS|sys\.modules))"
)
_FOUND = re.compile(
    rb"\b(?:find_spec|find_loader|is_installed)\("
    rb"|['\"][ \t]+in[ \t]+(?:settings\.INSTALLED_APPS|sys\.modules)"
)
_SEARCHED = re.compile(
    rb"[ \t]*(\w+)[ \t]*=(?!=)(?![^\n]*\bis[ \t]+None)[^\n]*?(?:" + _FOUND.pattern + rb")"
)
_SEARCHES = (b"find_", b"is_installed", b"INSTALLED_APPS", b"sys.modules")
_AVAILABLE = re.compile(
    rb"\(?(?:[\w.]+\.)?(?:_?(?:HAS|HAVE|has|have)_\w+|_?\w+_(?:available|AVAILABLE|installed|INSTALLED)"
    rb"(?:\(\))?)(?=$|[ \t]+(?:and|is)[ \t])"
)


@dataclass(slots=True)
class Guards:
    """The guarded regions of one source."""

    source: Source
    tree: Tree
    tries: list[Try] = field(default_factory=list)
    """Innermost last."""
    exits: list[Exit] = field(default_factory=list)
    _regions: list[_Region] = field(default_factory=list)
    _bounds: list[int] = field(default_factory=list)
    _segments: list[tuple[_Region, ...]] = field(default_factory=list)
    _guards: dict[int, Guard] = field(default_factory=dict)
    _flags: dict[str, Verdict] = field(default_factory=dict)
    _searched: set[bytes] = field(default_factory=set)
    _judged_parts: dict[int, Verdict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text, root = self.source.text, self.tree.root_node
        for match in _TRY.finditer(text):
            node = root.named_descendant_for_byte_range(*match.span())
            if node is not None and node.type == "try_statement":
                self._read_try(node)
        if b"suppress" in text:
            for match in _SUPPRESS.finditer(text):
                self._read_suppress(root.descendant_for_byte_range(match.start(), match.start()))
        self._read_conditions(INTERESTING)
        for match in self._flagged(text):
            node = root.named_descendant_for_byte_range(match.start(), match.start() + 2)
            if node is not None and node.type in {"if_statement", "elif_clause"}:
                self._read_flagged(node)
        if self._flags:
            self._judged_parts.clear()  # the flags can decide more of them now
            names = sorted({name.rpartition(".")[2].encode() for name in self._flags})
            words = {name: re.compile(re.escape(name) + rb"\b") for name in names}
            self._read_conditions(words, assignments=False)
        self._segment()

    def at(self, start_byte: int) -> Guard:
        """Return what surrounds a byte of the source."""
        segment = bisect_right(self._bounds, start_byte)
        guard = self._guards.get(segment)
        if guard is None:
            around = self._segments[segment - 1] if segment else ()
            guard = self._guards[segment] = _combined(around)
        return guard

    def _segment(self) -> None:
        """Cut the source where regions begin and end, and note which are around each piece."""
        changes: dict[int, tuple[list[_Region], list[_Region]]] = {}
        for region in self._regions:
            if region.start < region.end:
                changes.setdefault(region.start, ([], []))[0].append(region)
                changes.setdefault(region.end, ([], []))[1].append(region)
        around: list[_Region] = []
        for edge in sorted(changes):
            begin, end = changes[edge]
            over = {id(region) for region in end}
            around = [region for region in around if id(region) not in over] + begin
            self._bounds.append(edge)
            self._segments.append(tuple(around))

    def _add(self, node: Node | None, worlds: int, checked: frozenset[str] = frozenset()) -> None:
        if node is not None and (worlds != ALL or checked):
            self._regions.append(
                _Region(node.start_byte, node.end_byte, worlds=worlds, checked=checked)
            )

    def _read_conditions(
        self, words: Mapping[bytes, re.Pattern[bytes]], *, assignments: bool = True
    ) -> None:
        root, seen, text = self.tree.root_node, set[int](), self.source.text
        present = [pattern for literal, pattern in words.items() if literal in text]
        for match in chain.from_iterable(pattern.finditer(text) for pattern in present):
            node = root.descendant_for_byte_range(match.start(), match.end() - 1)
            for holder in holders(node, seen):
                if holder.type != "assignment":
                    self._read_holder(holder)
                elif assignments:
                    self._read_flag(holder)

    def _read_flag(self, node: Node) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or left.type not in {"identifier", "attribute"}:
            return
        verdict = judge(right, self._flags, self._judged_parts)
        name = (left.text or b"").decode("utf-8", "replace")
        if verdict != Verdict() and len(name) < 80:
            self._flags[name] = verdict

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

    def _flagged(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """Yield the conditions that ask whether something is there, and the main block's.

        ``FOUND = find_spec("x") is not None`` is noted, so that those which ask for it are known.
        """
        if not any(word in text for word in _SEARCHES):
            yield from _FLAGGED.finditer(text)
            return
        yield from _FLAGGED_OR_SEARCHING.finditer(text)
        found = (re.finditer(re.escape(word), text) for word in _SEARCHES)
        lines = {text.rfind(b"\n", 0, it.start()) + 1 for it in chain.from_iterable(found)}
        searched = (_SEARCHED.match(text, line) for line in sorted(lines))
        self._searched = {match[1] for match in searched if match is not None}
        if self._searched:
            names = b"|".join(sorted(self._searched))
            yield from re.finditer(rb"if (?=\(?(?:" + names + rb")\b)", text)

    def _read_flagged(self, node: Node) -> None:
        """Make what stands under ``if HAS_NUMPY:`` optional, and mark the main block."""
        condition = node.child_by_field_name("condition")
        block = node.child_by_field_name("consequence")
        if condition is None or block is None:
            return
        text = condition.text or b""
        if text.startswith(b"__name__"):
            self._regions.append(_Region(block.start_byte, block.end_byte, main=True))
        elif _AVAILABLE.match(text) or self._says_found(text):
            self._regions.append(_Region(block.start_byte, block.end_byte, optional=True))

    def _says_found(self, condition: bytes) -> bool:
        words = condition.lstrip(b"(").split()
        if words and words[0].rstrip(b")") in self._searched:
            return True
        found = bool(_FOUND.search(condition)) and b"is None" not in condition
        return found and not condition.startswith(b"not ")

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
        self._regions.append(_Region(node.end_byte, block.end_byte, worlds=worlds, checked=checked))
        if block.type == "module":
            text = self.source.text[node.start_byte : node.end_byte].partition(b"\n")[0]
            self.exits.append(
                Exit(node.start_point.row, text.decode("utf-8", "replace"), pythons_of(worlds))
            )

    def _read_suppress(self, node: Node | None) -> None:
        call = node.parent if node is not None else None
        while call is not None and call.type in {"attribute", "call"}:
            if call.type == "call":
                break
            call = call.parent
        statement = call
        for _ in range(5):
            statement = statement.parent if statement is not None else None
            if statement is not None and statement.type == "with_statement":
                break
        else:
            return
        if call is None or statement is None:
            return
        names = names_caught((call.text or b"").partition(b"(")[2].decode("utf-8", "replace"))
        body = statement.child_by_field_name("body")
        if body is not None:
            self._regions.append(
                _Region(
                    body.start_byte,
                    body.end_byte,
                    optional=bool(names & IMPORT_FAILURES),
                    catches=names,
                )
            )

    def _read_try(self, node: Node) -> None:
        body = node.child_by_field_name("body")
        if node.type != "try_statement" or body is None:
            return
        caught: frozenset[str] = frozenset()
        handlers: list[Node] = []
        exits = False
        for clause in node.named_children:
            if clause.type not in {"except_clause", "except_group_clause"}:
                continue
            block = clause.named_children[-1]
            header = self.source.text[clause.start_byte + 6 : block.start_byte]
            names = names_caught(header.decode("utf-8", "replace")) or frozenset({"BaseException"})
            caught |= names
            if block.type != "block":
                continue
            of_import = bool(names & IMPORT_FAILURES)
            if of_import and gives_up(block):
                exits = True
            elif of_import:
                handlers.append(block)
            elif names:
                renamed = bool(names & RENAMED)
                self._regions.append(
                    _Region(block.start_byte, block.end_byte, fallback=renamed, catches=names)
                )
        imports_fail = bool(caught & IMPORT_FAILURES)
        aimed = bool(caught & _AIMED) or is_quiet(body) or all(map(is_quiet, handlers))
        optional = imports_fail and not exits and aimed
        self._regions.append(
            _Region(body.start_byte, body.end_byte, optional=optional, catches=caught)
        )
        for block in handlers:
            self._regions.append(_Region(block.start_byte, block.end_byte, fallback=True))
        for clause in node.named_children:
            if clause.type == "else_clause" and optional:
                self._regions.append(_Region(clause.start_byte, clause.end_byte, optional=True))
        if imports_fail:
            self.tries.append(
                Try(
                    (body.start_byte, body.end_byte),
                    tuple((block.start_byte, block.end_byte) for block in handlers),
                    exits,
                )
            )


def _combined(regions: tuple[_Region, ...]) -> Guard:
    worlds = ALL
    catches: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    for region in regions:
        worlds &= region.worlds
        catches |= region.catches
        checked |= region.checked
    return Guard(
        pythons=pythons_of(worlds),
        platforms=platforms_of(worlds) if worlds else frozenset({"other"}),
        typing=is_typing(worlds),
        optional=any(region.optional for region in regions),
        fallback=any(region.fallback for region in regions),
        catches=catches,
        checked=checked,
        dead=not worlds,
        main=any(region.main for region in regions),
    )
