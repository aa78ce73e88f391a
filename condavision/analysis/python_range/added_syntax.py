"""Rules for syntax that came after Python 2.7, newest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import COMPREHENSIONS, SCOPES, keyword, rule, since
from condavision.analysis.python_range.scopes import ADDED_IN_SCOPES
from condavision.analysis.python_range.stars import STARS
from condavision.analysis.source.expressions import ancestor, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from condavision.analysis.python_range.rules import Candidate, Judge, Verdict

_TYPE_DEFAULT = since(3, 13, "default of a type parameter (PEP 696)")
_TYPE_PARAMETERS = since(3, 12, "type parameters (PEP 695)")
_TYPED = (_TYPE_DEFAULT, _TYPE_PARAMETERS)
_INDEX_WALRUS = since(3, 10, "assignment expression without parentheses in an index")
_SET_WALRUS = since(3, 9, "assignment expression without parentheses in a set")
_WALRUS = since(3, 8, "assignment expression")
_ANNOTATED_TUPLE = since(3, 8, "annotated assignment of a tuple or yield without parentheses")
_VARIABLE_ANNOTATION = since(3, 6, "variable annotation")
_NESTED_ASYNC = since(3, 11, "asynchronous comprehension inside a comprehension")
_ASYNC_GENERATOR_EXPRESSION = since(
    3, 7, "asynchronous generator expression outside an async function"
)
_ASYNC_COMPREHENSION = since(3, 6, "asynchronous comprehension")
_ASYNC = since(3, 5, "async function")
_ANNOTATION = since(3, 0, "function annotation")


def _in(*types: str) -> Judge:
    """Accept a match whose last byte lies in a node of one of these types or right below it."""
    return lambda found: bool({type_of(found.node()), type_of(found.parent())} & {*types})


def _type_default(found: Candidate) -> Verdict:
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


def _walrus(found: Candidate) -> Verdict:
    named = found.parent("named_expression")
    bare = {"subscript": _INDEX_WALRUS, "set": _SET_WALRUS, "set_comprehension": _SET_WALRUS}
    return _WALRUS if named is None else bare.get(type_of(named.parent), _WALRUS)


def _with(found: Candidate) -> bool:
    """Accept ``with (a as b, c):``; the parenthesis of an expression is the expression's."""
    clause = found.parent("with_clause", "parenthesized_expression", "tuple")
    if clause is None or clause.type != "with_clause":
        return clause is not None and any(it.type == "as_pattern" for it in clause.children)
    items = [child for child in clause.children if child.type == "with_item"]
    aliased = any(type_of(item.named_child(0)) == "as_pattern" for item in items)
    return len(items) > 1 or aliased or clause.children[-2].type == ","


def _decorator(found: Candidate) -> bool:
    decorator = found.parent("decorator")
    if decorator is None or not decorator.named_children:
        return False
    expression: Node | None = decorator.named_children[0]
    if expression is not None and expression.type == "call":
        expression = expression.child_by_field_name("function")
    while expression is not None and expression.type == "attribute":
        expression = expression.child_by_field_name("object")
    return type_of(expression) not in {"identifier", "ERROR"}


def _annotation(found: Candidate) -> Verdict | None:
    assignment = found.parent("assignment")
    if assignment is None or type_of(found.node()) != ":":
        return None
    bare = type_of(assignment.child_by_field_name("right")) in {"expression_list", "yield"}
    return _ANNOTATED_TUPLE if bare else _VARIABLE_ANNOTATION


def _is_async(node: Node | None) -> bool:
    return node is not None and node.children[0].type == "async"


def _async(found: Candidate) -> Verdict:
    clause = found.around({"for_in_clause", *SCOPES})
    if found.match["kind"] != b"for" or clause is None or clause.type != "for_in_clause":
        return _ASYNC
    comprehension = clause.parent
    function = ancestor(comprehension, SCOPES)
    if type_of(function) != "function_definition" or not _is_async(function):
        return _ASYNC_GENERATOR_EXPRESSION
    outer = ancestor(comprehension and comprehension.parent, COMPREHENSIONS | SCOPES)
    if outer is None or outer.type not in COMPREHENSIONS:
        return _ASYNC_COMPREHENSION
    clauses = (child for child in outer.children if child.type == "for_in_clause")
    fits = type_of(comprehension) == "generator_expression" or any(map(_is_async, clauses))
    return _ASYNC_COMPREHENSION if fits else _NESTED_ASYNC


def _yield(found: Candidate) -> bool:
    function = found.around(SCOPES)
    return type_of(function) == "function_definition" and _is_async(function)


def _class_arguments(found: Candidate) -> bool:
    arguments = found.parent()
    if arguments is None or type_of(arguments.parent) != "class_definition":
        return False
    extended = {"keyword_argument", "list_splat", "dictionary_splat"}
    return any(child.type in extended for child in arguments.children)


def _ellipsis(found: Candidate) -> bool:
    holder = type_of(found.parent())
    return type_of(found.node()) == "ellipsis" and holder not in {"", "subscript", "slice"}


def _annotated_parameter(found: Candidate) -> bool:
    function = found.parent("function_definition", offset=found.match.start())
    parameters = None if function is None else function.child_by_field_name("parameters")
    annotated = {"typed_parameter", "typed_default_parameter"}
    children = () if parameters is None else parameters.children
    return any(child.type in annotated for child in children)


ADDED = (
    keyword(since(3, 15, "lazy import (PEP 810)"), "lazy", rb"[ \t]+(?:import|from)\b", line=True),
    keyword(_TYPED, "def", rb"[ \t]+\w+[ \t]*\[", _type_default),
    keyword(_TYPED, "class", rb"[ \t]+\w+[ \t]*\[", _type_default),
    keyword(_TYPED, "type", rb"[ \t]+\w+[ \t]*\[", _type_default, line=True),
    keyword(since(3, 12, "type alias statement"), "type", rb"[ \t]+\w+[ \t]*=(?!=)", line=True),
    keyword(since(3, 11, "except*"), "except", rb"[ \t]*\*", mark=b"*"),
    rule(
        since(3, 10, "match statement"),
        rb"match\b(?=[^\n])",
        _in("match_statement"),
        words="case",
        line=True,
    ),
    rule((_INDEX_WALRUS, _SET_WALRUS, _WALRUS), rb":=", _walrus, mark=b":="),
    keyword(since(3, 9, "parenthesized context managers"), "with", rb"[ \t]*\(", _with),
    rule(
        since(3, 9, "decorator that is not a dotted name or a call of one (PEP 614)"),
        rb"@(?![ \t]*[\w.]+[ \t]*(?:\n|\((?:[^()\n]|\([^()\n]*\))*\)[ \t]*\n))",
        _decorator,
        mark=b"@",
        line=True,
    ),
    STARS,
    rule(since(3, 8, "positional-only parameters"), rb"/(?=\s*[,):])", _in("positional_separator")),
    rule(
        (_ANNOTATED_TUPLE, _VARIABLE_ANNOTATION),
        rb"(?!else\b|try\b|finally\b|lambda\b)[A-Za-z_(][\w.)]*+[ \t]*+"
        rb"(?:\[[^\n]*\])?[ \t]*+:(?=[ \t]*[^\s:=])",
        _annotation,
        line=True,
    ),
    keyword(
        (_NESTED_ASYNC, _ASYNC_GENERATOR_EXPRESSION, _ASYNC_COMPREHENSION, _ASYNC),
        "async",
        rb"[ \t]+(?P<kind>def|for|with)\b",
        _async,
    ),
    keyword(since(3, 6, "asynchronous generator"), "yield", b"", _yield, words="async"),
    rule(
        since(3, 5, "matrix multiplication operator"),
        rb"@=?(?=[ \t]*[\w(\[\"-])",
        _in("binary_operator", "augmented_assignment"),
        mark=b"@",
    ),
    keyword(since(3, 3, "yield from"), "yield", rb"[ \t]+from\b"),
    *ADDED_IN_SCOPES,
    keyword(since(3, 0, "nonlocal statement"), "nonlocal", rb"[ \t]+\w"),
    rule(_ANNOTATION, rb"->", mark=b"->"),
    keyword(
        _ANNOTATION, "def", rb"[ \t]+\w+[ \t]*\((?:[^():]|\([^()]*\))*+:", _annotated_parameter
    ),
    rule(
        since(3, 0, "raise ... from"),
        rb" from\b(?<=\S from)",
        _in("raise_statement"),
        words="raise",
    ),
    keyword(
        since(3, 0, "keyword argument in a class statement"),
        "class",
        rb"[ \t]+\w+[ \t]*\((?!\s*[\w.]*\s*\))",
        _class_arguments,
    ),
    rule(since(3, 0, "... outside an index"), rb"\.\.\.", _ellipsis, mark=b"..."),
)
"""Newest first, so that the older ones are skipped where they cannot narrow."""
