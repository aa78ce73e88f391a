"""Which definitions of a module its own run leads to, and the statements around a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.context.statements import is_caught
from condavision.analysis.records import IMPORT_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

DEFINITIONS = {"function_definition", "class_definition"}

_CLIMB = 200
_PART = re.compile(rb"[\w.]")


def reached(text: bytes, root: Node) -> frozenset[bytes]:
    """Return the definitions of a module that its own run leads to."""
    spans = sorted(_definitions(root))
    names = sorted({name for _, _, name in spans})
    word = rb"(?:" + rb"|".join(re.escape(name) for name in names) + rb")"
    leads: dict[bytes, set[bytes]] = {}
    for match in standing_alone(word, text) if names else ():
        holder = b""
        for start, end, name in spans:
            if start <= match.start() < end:
                holder = name
                break
        if match[0] != holder and _is_run(root, match):
            leads.setdefault(holder, set()).add(match[0])
    found: set[bytes] = set()
    pending = {b""}
    while pending:
        name = pending.pop()
        found.add(name)
        pending |= leads.get(name, set()) - found
    return frozenset(found)


def _definitions(root: Node) -> Iterator[tuple[int, int, bytes]]:
    for child in root.named_children:
        inner = child
        if child.type == "decorated_definition":
            inner = child.child_by_field_name("definition") or child
        name = inner.child_by_field_name("name") if inner.type in DEFINITIONS else None
        if name is not None:
            yield child.start_byte, child.end_byte, name.text or b""


def _is_run(root: Node, match: re.Match[bytes]) -> bool:
    """Return whether a name is used, and not where a missing module is expected."""
    node = root.descendant_for_byte_range(match.start(), match.end())
    if node is None or node.type != "identifier":
        return False
    child = node
    for ancestor in ancestors(node):
        if is_caught(child, ancestor, IMPORT_ERRORS):
            return False
        child = ancestor
    return True


def standing_alone(word: bytes, text: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the places of names that are not attributes.

    What precedes is looked at last: an expression is found fast only if it begins with literals.
    """
    for match in re.finditer(word + rb"(?!\w)", text):
        if not _PART.match(text, match.start() - 1 if match.start() else len(text)):
            yield match


def ancestors(node: Node) -> Iterator[Node]:
    """Yield the nodes around a node, from the innermost to below the module."""
    parent = node.parent
    for _ in range(_CLIMB):
        if parent is None or parent.type == "module":
            return
        yield parent
        parent = parent.parent
