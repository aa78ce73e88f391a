"""Directories that a source adds to ``sys.path``, computed without running it."""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.analysis.records import PathEdit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node, Tree

    from condavision.analysis.source.source import Source

__all__ = ["PathEdit", "path_edits"]


_EDITS = {
    b"path.": re.compile(rb"path\.(?:insert|append|extend)\s*\("),
    b"addsitedir": re.compile(rb"addsitedir\s*\("),
    b"sys.path": re.compile(rb"sys\.path\s*(?:\+=|=(?!=)|\[[:0-9]*\]\s*=)"),
}
_DEPTH = 25
_SAME = {
    "abspath", "absolute", "as_posix", "encode", "expanduser", "fspath", "normcase", "normpath",
    "Path", "PosixPath", "PurePath", "realpath", "resolve", "str", "unicode",
}  # fmt: skip
_FILE_CALLS = {"getfile", "getsourcefile", "currentframe"}
_NAMES = {
    "os.pardir": "..",
    "os.path.pardir": "..",
    "os.curdir": ".",
    "os.path.curdir": ".",
    "os.sep": "/",
    "os.path.sep": "/",
}


def path_edits(source: Source, tree: Tree) -> tuple[PathEdit, ...]:
    """Return the edits of ``sys.path`` whose directory is a literal or comes from ``__file__``."""
    matches = [
        match
        for literal, pattern in _EDITS.items()
        if literal in source.text
        for match in pattern.finditer(source.text)
    ]
    reader = _Reader(source, tree)
    edits: list[PathEdit] = []
    for match in sorted(matches, key=lambda it: it.start()):
        node = tree.root_node.descendant_for_byte_range(match.start(), match.start() + 1)
        edits += reader.edits(node)
    return tuple(dict.fromkeys(edits))


@dataclass(slots=True)
class _Reader:
    source: Source
    tree: Tree

    def edits(self, node: Node | None) -> Iterator[PathEdit]:
        for _ in range(6):
            if node is None or node.type in {"call", "assignment", "augmented_assignment"}:
                break
            node = node.parent
        if node is None:
            return
        if node.type == "call":
            yield from self._call_edits(node)
            return
        right = node.child_by_field_name("right")
        items = _items(right)
        own = next((at for at, it in enumerate(items) if it.text == b"sys.path"), None)
        for at, item in enumerate(items):
            directory = self.value(item)
            if directory is not None:
                front = node.type == "assignment" and (own is None or at < own)
                yield PathEdit(directory, front)

    def _call_edits(self, node: Node) -> Iterator[PathEdit]:
        function, arguments = _parts(node)
        if function is None or not arguments:
            return
        text = (function.text or b"").decode("utf-8", "replace")
        method = text.rpartition(".")[2]
        if method == "addsitedir":
            chosen, front = [arguments[0]], False
        elif text.removesuffix(f".{method}") not in {"sys.path", "path", "_sys.path"}:
            return
        elif method == "insert" and len(arguments) == 2:
            chosen, front = [arguments[1]], arguments[0].text in {b"0", b"1"}
        elif method == "extend":
            chosen, front = _items(arguments[0]), False
        else:
            chosen, front = [arguments[0]], False
        for argument in chosen:
            directory = self.value(argument)
            if directory is not None:
                yield PathEdit(directory, front)

    def value(self, node: Node | None, depth: int = _DEPTH) -> str | None:
        """Compute a path expression; None where it depends on anything but this file's place."""
        if node is None or depth == 0:
            return None
        compute: Callable[[Node, int], str | None] | None = {
            "string": self._string,
            "identifier": self._identifier,
            "attribute": self._attribute,
            "subscript": self._subscript,
            "call": self._call,
            "binary_operator": self._binary,
            "parenthesized_expression": lambda it, d: self.value(it.named_children[0], d),
        }.get(node.type)
        return compute(node, depth - 1) if compute is not None else None

    def _string(self, node: Node, depth: int) -> str | None:
        parts = []
        for child in node.named_children:
            if child.type == "string_content":
                parts.append((child.text or b"").decode("utf-8", "replace"))
            elif child.type == "interpolation" and child.named_child_count == 1:
                value = self.value(child.named_children[0], depth)
                if value is None:
                    return None
                parts.append(value)
        return "".join(parts) or "."

    def _identifier(self, node: Node, depth: int) -> str | None:
        name = node.text or b""
        if name == b"__file__":
            return str(self.source.path)
        assigned = rb"(?m)^[ \t]*" + re.escape(name) + rb"[ \t]*=(?!=)"
        match = re.search(assigned, self.source.text)
        if match is None:
            return None
        token = self.tree.root_node.descendant_for_byte_range(match.end() - 1, match.end())
        while token is not None and token.type != "assignment":
            token = token.parent
        return self.value(token.child_by_field_name("right"), depth) if token is not None else None

    def _attribute(self, node: Node, depth: int) -> str | None:
        text = (node.text or b"").decode("utf-8", "replace")
        if text in _NAMES:
            return _NAMES[text]
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if owner is None or name is None or name.text != b"parent":
            return None
        inner = self.value(owner, depth)
        return None if inner is None else os.path.dirname(os.path.normpath(inner)) or "."  # noqa: PTH120

    def _subscript(self, node: Node, depth: int) -> str | None:
        owner, index = node.child_by_field_name("value"), node.child_by_field_name("subscript")
        if owner is None or index is None or index.type != "integer":
            return None
        if owner.text == b"sys.path":
            return os.path.dirname(self.source.path)  # noqa: PTH120
        if owner.text == b"sys.argv":
            return str(self.source.path)
        inner = owner.child_by_field_name("object")
        if owner.type != "attribute" or not (owner.text or b"").endswith(b".parents"):
            return None
        base = self.value(inner, depth)
        for _ in range(min(int(index.text or b"0") + 1, 50)):
            base = None if base is None else os.path.dirname(os.path.normpath(base))  # noqa: PTH120
        return base

    def _call(self, node: Node, depth: int) -> str | None:
        function, arguments = _parts(node)
        if function is None:
            return None
        name = (function.text or b"").decode("utf-8", "replace").rpartition(".")[2]
        owner = function.child_by_field_name("object") if function.type == "attribute" else None
        if name in _FILE_CALLS:
            return str(self.source.path)
        if name in {"getcwd", "cwd"}:
            return "."
        values = [self.value(it, depth) for it in arguments if it.type != "keyword_argument"]
        if name in {"resolve", "absolute", "as_posix", "expanduser", "joinpath"} and (
            owner is not None and owner.text not in {b"os.path", b"path"}
        ):
            values = [self.value(owner, depth), *values] if name == "joinpath" or not values else []
        known = [it for it in values if it is not None]
        if not known or len(known) != len(values):
            return None
        if name in {"join", "joinpath"} or (name in {"Path", "PurePath"} and len(known) > 1):
            return os.path.join(*known)  # noqa: PTH118
        if name == "dirname":
            return os.path.dirname(known[0]) or "."  # noqa: PTH120
        return known[0] if name in _SAME else None

    def _binary(self, node: Node, depth: int) -> str | None:
        left = self.value(node.child_by_field_name("left"), depth)
        right = self.value(node.child_by_field_name("right"), depth)
        operator = node.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            return None
        if operator.type == "/":
            return os.path.join(left, right)  # noqa: PTH118
        return left + right if operator.type == "+" else None


def _parts(call: Node) -> tuple[Node | None, list[Node]]:
    function, arguments = (
        call.child_by_field_name("function"),
        call.child_by_field_name("arguments"),
    )
    return function, arguments.named_children if arguments is not None else []


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
