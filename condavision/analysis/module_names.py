"""The names that a module has once it is imported, from its source alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.analysis.records import ModuleNames
from condavision.analysis.source.expressions import (
    comparison,
    operands,
    string_parts,
    text_of,
    type_of,
)
from condavision.analysis.source.import_time import import_time_text
from condavision.analysis.source.lexing import TOKEN
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
    rb"\b__getattr__\b|sys\.modules|\b(?<!self\.)(?<!cls\.)__dict__\b"
    # of an object that is no module, they bring it no name; a module is its own by its `__name__`
    rb"|\bvars[ \t]*\(\s*\)|\bsetattr[ \t]*\(\s*(?!(?:self|cls)\b)\w+\s*,"
    rb"|(?:\bmodules[ \t]*\[|\b\w*import\w*[ \t]*\()\s*__name__\b|"
    + _CALLED % b"globals|locals|exec|execfile|eval"
    # a module that is replaced by one of the names that a dictionary lists (comments are `""`)
    + rb"|\((?:\s|\"\")*__name__\s*,[^()]*\{"
)
_ANY_MODULE = re.compile(
    rb"\b(?:__path__|meta_path|path_hooks)\b|sys\.modules|" + _CALLED % b"exec|execfile|eval"
)
_READ = re.compile(
    rb"\bin[ \t]+sys\.modules\b(?![ \t]*[.\[])"
    rb"|\bsys\.modules(?:\.get\b|\[[^\[\]\n]*\](?![ \t]*=[^=]))"
)
"""What only looks whether a module was imported."""

_METHOD = re.compile(rb"(?m)^[ \t]+def[ \t]+__getattr__[ \t]*\([ \t]*self\b")
_GETATTR = re.compile(rb"(?m)^def (__getattr__)\((\w+).*\n(?:[ \t]+.*\n?|\n)*")
_GLOBAL = re.compile(rb"(?m)^[ \t]+global[ \t]+([\w, \t]+)")
_IMPLICIT = {
    "__annotations__", "__builtins__", "__cached__", "__doc__", "__file__", "__loader__",
    "__name__", "__package__", "__path__", "__spec__", "__dict__", "__class__",
}  # fmt: skip
_MOST_NODES = 200_000


def module_names(source: Source) -> ModuleNames:
    """Return the names of a module; of one that cannot be read, any."""
    try:
        root = parse(replace(source, text=import_time_text(source.text))).root_node
    except AnalysisError:
        return ModuleNames(frozenset(), any_name=True, any_module=True)
    found = set(_IMPLICIT)
    stars: dict[str, None] = {}
    for count, node in enumerate(_top_level(root)):
        if count > _MOST_NODES:
            return ModuleNames(frozenset(), any_name=True, any_module=True)
        if node.type == "wildcard_import" and node.parent is not None:
            stars[text_of(node.parent.child_by_field_name("module_name"))] = None
        found.update(_bound(node))
    for match in _GLOBAL.finditer(source.text):
        found.update(it.strip().decode("utf-8", "replace") for it in match[1].split(b","))
    known, text = _without_getattr(source)
    found |= known
    unread = root.has_error
    code = TOKEN.sub(b'""', text)
    plain = _READ.sub(b"", _EXTENDED.sub(b"", code))
    return ModuleNames(
        frozenset(found),
        any_name=unread or _ANY_NAME.search(code) is not None,
        any_module=unread or _ANY_MODULE.search(plain) is not None,
        stars=(*stars,),
    )


def _without_getattr(source: Source) -> tuple[frozenset[str], bytes]:
    """Return the names that ``__getattr__`` gives a module, and its text without what gives them.

    One that returns where its argument equals a literal, and else raises, gives no others
    (PEP 562); that of a class gives a module none.
    """
    text = _METHOD.sub(b"", source.text)
    match = _GETATTR.search(text)
    if match is None:
        return frozenset(), text
    root = parse(replace(source, text=match[0])).root_node
    body = root.named_children[0].child_by_field_name("body") if root.named_children else None
    if root.has_error or body is None or body.named_children[-1].type != "raise_statement":
        return frozenset(), text
    names: set[str] = set()
    for node in _within(body):
        if node.type in {"return_statement", "yield"}:
            given = _names_given(node, match[2].decode())
            if not given:
                return frozenset(), text
            names |= given
    return frozenset(names), text[: match.start(1)] + text[match.end(1) :]


def _within(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.named_children


def _names_given(node: Node, argument: str) -> set[str]:
    """Return the literals that a condition around a node compares an argument with, if any."""
    below: Node | None = None
    above: Node | None = node
    while above is not None:
        if above.type in {"if_statement", "elif_clause"} and type_of(below) == "block":
            found = _equal(above.child_by_field_name("condition"), argument)
            if found:
                return found
        below, above = above, above.parent
    return set()


def _equal(condition: Node | None, argument: str) -> set[str]:
    """Return the literals one of which a name equals if a condition holds; none of another one."""
    if type_of(condition) == "boolean_operator":
        left, operator, right = operands(condition)  # type: ignore[arg-type]
        one, other = _equal(left, argument), _equal(right, argument)
        return one | other if (one and other) or operator == "and" else set()
    if condition is None or condition.type != "comparison_operator":
        return set()
    (left, *others), operators = comparison(condition)
    if text_of(left) != argument or len(others) != 1:
        return set()
    listed = operators == ["in"] and others[0].type in {"tuple", "list", "set"}
    literals = others[0].named_children if listed else others
    if not (listed or operators == ["=="]) or any(it.type != "string" for it in literals):
        return set()
    return {str(part) for it in literals for part in string_parts(it)}


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
