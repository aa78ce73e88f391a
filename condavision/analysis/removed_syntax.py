"""Rules for syntax that Python no longer has: nearly all of it left with Python 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.rules import Candidate, Verdict, before, rule, since
from condavision.pythons import KNOWN, PythonRange

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["MEANT_FOR_PYTHON_2", "REMOVED"]

_OPERATOR_WORDS = rb"(?!(?:if|in|is|and|or|for|else|as)\b)"
_OPERAND = rb"\b[ \t]*" + _OPERATOR_WORDS + rb'["\w`{~\x80-\xff]'
_PARENTHESES = rb"\((?:[^()]|\((?:[^()]|\([^()]*+\))*+\))*+\)"

_PRINT = before(3, 0, "print statement")
_EXEC = before(3, 0, "exec statement")
_EXCEPT_NAME = before(3, 0, "except clause with a comma instead of 'as'")
_EXCEPT_SEVERAL = since(3, 14, "except clause with several types and no parentheses (PEP 758)")
_EXCEPT_EITHER = Verdict(
    "except clause with a comma and no parentheses",
    PythonRange.of(minor for minor in KNOWN if minor < (3, 0) or minor >= (3, 14)),
)
_RAISE = before(3, 0, "raise statement with a comma")
_TUPLE_PARAMETER = before(3, 0, "tuple as a parameter")
_ASYNC_NAME = before(3, 7, "'async' used as a name")
_AWAIT_NAME = before(3, 7, "'await' used as a name")
_GLOBAL_AFTER = before(3, 6, "global statement after the name was used")
_CONSTANT_ASSIGNMENT = before(3, 0, "assignment to True or False")
_BARE_TUPLE = before(3, 0, "list comprehension over a tuple without parentheses")
_STAR_IMPORT = before(3, 0, "star import inside a function or class")
_YIELD_IN_COMPREHENSION = before(3, 8, "yield inside a comprehension")
_BARE_GENERATOR = before(3, 7, "generator expression without parentheses followed by a comma")


def _except(found: Candidate) -> Verdict | None:
    """Tell Python 2's ``except Type, name`` from PEP 758's ``except Type, Type``."""
    target = found.match["target"].strip()
    if target[:1] in {b"(", b"["}:  # Python 2 unpacks the exception, as nobody writes types
        return _EXCEPT_NAME
    if b"," in target:
        return _EXCEPT_SEVERAL
    if not re.fullmatch(rb"[\w.\[\]\"]+", target):
        return None
    last = target.rpartition(b".")[2]
    if last[:1].isupper() and not last.isupper():  # a class by its looks, yet 2.7 would bind it
        return _EXCEPT_EITHER
    return _EXCEPT_NAME


def _raise(found: Candidate) -> Verdict | None:
    node = found.node(found.match.start())
    statement = None if node is None else node.parent
    if statement is not None and statement.type == "raise_statement":
        return _RAISE if any(c.type == "expression_list" for c in statement.children) else None
    simple = rb"raise[ \t]+[\w.]+[ \t]*(?:" + _PARENTHESES + rb")?[ \t]*,"
    return _RAISE if re.match(simple, found.lexed.code[found.match.start() :]) else None


def _scope(node: Node | None) -> Node | None:
    """Return the function, lambda or class that ``node`` stands in, None for the module."""
    while node is not None and node.type not in {
        "function_definition",
        "class_definition",
        "lambda",
    }:
        node = node.parent
    return node


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
    while node is not None and not _same(node, scope):
        if node.type.endswith("comprehension") or node.type == "generator_expression":
            return True
        node = node.parent
    return False


def _constant_assignment(found: Candidate) -> Verdict | None:
    node = found.node()
    while node is not None and node.type != "argument_list":
        node = node.parent
    return _CONSTANT_ASSIGNMENT if node is None else None


def _print_list(found: Candidate) -> Verdict | None:
    """Accept ``print [x for x in y]``; without ``for`` Python 3 reads an index."""
    node = found.node()
    listed = None if node is None else node.parent
    if listed is None or listed.type != "list_comprehension" or listed.parent is None:
        return None
    return _PRINT if listed.parent.type == "print_statement" else None


def _bare_generator(found: Candidate) -> Verdict | None:
    """Accept ``f(x for x in y,)`` and ``f(x for x in y, z)``."""
    node = found.node()
    arguments = None if node is None else node.parent
    if arguments is None or arguments.type != "generator_expression" or arguments.parent is None:
        return None
    comma = found.node(found.lexed.code.rfind(b",", 0, found.match.end()))
    inside = (
        comma is not None
        and comma.parent is not None
        and comma.parent.type in {"for_in_clause", "generator_expression"}
    )
    return _BARE_GENERATOR if inside and arguments.parent.type == "call" else None


def _bare_tuple(found: Candidate) -> Verdict | None:
    node = found.node(found.match.start())
    clause = None if node is None else node.parent
    if clause is None or clause.type != "for_in_clause" or clause.parent is None:
        return None
    if clause.parent.type != "list_comprehension":
        return None
    return _BARE_TUPLE if len(clause.children_by_field_name("right")) > 1 else None


def _star_import(found: Candidate) -> Verdict | None:
    node = found.node()
    inside = _scope(node)
    return None if inside is None or node is None or node.type == "comment" else _STAR_IMPORT


def _yield_in_comprehension(found: Candidate) -> Verdict | None:
    node = found.node()
    child = node
    while node is not None and node.type not in {
        "function_definition",
        "class_definition",
        "lambda",
    }:
        if node.type.endswith("comprehension") or node.type == "generator_expression":
            # the iterable of the first clause belongs to the enclosing scope
            first = next((c for c in node.children if c.type == "for_in_clause"), None)
            if first is None or child is None or first.id != child.id:
                return _YIELD_IN_COMPREHENSION
        child, node = node, node.parent
    return None


REMOVED = (
    rule(_PRINT, rb"(?<![\w.])print" + _OPERAND, words="print"),
    rule(_PRINT, rb"(?<![\w.])print[ \t]*\[", _print_list, words="print"),
    rule(_EXEC, rb"(?<![\w.])exec" + _OPERAND, words="exec"),
    rule(before(3, 0, "backticks"), rb"`", mark=b"`"),
    rule(before(3, 0, "<> operator"), rb"<>", mark=b"<>"),
    rule(
        (_EXCEPT_NAME, _EXCEPT_EITHER, _EXCEPT_SEVERAL),
        rb"\bexcept\b(?:[ \t]+|(?=\())(?:[\w. \t+|\"]|\[[^\]\n]*\]|"
        + _PARENTHESES
        + rb")+,(?P<target>[^:\n]*):",
        _except,
        words="except",
    ),
    rule(_RAISE, rb"\braise\b[ \t]+[^\n#;]*?[,(]", _raise, words="raise", mark=b","),
    rule(
        _TUPLE_PARAMETER,
        rb"\bdef[ \t]+\w+[ \t]*\((?:[^()\[\]:]*,)?\s*\(",
        words="def",
    ),
    rule(_TUPLE_PARAMETER, rb"\blambda\b[ \t]*\*{0,2}(?:[\w \t,=]*,)?[ \t]*\(", words="lambda"),
    rule(
        _CONSTANT_ASSIGNMENT,
        rb"(?:\A|[\n;])[ \t]*(?:True|False)[ \t]*(?:,[ \t]*\w+[ \t]*)*=(?!=)",
        _constant_assignment,
        words="True False",
    ),
    rule(
        before(3, 0, "True, False or None as an attribute"),
        rb"(?<=\.)(?<!\d\.)(?:True|False|None)\b",
        words="True False None",
    ),
    rule(
        _BARE_TUPLE,
        rb"\bin\b(?:[^\n\]\[(){}:,]|" + _PARENTHESES + rb"|\[[^\[\]\n]*\])*+,",
        _bare_tuple,
        words="in",
        mark=b"[",
    ),
    rule(
        _STAR_IMPORT,
        rb"\n[ \t]+from[ \t]+[\w.]+[ \t]+import[ \t]*\*",
        _star_import,
        words="import",
    ),
    rule(_GLOBAL_AFTER, rb"\bglobal[ \t]+(?P<names>[\w, \t]+)", _global, words="global"),
    rule(_ASYNC_NAME, rb"(?<!\w)async\b(?![ \t]+(?:def|for|with)\b)", words="async"),
    rule(
        _AWAIT_NAME,
        rb"(?:\.|\b(?:def|class|import|as))[ \t]*\bawait\b|(?<!\w)await\b[ \t]*[=,)\]}:;.]",
        words="await",
    ),
    rule(_BARE_GENERATOR, rb"\bfor\b[^\n]*,\s*\)", _bare_generator, words="for"),
    rule(_YIELD_IN_COMPREHENSION, rb"[(\[{][ \t]*yield\b", _yield_in_comprehension, words="yield"),
)
"""Strictest first, so that the later ones are skipped where they cannot narrow."""

MEANT_FOR_PYTHON_2 = (
    rule(_PRINT, rb"(?<![\w.])print(?:[ \t]*>>|[ \t]+\[)", words="print"),
    rule(_EXEC, rb"(?<![\w.])exec[ \t]*" + _PARENTHESES + rb"[ \t]*in\b", words="exec"),
)
"""What Python 3 compiles into an expression that fails; taken only where Python 2 is possible."""
