"""Names, literals and displays, computed as far as the text of a script decides them."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import (
    elements,
    literal_number,
    literal_text,
)
from condavision.analysis.parameters.objects import Frame, Function
from condavision.analysis.parameters.standard import BUILTINS
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Argv,
    Call,
    Generic,
    Imported,
    Items,
    Mapping,
    Value,
    is_concrete,
)
from condavision.analysis.source.expressions import (
    Evaluator,
    inner,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.parameters.values import Conditions
    from condavision.core.model import SourceLocation


class Displays(Evaluator[Any]):
    """Computes names, literals and displays in the current frame."""

    frame: Frame
    conditions: Conditions = ()

    def _unknown(self, _node: Node | None) -> Any:
        return UNKNOWN

    def location(self, node: Node) -> SourceLocation:
        """Return the place of a node of the current module."""
        return self.frame.module.locate(node)

    def lookup(self, name: str) -> Any:
        """Return the value of a name, or what Python means by it."""
        frame: Frame | None = self.frame
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.enclosing
        module = self.frame.module.frame
        if name in module.names:
            return module.names[name]
        if name == "__name__" and module.module.name:
            return module.module.name
        if name in BUILTINS:
            return BUILTINS[name]
        for star in module.stars:
            if self.is_known(f"{star}.{name}"):
                return Imported(f"{star}.{name}")
        return Imported(f"builtins.{name}") if hasattr(builtins, name) else UNKNOWN

    def is_known(self, _name: str) -> bool:
        """Return whether a dotted name is one of a library that is read here."""
        return False

    def read_arguments(self, location: SourceLocation) -> None:
        """Note that the script looks at its arguments by itself."""

    def called(self, function: Any, call: Call, node: Node) -> Any:
        """Return what a call returns."""
        raise NotImplementedError

    def function(self, node: Node, name: str) -> Function:
        """Return the function that a definition or a lambda makes."""
        raise NotImplementedError

    def assign(self, target: Node | None, value: Any) -> None:
        """Give the names of a target their values."""
        raise NotImplementedError

    # Names and literals

    def _visit_identifier(self, node: Node) -> Any:
        return self.lookup(text_of(node))

    def _visit_string(self, node: Node) -> Any:
        if not any(it.type == "interpolation" for it in node.named_children):
            return literal_text(text_of(node))
        parts = []
        for part in node.named_children:
            if part.type == "interpolation":
                parts.append(self._interpolated(part))
            elif part.type == "string_content":
                text = text_of(part)
                parts.append(UNKNOWN if "\\" in text else re.sub(r"([{}])\1", r"\1", text))
        return "".join(parts) if all(isinstance(it, str) for it in parts) else UNKNOWN

    def _interpolated(self, node: Node) -> Any:
        value = self.of(node.child_by_field_name("expression"))
        if node.child_by_field_name("format_specifier") is not None or not is_concrete(value):
            return UNKNOWN
        conversion = text_of(node.child_by_field_name("type_conversion"))
        return repr(value) if conversion == "!r" else str(value)

    def _visit_concatenated_string(self, node: Node) -> Any:
        parts = [self.of(it) for it in node.named_children if it.type != "comment"]
        return "".join(parts) if all(isinstance(it, str) for it in parts) else UNKNOWN

    def _visit_integer(self, node: Node) -> Any:
        return literal_number(text_of(node))

    _visit_float = _visit_integer

    def _visit_true(self, _node: Node) -> bool:
        return True

    def _visit_false(self, _node: Node) -> bool:
        return False

    def _visit_none(self, _node: Node) -> None:
        return None

    def _visit_ellipsis(self, _node: Node) -> Any:
        return ...

    def _visit_type(self, node: Node) -> Any:
        return self.of(inner(node))

    # Displays

    def _items(self, node: Node) -> list[Any]:
        found: list[Any] = []
        for child in node.named_children:
            if child.type in {"list_splat", "parenthesized_list_splat"}:
                found += elements(self.of(inner(child))) or [UNKNOWN]
            elif child.type != "comment":
                found.append(self.of(child))
        return found

    def _visit_list(self, node: Node) -> Any:
        items = Items(self._items(node))
        items.conditions = self.conditions
        return items

    def _visit_tuple(self, node: Node) -> Any:
        return tuple(self._items(node))

    _visit_expression_list = _visit_pattern_list = _visit_tuple

    def _visit_set(self, node: Node) -> Any:
        items = self._items(node)
        try:
            return frozenset(items)
        except TypeError:
            return UNKNOWN

    def _visit_dictionary(self, node: Node) -> Any:
        found = Mapping()
        found.conditions = self.conditions
        for child in node.named_children:
            if child.type == "pair":
                key = self.of(child.child_by_field_name("key"))
                value = self.of(child.child_by_field_name("value"))
                found[key if _is_hashable(key) else UNKNOWN] = value
            elif child.type == "dictionary_splat":
                other = self.of(inner(child))
                found.update(other if isinstance(other, dict) else {UNKNOWN: UNKNOWN})
        return found

    def _comprehended(self, node: Node) -> Any:
        clauses = [it for it in node.named_children if it.type in {"for_in_clause", "if_clause"}]
        body = node.child_by_field_name("body")
        found: list[Any] = []
        outer = self.frame
        self.frame = Frame(outer.module, enclosing=outer)
        try:
            is_pair = body is not None and body.type == "pair"
            found += [self._pair(body) if is_pair else self.of(body) for _ in self._rounds(clauses)]
        except _UndecidedError:
            return UNKNOWN
        finally:
            self.frame = outer
        return found

    def _rounds(self, clauses: list[Node]) -> Iterator[None]:
        if not clauses:
            yield
            return
        first, *rest = clauses
        if first.type == "if_clause":
            truth = self.truth(self.of(inner(first)))
            if truth is None:
                raise _UndecidedError
            if truth:
                yield from self._rounds(rest)
            return
        values = elements(self.of(first.child_by_field_name("right")))
        if values is None:
            raise _UndecidedError
        for value in values:
            self.assign(first.child_by_field_name("left"), value)
            yield from self._rounds(rest)

    def _pair(self, node: Any) -> tuple[Any, Any]:
        key = self.of(node.child_by_field_name("key"))
        return key if _is_hashable(key) else UNKNOWN, self.of(node.child_by_field_name("value"))

    def _visit_list_comprehension(self, node: Node) -> Any:
        found = self._comprehended(node)
        return found if found is UNKNOWN else Items(found)

    _visit_generator_expression = _visit_list_comprehension

    def _visit_set_comprehension(self, node: Node) -> Any:
        found = self._comprehended(node)
        known = found is not UNKNOWN and all(map(_is_hashable, found))
        return frozenset(found) if known else UNKNOWN

    def _visit_dictionary_comprehension(self, node: Node) -> Any:
        found = self._comprehended(node)
        return found if found is UNKNOWN else Mapping(found)

    def truth(self, value: Any) -> bool | None:
        """Return whether a value counts as true; None where only a run decides that."""
        if isinstance(value, (Imported, Argv, Generic)) or value is UNKNOWN:
            return None
        if isinstance(value, Value):
            return True
        if isinstance(value, (list, dict, tuple, set, frozenset)) and UNKNOWN in value:
            return None
        return bool(value)


class _UndecidedError(Exception):
    """A comprehension goes over something unknown."""


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
