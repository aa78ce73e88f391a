"""Rules that compilers apply to scopes: what a name is where it stands, not how it is spelt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import (
    COMPREHENSIONS,
    SCOPES,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.source.expressions import ancestor, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from condavision.analysis.python_range.rules import Candidate

_GLOBAL_NAMES = rb"[ \t]+(?P<names>[\w, \t]+)"


def _scope(node: Node | None) -> Node | None:
    """Return the function, lambda or class that ``node`` stands in, None for the module."""
    return ancestor(node, SCOPES - {"module"})


def _global(found: Candidate) -> bool:
    """Find an earlier use of a global's name in the same scope (an error since 3.6)."""
    scope = _scope(found.node(found.match.start()))
    code, end = found.lexed.code, found.match.start()
    start = 0 if scope is None else scope.start_byte
    for name in found.match["names"].replace(b",", b" ").split():
        for use in re.finditer(rb"(?<![\w.])" + name + rb"(?!\w)", code[start:end]):
            node = found.node(start + use.start())
            if node is None or node.type != "identifier" or node.parent is None:
                continue
            parent = node.parent
            if parent.type in {"global_statement", "dotted_name", "aliased_import"}:
                continue  # imports do not count
            if parent.type in {"keyword_argument", "default_parameter", "parameters"} and (
                parent.children[0] == node or parent.type == "parameters"
            ):
                continue
            owner = parent.parent if parent.type.endswith("_definition") else parent
            inner = ancestor(parent, COMPREHENSIONS | SCOPES)
            if _scope(owner) == scope and type_of(inner) not in COMPREHENSIONS:
                return True
    return False


def _star_import(found: Candidate) -> bool:
    node = found.node()
    return _scope(node) is not None and type_of(node) != "comment"


def _yield_in_comprehension(found: Candidate) -> bool:
    inner = found.around(COMPREHENSIONS | SCOPES)
    if inner is None or inner.type not in COMPREHENSIONS:
        return False
    # the iterable of the first clause belongs to the enclosing scope
    first = next((child for child in inner.children if child.type == "for_in_clause"), None)
    return first is None or not first.start_byte <= found.match.start() < first.end_byte


def _deleted(found: Candidate) -> bool:
    """Find a deleted local that a function defined inside reads (an error before 3.2)."""
    function = found.around(SCOPES, found.match.start())
    if function is None or function.type != "function_definition":
        return False
    code, start, end = found.lexed.code, function.start_byte, function.end_byte
    body = function.child_by_field_name("body")
    start = start if body is None else body.start_byte
    for name in filter(bytes.isalnum, map(bytes.strip, found.match["names"].split(b","))):
        for use in re.finditer(rb"(?<![\w.])" + name + rb"(?!\w|[ \t]*=(?!=))", code[start:end]):
            inner = found.around(SCOPES | {"generator_expression"}, start + use.start())
            if inner is None or inner == function or inner.type == "class_definition":
                continue
            if not _binds(inner, name):
                return True
    return False


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


def _generator_return(found: Candidate) -> bool:
    """Find a ``return value`` in the function of a ``yield`` (an error before 3.3)."""
    function = found.around(SCOPES)
    if function is None or function.type != "function_definition":
        return False
    start = function.start_byte
    code = found.lexed.code[start : function.end_byte]
    values = re.finditer(rb"\breturn\b[ \t]*[^\s;]", code)
    return any(found.around(SCOPES, start + value.start()) == function for value in values)


def _annotated_global(found: Candidate) -> bool:
    below = found.lexed.code[found.match.end() :]
    return any(
        re.search(rb"\n%b[ \t]*:(?=[ \t]*[^\s:=])" % name, below)
        for name in found.match["names"].replace(b",", b" ").split()
    )


def _continue(found: Candidate) -> bool:
    stops = {"for_statement", "while_statement", "finally_clause", *SCOPES}
    return type_of(found.around(stops)) == "finally_clause"


REMOVED_FROM_SCOPES = (
    rule(
        before(3, 0, "star import inside a function or class"),
        rb"\n[ \t]+from[ \t]+[\w.]+[ \t]+import[ \t]*\*",
        _star_import,
        words="import",
        mark=b"*",
    ),
    keyword(
        before(3, 6, "global statement after the name was used"), "global", _GLOBAL_NAMES, _global
    ),
    keyword(
        before(3, 8, "yield inside a comprehension"),
        "yield",
        rb"(?<=[(\[{]yield)",
        _yield_in_comprehension,
    ),
)

ADDED_IN_SCOPES = (
    keyword(since(3, 8, "continue inside finally"), "continue", b"", _continue, words="finally"),
    keyword(
        since(3, 8, "annotation of a name that a function above declares global"),
        "global",
        _GLOBAL_NAMES,
        _annotated_global,
    ),
    keyword(
        since(3, 2, "del of a variable that an inner function uses"),
        "del",
        rb"[ \t]+(?P<names>[^\n;]+)",
        _deleted,
    ),
    keyword(
        since(3, 3, "return with a value in a generator"),
        "yield",
        b"",
        _generator_return,
        words="return",
    ),
)
