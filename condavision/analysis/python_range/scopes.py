"""Rules that compilers apply to scopes: what a name is where it stands, not how it is spelt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import (
    COMPREHENSIONS,
    SCOPES,
    Candidate,
    Verdict,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.source.expressions import ancestor, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

_GLOBAL_AFTER = before(3, 6, "global statement after the name was used")
_STAR_IMPORT = before(3, 0, "star import inside a function or class")
_YIELD_IN_COMPREHENSION = before(3, 8, "yield inside a comprehension")
_DELETED = since(3, 2, "del of a variable that an inner function uses")


_GENERATOR_RETURN = since(3, 3, "return with a value in a generator")
_ANNOTATED_GLOBAL = since(3, 8, "annotation of a name that a function above declares global")
_CONTINUE = since(3, 8, "continue inside finally")


def _scope(node: Node | None) -> Node | None:
    """Return the function, lambda or class that ``node`` stands in, None for the module."""
    return ancestor(node, SCOPES - {"module"})


def _global(found: Candidate) -> Verdict | None:
    """Find an earlier use of a global's name in the same scope (an error since 3.6)."""
    statement = found.node(found.match.start())
    scope = _scope(statement)
    if statement is None:
        return None
    code, end = found.lexed.code, found.match.start()
    start = 0 if scope is None else scope.start_byte
    for name in found.match["names"].replace(b",", b" ").split():
        for use in re.finditer(rb"(?<![\w.])" + name + rb"(?!\w)", code[start:end]):
            node = found.node(start + use.start())
            if node is None or node.type != "identifier" or node.parent is None:
                continue
            parent = node.parent
            if parent.type == "global_statement":
                continue
            if parent.type in {"keyword_argument", "default_parameter", "parameters"} and (
                parent.children[0] == node or parent.type == "parameters"
            ):
                continue
            owner = parent.parent if parent.type.endswith("_definition") else parent
            if _same(_scope(owner), scope) and not _in_comprehension(parent, scope):
                return _GLOBAL_AFTER
    return None


def _same(first: Node | None, second: Node | None) -> bool:
    if first is None or second is None:
        return first is second
    return first.id == second.id


def _in_comprehension(node: Node | None, scope: Node | None) -> bool:
    inner = ancestor(node, COMPREHENSIONS | SCOPES)
    return inner is not None and inner.type in COMPREHENSIONS and not _same(inner, scope)


def _star_import(found: Candidate) -> Verdict | None:
    node = found.node()
    inside = _scope(node)
    return None if inside is None or node is None or node.type == "comment" else _STAR_IMPORT


def _yield_in_comprehension(found: Candidate) -> Verdict | None:
    inner = ancestor(found.node(), COMPREHENSIONS | SCOPES)
    if inner is None or inner.type not in COMPREHENSIONS:
        return None
    # the iterable of the first clause belongs to the enclosing scope
    first = next((child for child in inner.children if child.type == "for_in_clause"), None)
    if first is not None and first.start_byte <= found.match.start() < first.end_byte:
        return None
    return _YIELD_IN_COMPREHENSION


def _deleted(found: Candidate) -> Verdict | None:
    """Find a deleted local that a function defined inside reads (an error before 3.2)."""
    node = found.node(found.match.start())
    function = ancestor(node, SCOPES)
    if function is None or function.type != "function_definition":
        return None
    code, start, end = found.lexed.code, function.start_byte, function.end_byte
    body = function.child_by_field_name("body")
    start = start if body is None else body.start_byte
    for name in filter(bytes.isalnum, map(bytes.strip, found.match["names"].split(b","))):
        for use in re.finditer(rb"(?<![\w.])" + name + rb"(?!\w|[ \t]*=(?!=))", code[start:end]):
            inner = ancestor(found.node(start + use.start()), SCOPES | {"generator_expression"})
            if inner is None or inner.id == function.id or inner.type == "class_definition":
                continue
            if not _binds(inner, name):
                return _DELETED
    return None


def _binds(scope: Node, name: bytes) -> bool:
    """Return whether a function, lambda or generator expression has a variable of its own."""
    text = scope.text or b""
    word = rb"(?<![\w.])" + name + rb"\b"
    if scope.type == "generator_expression":
        return re.search(rb"\bfor\b[^:]*?" + word + rb"[^:]*?\bin\b", text) is not None
    parameters = scope.child_by_field_name("parameters")
    if parameters is not None and re.search(word, parameters.text or b""):
        return True
    bound = word + rb"[ \t]*(?:=(?!=)|,)|\b(?:for|as|import|def|class)\b[^\n:=]*" + word
    return re.search(bound, text) is not None


def _generator_return(found: Candidate) -> Verdict | None:
    """Find a ``return value`` in the function of a ``yield`` (an error before 3.3)."""
    function = ancestor(found.node(), SCOPES)
    if function is None or function.type != "function_definition":
        return None
    code, start, end = found.lexed.code, function.start_byte, function.end_byte
    for value in re.finditer(rb"\breturn\b[ \t]*[^\s;]", code[start:end]):
        node = found.node(start + value.start())
        owner = ancestor(node, SCOPES)
        if owner is not None and owner.id == function.id:
            return _GENERATOR_RETURN
    return None


def _annotated_global(found: Candidate) -> Verdict | None:
    code, end = found.lexed.code, found.match.end()
    for name in found.match["names"].replace(b",", b" ").split():
        if re.search(rb"\n%b[ \t]*:(?=[ \t]*[^\s:=])" % name, code[end:]):
            return _ANNOTATED_GLOBAL
    return None


def _continue(found: Candidate) -> Verdict | None:
    stops = frozenset({"for_statement", "while_statement", "finally_clause"}) | SCOPES
    return _CONTINUE if type_of(ancestor(found.node(), stops)) == "finally_clause" else None


REMOVED_FROM_SCOPES = (
    rule(
        _STAR_IMPORT,
        rb"\n[ \t]+from[ \t]+[\w.]+[ \t]+import[ \t]*\*",
        _star_import,
        words="import",
        mark=b"*",
    ),
    rule(
        _GLOBAL_AFTER,
        keyword("global", rb"[ \t]+(?P<names>[\w, \t]+)"),
        _global,
        words="global",
    ),
    rule(
        _YIELD_IN_COMPREHENSION,
        keyword("yield", rb"(?<=[(\[{]yield)"),
        _yield_in_comprehension,
        words="yield",
    ),
)

ADDED_IN_SCOPES = (
    rule(_CONTINUE, keyword("continue"), _continue, words="finally"),
    rule(
        _ANNOTATED_GLOBAL,
        keyword("global", rb"[ \t]+(?P<names>[\w, \t]+)"),
        _annotated_global,
        words="global",
    ),
    rule(_DELETED, keyword("del", rb"[ \t]+(?P<names>[^\n;]+)"), _deleted, words="del"),
    rule(_GENERATOR_RETURN, keyword("yield"), _generator_return, words="return"),
)
