"""The names that a module has once it is imported, from its source alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.analysis.records import ModuleNames
from condavision.analysis.source.expressions import text_of
from condavision.analysis.source.import_time import import_time_text
from condavision.analysis.source.source import parse
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.source.source import Source

_OWN_SCOPE = {"class_definition", "function_definition", "lambda"}
_EXTENDED = re.compile(rb"extend_path\s*\([^)]*\)|\b__path__\s*=|declare_namespace")
_CALLED = rb"\b(?:%b)[ \t]*\(|\bexec[ \t]+[\w'\"]"
_ANY_NAME = re.compile(
    rb"\b(?:__getattr__|__dict__)\b|sys\.modules|"
    + _CALLED % b"globals|vars|locals|exec|execfile|eval|setattr"
    # a module that is replaced by one of the names that a dictionary lists
    + rb"|\([ \t]*(?:#.*)?\s*__name__\s*,[^()]*\{"
)
_ANY_MODULE = re.compile(
    rb"\b(?:__path__|meta_path|path_hooks)\b|sys\.modules|" + _CALLED % b"exec|execfile|eval"
)
_GLOBAL = re.compile(rb"(?m)^[ \t]+global[ \t]+([\w, \t]+)")
_IMPLICIT = {
    "__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__", "__package__",
    "__path__", "__spec__", "__dict__", "__class__",
}  # fmt: skip
_MOST_NODES = 200_000


def module_names(source: Source) -> ModuleNames:
    """Return the names of a module; of one that cannot be read, any."""
    try:
        root = parse(replace(source, text=import_time_text(source.text))).root_node
    except AnalysisError:
        return ModuleNames(frozenset(), any_name=True, any_module=True)
    found = set(_IMPLICIT)
    stars = False
    for count, node in enumerate(_top_level(root)):
        if count > _MOST_NODES:
            return ModuleNames(frozenset(), any_name=True, any_module=True)
        if node.type == "wildcard_import":
            stars = True
        found.update(_bound(node))
    for match in _GLOBAL.finditer(source.text):
        found.update(it.strip().decode("utf-8", "replace") for it in match[1].split(b","))
    unread = root.has_error
    plain = _EXTENDED.sub(b"", source.text)
    return ModuleNames(
        frozenset(found),
        any_name=unread or stars or _ANY_NAME.search(source.text) is not None,
        any_module=unread or _ANY_MODULE.search(plain) is not None,
    )


def _top_level(root: Node) -> Iterator[Node]:
    """Yield the nodes whose names are the module's, not those in functions and classes."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if node.type not in _OWN_SCOPE:
            waiting += node.named_children


def _bound(node: Node) -> Iterator[str]:
    match node.type:
        case "function_definition" | "class_definition" | "named_expression":
            yield text_of(node.child_by_field_name("name"))
        case "import_statement" | "import_from_statement":
            for part in node.children_by_field_name("name"):
                alias = part.child_by_field_name("alias")
                name = text_of(alias or part)
                yield name if node.type != "import_statement" else name.partition(".")[0]
        case "assignment" | "augmented_assignment" | "for_statement":
            left = node.child_by_field_name("left")
            yield from _identifiers(left)
            if text_of(left) == "__all__":  # what the module itself says that it has
                yield from _strings(node.child_by_field_name("right"))
        case "as_pattern_target" | "case_pattern" | "type_alias_statement":
            yield from _identifiers(node)
        case "except_clause":  # `except Error, name` of Python 2
            yield from _identifiers(node)


def _identifiers(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.type == "identifier":
            yield text_of(found)
        elif found.type not in {"attribute", "subscript", "block"}:
            waiting += found.named_children


def _strings(node: Node | None) -> Iterator[str]:
    waiting = [node] if node is not None else []
    while waiting:
        found = waiting.pop()
        waiting += found.named_children
        if found.type == "string_content":
            yield text_of(found)
