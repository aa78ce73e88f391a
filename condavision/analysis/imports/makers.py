"""The library whose functions made the value of an expression, where the file itself says it.

``df = pandas.read_csv(path)`` makes ``df["x"].dropna()`` a value of pandas: what its methods and
items return is its own.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.source.bindings import bindings_of
from condavision.analysis.source.expressions import Evaluator, call_parts, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tree_sitter import Node

_MOST = 20  # assignments to one name
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_ANNOTATED = {"assignment", "typed_default_parameter", "typed_parameter"}
_SELF = "="  # of `df` in `df = df.dropna()`


class Makers(Evaluator[str]):
    """Computes who made expressions of one source; empty where that is not known.

    ``imported`` is what each imported name stands for: ``pd`` for ``pandas``. A name has a maker if
    all values that are assigned to it have that, or if its annotation is a class of that.
    """

    deepest = 40

    def __init__(self, text: bytes, root: Node, imported: Mapping[str, str]) -> None:
        super().__init__()
        self.text = text
        self.root = root
        self.imported = imported
        self._known: dict[str, str] = {}

    def _unknown(self, _node: Node | None) -> str:
        return ""

    def _visit_call(self, node: Node) -> str:
        function, _ = call_parts(node)
        return self._library(text_of(function)) or self._owner(function)

    def _visit_attribute(self, node: Node) -> str:
        return "" if self._library(text_of(node)) else self._owner(node)

    def _visit_subscript(self, node: Node) -> str:
        return self.of(node.child_by_field_name("value"))

    def _visit_identifier(self, node: Node) -> str:
        name = text_of(node)
        if name in self.imported:
            return ""
        if name not in self._known:
            self._known[name] = _SELF
            self._known[name] = self._named(name)
        return self._known[name]

    def _named(self, name: str) -> str:
        encoded = name.encode()
        bindings = islice(bindings_of(encoded, self.text, self.root), _MOST)
        makers = {self.of(it.value) for it in bindings if it is not None and it.value is not None}
        annotations = rb"(?<![\w.])" + re.escape(encoded) + rb"[ \t]*:[ \t]*['\"]?([\w.]+)"
        for match in re.finditer(annotations, self.text):
            node = self.root.named_descendant_for_byte_range(match.start(), match.start())
            if node is not None and node.parent is not None and node.parent.type in _ANNOTATED:
                makers.add(self._library(match[1].decode("utf-8", "replace")))
        makers.discard(_SELF)
        return makers.pop() if len(makers) == 1 else ""

    def _owner(self, node: Node | None) -> str:
        """Return who made what an attribute is taken from."""
        return self.of(node.child_by_field_name("object")) if node is not None else ""

    def _library(self, name: str) -> str:
        """Return the library that a dotted name is in, empty if it is not imported."""
        first, _, rest = name.partition(".")
        bound = self.imported.get(first, "") if _DOTTED.fullmatch(name) else ""
        return bound.partition(".")[0] if rest or "." in bound else ""
