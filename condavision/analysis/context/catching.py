"""Which failures are caught where, and whether a script continues without a failed import.

The statements are found by their words and confirmed in the tree, so that a file without them costs
one search.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.analysis.context.regions import Region, region_of
from condavision.analysis.context.statements import (
    failures_caught,
    gives_up,
    handlers,
    is_quiet,
    names_in,
)
from condavision.analysis.records import CATCH_ALL, IMPORT_ERRORS, RENAMED
from condavision.analysis.source.expressions import ancestor, call_parts, next_sibling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_IMPORTS = {"import_statement", "import_from_statement"}
_IMPORT_FAILURES = IMPORT_ERRORS | CATCH_ALL
_TRY = re.compile(rb"try(?=[ \t]*[:\\])")
_STARTS_AGAIN = re.compile(
    rb"\bos\.exec[lv]p?e?\(|\bpip(?:\._internal)?\.main\("
    rb"|\b(?:os\.system|subprocess\.\w+|check_call|run|Popen)\([^)]*\bpip3?\b[^)]*\binstall\b"
)
_IMPORTING = re.compile(
    rb"(?m)^[ \t]*(?:import|from)[ \t]+(?!(?:importlib|os|pip|site|subprocess|sys|time)\b)"
)
_SUPPRESS = re.compile(rb"suppress[ \t]*\(")


@dataclass(frozen=True, slots=True)
class Try:
    """A ``try`` statement that catches failing imports: byte ranges of its arms.

    ``exits``: a handler of import failures ends the script or raises again.
    """

    body: tuple[int, int]
    handlers: tuple[tuple[int, int], ...]
    exits: bool


def catching_regions(text: bytes, root: Node, tries: list[Try]) -> Iterator[Region]:
    """Yield what ``try`` and ``suppress`` guard; note in ``tries``, innermost last."""
    for match in _TRY.finditer(text):
        node = root.named_descendant_for_byte_range(*match.span())
        if node is not None and node.type == "try_statement":
            yield from _try_regions(node, tries)
    if b"suppress" in text:
        for match in _SUPPRESS.finditer(text):
            node = root.descendant_for_byte_range(match.start(), match.start())
            yield from _suppress_regions(node)


def _try_regions(node: Node, tries: list[Try]) -> Iterator[Region]:
    body = node.child_by_field_name("body")
    if body is None:
        return
    caught: frozenset[str] = frozenset()
    passing: list[Node] = []
    exits = False
    for handler in handlers(node):
        block = handler.named_children[-1]
        names = failures_caught(handler)
        of_import = bool(names & _IMPORT_FAILURES)
        is_first = not caught & _IMPORT_FAILURES  # the one that handles a missing module
        caught |= names
        if block.type != "block":
            continue
        if of_import and (gives_up(block) or _starts_again(block)):
            exits = exits or is_first
        elif of_import:
            passing.append(block)
            yield region_of(block, fallback=True)
        else:
            renamed = bool(names & RENAMED)
            yield Region(block.start_byte, block.end_byte, fallback=renamed, catches=names)
    imports_fail = bool(caught & _IMPORT_FAILURES)
    aimed = bool(caught & IMPORT_ERRORS) or is_quiet(body) or all(map(is_quiet, passing))
    passed = imports_fail and not exits
    optional = passed and aimed
    yield Region(body.start_byte, body.end_byte, optional=optional, catches=caught)
    if optional:
        others = (it for it in node.named_children if it.type == "else_clause")
        yield from (region_of(it, optional=True) for it in others)
    elif passed and _continues(node):
        # not the calls in it: the handler may be meant for their own failures
        imports = (it for it in body.named_children if it.type in _IMPORTS)
        yield from (Region(it.start_byte, it.end_byte, optional=True, broad=True) for it in imports)
    if imports_fail:
        spans = tuple((block.start_byte, block.end_byte) for block in passing)
        tries.append(Try((body.start_byte, body.end_byte), spans, exits))


def _starts_again(block: Node) -> bool:
    """Return whether a handler only installs what is missing, or restarts the script elsewhere."""
    text = block.text or b""
    return bool(_STARTS_AGAIN.search(text)) and not _IMPORTING.search(text)


def _continues(statement: Node) -> bool:
    """Return whether the script does anything once a statement has failed.

    ``except Exception`` around a whole program reports its failures, whatever they are.
    """
    node: Node | None = statement
    while node is not None:
        if next_sibling(node) is not None:
            return True
        block = node.parent
        node = block.parent if block is not None else None  # None: the module
        if node is not None and node.type.endswith("_clause"):
            node = node.parent
        if node is not None and node.type in {"for_statement", "while_statement"}:
            return True
        if node is not None and node.type == "function_definition":
            name = node.child_by_field_name("name")
            return name is None or name.text != b"main"
    return False


def _suppress_regions(node: Node | None) -> Iterator[Region]:
    call = node.parent if node is not None else None
    while call is not None and call.type == "attribute":
        call = call.parent
    statement = ancestor(call and call.parent, {"with_statement"}, levels=5)
    body = None if statement is None else statement.child_by_field_name("body")
    if call is not None and body is not None:
        names = names_in(*call_parts(call)[1])
        optional = bool(names & _IMPORT_FAILURES)
        yield Region(body.start_byte, body.end_byte, optional=optional, catches=names)
