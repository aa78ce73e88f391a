"""Rules for syntax that came after Python 2.7, newest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import (
    COMPREHENSIONS,
    SCOPES,
    Candidate,
    Verdict,
    keyword,
    rule,
    since,
)
from condavision.analysis.python_range.scopes import ADDED_IN_SCOPES
from condavision.analysis.python_range.stars import STARS
from condavision.analysis.source.expressions import ancestor, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

_TYPE_DEFAULT = since(3, 13, "default of a type parameter (PEP 696)")
_TYPE_PARAMETERS = since(3, 12, "type parameters (PEP 695)")
_ASYNC_GENERATOR_EXPRESSION = since(
    3, 7, "asynchronous generator expression outside an async function"
)
_NESTED_ASYNC = since(3, 11, "asynchronous comprehension inside a comprehension")
_MATCH = since(3, 10, "match statement")
_INDEX_WALRUS = since(3, 10, "assignment expression without parentheses in an index")
_SET_WALRUS = since(3, 9, "assignment expression without parentheses in a set")
_WITH = since(3, 9, "parenthesized context managers")
_DECORATOR = since(3, 9, "decorator that is not a dotted name or a call of one (PEP 614)")
_WALRUS = since(3, 8, "assignment expression")
_POSITIONAL_ONLY = since(3, 8, "positional-only parameters")
_ANNOTATED_TUPLE = since(3, 8, "annotated assignment of a tuple or yield without parentheses")
_VARIABLE_ANNOTATION = since(3, 6, "variable annotation")
_ASYNC_COMPREHENSION = since(3, 6, "asynchronous comprehension")
_ASYNC_GENERATOR = since(3, 6, "asynchronous generator")
_MATMUL = since(3, 5, "matrix multiplication operator")
_ASYNC = since(3, 5, "async function")
_YIELD_FROM = since(3, 3, "yield from")
_NONLOCAL = since(3, 0, "nonlocal statement")
_ANNOTATION = since(3, 0, "function annotation")
_RAISE_FROM = since(3, 0, "raise ... from")
_CLASS_ARGUMENTS = since(3, 0, "keyword argument in a class statement")
_ELLIPSIS = since(3, 0, "... outside an index")


def _parent_is(*types: str, verdict: Verdict) -> Callable[[Candidate], Verdict | None]:
    """Accept a match whose last byte lies in a node below one of these types."""
    accepted = frozenset(types)

    def judge(found: Candidate) -> Verdict | None:
        node = found.node()
        return verdict if node is not None and type_of(node.parent) in accepted else None

    return judge


def _is(*types: str, verdict: Verdict) -> Callable[[Candidate], Verdict | None]:
    """Accept a match whose last byte lies in a node of one of these types or right below it."""
    accepted = frozenset(types)

    def judge(found: Candidate) -> Verdict | None:
        node = found.node()
        if node is None:
            return None
        return verdict if node.type in accepted or type_of(node.parent) in accepted else None

    return judge


def _type_default(found: Candidate) -> Verdict | None:
    code, depth = found.lexed.code, 0
    for token in re.finditer(rb"[\[({]|[\])}]|(?<![=:<>!])=(?!=)", code[found.match.end() - 1 :]):
        if token.group() in b"[({":
            depth += 1
        elif token.group() in b"])}":
            depth -= 1
            if not depth:
                return _TYPE_PARAMETERS
        elif depth == 1:
            return _TYPE_DEFAULT
    return _TYPE_PARAMETERS


def _walrus(found: Candidate) -> Verdict | None:
    node = found.node()
    named = None if node is None else node.parent
    if named is None or named.type != "named_expression":
        return _WALRUS
    bare = {"subscript": _INDEX_WALRUS, "set": _SET_WALRUS, "set_comprehension": _SET_WALRUS}
    return bare.get(type_of(named.parent), _WALRUS)


def _with(found: Candidate) -> Verdict | None:
    """Accept ``with (a as b, c):``; the parenthesis of an expression is the expression's."""
    node = found.node()
    clause = None if node is None else node.parent
    if clause is None:
        return None
    if clause.type == "with_clause":
        items = [child for child in clause.children if child.type == "with_item"]
        aliased = any(type_of(item.named_child(0)) == "as_pattern" for item in items)
        return _WITH if len(items) > 1 or aliased or clause.children[-2].type == "," else None
    if clause.type in {"parenthesized_expression", "tuple"}:
        return _WITH if any(child.type == "as_pattern" for child in clause.children) else None
    return None


def _decorator(found: Candidate) -> Verdict | None:
    node = found.node()
    decorator = None if node is None else node.parent
    if decorator is None or decorator.type != "decorator" or not decorator.named_children:
        return None
    expression: Node | None = decorator.named_children[0]
    if type_of(expression) == "call" and expression is not None:
        expression = expression.child_by_field_name("function")
    while expression is not None and expression.type == "attribute":
        expression = expression.child_by_field_name("object")
    return None if type_of(expression) in {"identifier", "ERROR"} else _DECORATOR


def _annotation(found: Candidate) -> Verdict | None:
    node = found.node()
    if node is None or node.parent is None:
        return None
    if node.type == ":" and node.parent.type == "assignment":
        right = node.parent.child_by_field_name("right")
        bare = type_of(right) in {"expression_list", "yield"}
        return _ANNOTATED_TUPLE if bare else _VARIABLE_ANNOTATION
    return None


def _async(found: Candidate) -> Verdict | None:
    node = found.node()
    clause = ancestor(node, frozenset({"for_in_clause"}) | SCOPES)
    if found.match["kind"] != b"for" or type_of(clause) != "for_in_clause" or clause is None:
        return _ASYNC
    comprehension = clause.parent
    function = ancestor(comprehension, SCOPES)
    if (
        type_of(function) != "function_definition"
        or function is None
        or (function.children[0].type != "async")
    ):
        return _ASYNC_GENERATOR_EXPRESSION
    outer = None if comprehension is None else comprehension.parent
    outer = ancestor(outer, COMPREHENSIONS | SCOPES)
    if (
        type_of(comprehension) != "generator_expression"
        and outer is not None
        and (outer.type in COMPREHENSIONS)
    ):
        asynchronous = any(
            child.type == "for_in_clause" and child.children[0].type == "async"
            for child in outer.children
        )
        if not asynchronous:
            return _NESTED_ASYNC
    return _ASYNC_COMPREHENSION


def _yield(found: Candidate) -> Verdict | None:
    function = ancestor(found.node(), SCOPES)
    if function is not None and function.type == "function_definition":
        return _ASYNC_GENERATOR if function.children[0].type == "async" else None
    return None


def _class_arguments(found: Candidate) -> Verdict | None:
    node = found.node()
    arguments = None if node is None else node.parent
    if arguments is None or type_of(arguments.parent) != "class_definition":
        return None
    extended = {"keyword_argument", "list_splat", "dictionary_splat"}
    return _CLASS_ARGUMENTS if any(c.type in extended for c in arguments.children) else None


def _ellipsis(found: Candidate) -> Verdict | None:
    node = found.node()
    if node is None or node.type != "ellipsis" or node.parent is None:
        return None
    return None if node.parent.type in {"subscript", "slice"} else _ELLIPSIS


def _annotated_parameter(found: Candidate) -> Verdict | None:
    node = found.node(found.match.start())
    function = None if node is None else node.parent
    if function is None or function.type != "function_definition":
        return None
    parameters = function.child_by_field_name("parameters")
    annotated = {"typed_parameter", "typed_default_parameter"}
    children = () if parameters is None else parameters.children
    return _ANNOTATION if any(child.type in annotated for child in children) else None


ADDED = (
    rule(
        since(3, 15, "lazy import (PEP 810)"),
        rb"lazy[ \t]+(?:import|from)\b",
        words="lazy",
        line=True,
    ),
    rule(
        (_TYPE_DEFAULT, _TYPE_PARAMETERS),
        keyword("def", rb"[ \t]+\w+[ \t]*\["),
        _type_default,
        words="def",
    ),
    rule(
        (_TYPE_DEFAULT, _TYPE_PARAMETERS),
        keyword("class", rb"[ \t]+\w+[ \t]*\["),
        _type_default,
        words="class",
    ),
    rule(
        (_TYPE_DEFAULT, _TYPE_PARAMETERS),
        rb"type[ \t]+\w+[ \t]*\[",
        _type_default,
        words="type",
        line=True,
    ),
    rule(
        since(3, 12, "type alias statement"),
        rb"type[ \t]+\w+[ \t]*=(?!=)",
        words="type",
        line=True,
    ),
    rule(
        since(3, 11, "except*"),
        keyword("except", rb"[ \t]*\*"),
        words="except",
        mark=b"*",
    ),
    rule(
        _MATCH,
        rb"match\b(?=[^\n])",
        _is("match_statement", verdict=_MATCH),
        words="case",
        line=True,
    ),
    rule((_INDEX_WALRUS, _SET_WALRUS, _WALRUS), rb":=", _walrus, mark=b":="),
    rule(_WITH, keyword("with", rb"[ \t]*\("), _with, words="with"),
    rule(
        _DECORATOR,
        rb"@(?![ \t]*[\w.]+[ \t]*(?:\n|\((?:[^()\n]|\([^()\n]*\))*\)[ \t]*\n))",
        _decorator,
        mark=b"@",
        line=True,
    ),
    STARS,
    rule(
        _POSITIONAL_ONLY, rb"/(?=\s*[,):])", _is("positional_separator", verdict=_POSITIONAL_ONLY)
    ),
    rule(
        (_ANNOTATED_TUPLE, _VARIABLE_ANNOTATION),
        rb"(?!else\b|try\b|finally\b|lambda\b)[A-Za-z_(][\w.)]*+[ \t]*+"
        rb"(?:\[[^\n]*\])?[ \t]*+:(?=[ \t]*[^\s:=])",
        _annotation,
        line=True,
    ),
    rule(
        (_NESTED_ASYNC, _ASYNC_GENERATOR_EXPRESSION, _ASYNC_COMPREHENSION, _ASYNC),
        keyword("async", rb"[ \t]+(?P<kind>def|for|with)\b"),
        _async,
        words="async",
    ),
    rule(_ASYNC_GENERATOR, keyword("yield"), _yield, words="async"),
    rule(
        _MATMUL,
        rb"@=?(?=[ \t]*[\w(\[\"-])",
        _parent_is("binary_operator", "augmented_assignment", verdict=_MATMUL),
        mark=b"@",
    ),
    rule(_YIELD_FROM, keyword("yield", rb"[ \t]+from\b"), words="yield"),
    *ADDED_IN_SCOPES,
    rule(_NONLOCAL, keyword("nonlocal", rb"[ \t]+\w"), words="nonlocal"),
    rule(_ANNOTATION, rb"->", mark=b"->"),
    rule(
        _ANNOTATION,
        keyword("def", rb"[ \t]+\w+[ \t]*\((?:[^():]|\([^()]*\))*+:"),
        _annotated_parameter,
        words="def",
    ),
    rule(
        _RAISE_FROM,
        rb" from\b(?<=\S from)",
        _parent_is("raise_statement", verdict=_RAISE_FROM),
        words="raise",
    ),
    rule(
        _CLASS_ARGUMENTS,
        keyword("class", rb"[ \t]+\w+[ \t]*\((?!\s*[\w.]*\s*\))"),
        _class_arguments,
        words="class",
    ),
    rule(_ELLIPSIS, rb"\.\.\.", _ellipsis, mark=b"..."),
)
"""Newest first, so that the older ones are skipped where they cannot narrow."""
