"""Directories that a source adds to ``sys.path``, computed without running it."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING

from condavision.analysis.records import PathEdit
from condavision.analysis.source.bindings import bindings_of
from condavision.analysis.source.expressions import (
    Evaluator,
    ancestor,
    call_parts,
    operands,
    string_parts,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Tree

    from condavision.analysis.source.source import Source

_EDITS = {
    b"path.": re.compile(rb"path\.(?:insert|append|extend)\s*\("),
    b"addsitedir": re.compile(rb"addsitedir\s*\("),
    b"sys.path": re.compile(rb"sys\.path\s*(?:\+=|=(?!=)|\[[:0-9]*\]\s*=)"),
}
_SAME = {
    "abspath", "absolute", "as_posix", "encode", "expanduser", "fspath", "normcase", "normpath",
    "Path", "PosixPath", "PurePath", "realpath", "resolve", "str", "unicode",
}  # fmt: skip
_METHODS = {"resolve", "absolute", "as_posix", "expanduser", "joinpath"}
_FILE_CALLS = {"getfile", "getsourcefile", "currentframe"}
_NAMES = {
    f"{module}.{name}": text
    for module in ("os", "os.path")
    for name, text in (("pardir", ".."), ("curdir", "."), ("sep", "/"))
}


def path_edits(source: Source, tree: Tree) -> tuple[PathEdit, ...]:
    """Return the edits of ``sys.path`` whose directory is a literal or comes from ``__file__``."""
    matches = [
        match
        for literal, pattern in _EDITS.items()
        if literal in source.text
        for match in pattern.finditer(source.text)
    ]
    paths = Paths(source, tree.root_node)
    edits: list[PathEdit] = []
    for match in sorted(matches, key=lambda it: it.start()):
        node = tree.root_node.descendant_for_byte_range(match.start(), match.start() + 1)
        edits += paths.edits(node)
    return tuple(dict.fromkeys(edits))


class Paths(Evaluator["str | None"]):
    """Computes path expressions; None where one depends on anything but this file's place.

    A relative path is one that the source leaves to the working directory.
    """

    deepest = 25

    def __init__(self, source: Source, root: Node) -> None:
        super().__init__()
        self.source = source
        self.root = root

    def edits(self, node: Node | None) -> Iterator[PathEdit]:
        """Yield the edits of the statement around a node."""
        node = ancestor(node, {"call", "assignment", "augmented_assignment"}, levels=6)
        if node is None:
            return
        if node.type == "call":
            yield from self._call_edits(node)
            return
        items = _items(node.child_by_field_name("right"))
        own = next((at for at, it in enumerate(items) if it.text == b"sys.path"), None)
        for at, item in enumerate(items):
            front = node.type == "assignment" and (own is None or at < own)
            yield from self._edit(item, front=front)

    def _call_edits(self, node: Node) -> Iterator[PathEdit]:
        function, arguments = call_parts(node)
        if not arguments:
            return
        owner, _, method = text_of(function).rpartition(".")
        if method != "addsitedir" and owner not in {"sys.path", "path", "_sys.path"}:
            return
        if method == "insert" and len(arguments) == 2:
            yield from self._edit(arguments[1], front=arguments[0].text in {b"0", b"1"})
        else:
            for item in _items(arguments[0]) if method == "extend" else arguments[:1]:
                yield from self._edit(item, front=False)

    def _edit(self, item: Node, *, front: bool) -> Iterator[PathEdit]:
        directory = self.of(item)
        if directory is not None:
            yield PathEdit(directory, front)

    def _unknown(self, _node: Node | None) -> None:
        return None

    def _visit_string(self, node: Node) -> str | None:
        parts = [it if isinstance(it, str) else self.of(it) for it in string_parts(node)]
        return None if None in parts else "".join(filter(None, parts)) or "."

    def _visit_identifier(self, node: Node) -> str | None:
        if node.text == b"__file__":
            return str(self.source.path)
        found = bindings_of(node.text or b"", self.source.text, self.root)
        assigned = (it for it in found if it is not None and it.holder.type == "assignment")
        first = next(assigned, None)
        return self.of(first.value) if first is not None else None

    def _visit_attribute(self, node: Node) -> str | None:
        text = text_of(node)
        if text in _NAMES or not text.endswith(".parent"):
            return _NAMES.get(text)
        return _above(self.of(node.child_by_field_name("object")))

    def _visit_subscript(self, node: Node) -> str | None:
        owner, index = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        if owner is None or index is None or index.type != "integer":
            return None
        if owner.text == b"sys.path":
            return os.path.dirname(self.source.path)  # noqa: PTH120
        if owner.text == b"sys.argv":
            return str(self.source.path)
        if owner.type != "attribute" or not text_of(owner).endswith(".parents"):
            return None
        base = self.of(owner.child_by_field_name("object"))
        for _ in range(min(int(index.text or b"0") + 1, 50)):
            base = _above(base)
        return base

    def _visit_call(self, node: Node) -> str | None:
        function, arguments = call_parts(node)
        name = text_of(function).rpartition(".")[2]
        if name in _FILE_CALLS:
            return str(self.source.path)
        if name in {"getcwd", "cwd"}:
            return "."
        values = [self.of(it) for it in arguments if it.type != "keyword_argument"]
        owner = function.child_by_field_name("object") if function is not None else None
        if name in _METHODS and owner is not None and owner.text not in {b"os.path", b"path"}:
            values = [self.of(owner), *values] if name == "joinpath" or not values else []
        known = [it for it in values if it is not None]
        if not known or len(known) != len(values):
            return None
        if name in {"join", "joinpath"} or (name in {"Path", "PurePath"} and len(known) > 1):
            return os.path.join(*known)  # noqa: PTH118
        if name == "dirname":
            return os.path.dirname(known[0]) or "."  # noqa: PTH120
        return known[0] if name in _SAME else None

    def _visit_binary_operator(self, node: Node) -> str | None:
        left, operator, right = operands(node)
        start, end = self.of(left), self.of(right)
        if start is None or end is None:
            return None
        if operator == "/":
            return os.path.join(start, end)  # noqa: PTH118
        return start + end if operator == "+" else None


def _above(path: str | None) -> str | None:
    return None if path is None else os.path.dirname(os.path.normpath(path)) or "."  # noqa: PTH120


def _items(node: Node | None) -> list[Node]:
    """Return the elements of ``[a, b] + sys.path + [c]``, in their order."""
    pending = [node]
    items: list[Node] = []
    while pending:
        it = pending.pop()
        if it is None:
            continue
        if it.type in {"list", "tuple", "parenthesized_expression"}:
            pending += reversed(it.named_children)
        elif it.type == "binary_operator" and len(items) < 1000:
            pending += [it.child_by_field_name("right"), it.child_by_field_name("left")]
        else:
            items.append(it)
    return items
