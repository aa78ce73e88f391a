"""Rules for syntax that Python no longer has: nearly all of it left with Python 2."""

from __future__ import annotations

import re

from condavision.analysis.python_range.python2_statements import STATEMENTS
from condavision.analysis.python_range.rules import (
    PARENTHESES,
    Candidate,
    Verdict,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.python_range.scopes import REMOVED_FROM_SCOPES
from condavision.analysis.source.expressions import ancestor
from condavision.core.pythons import KNOWN, PythonRange

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
_CONSTANT_ASSIGNMENT = before(3, 0, "assignment to True or False")
_NAMING = re.compile(rb"(?:\.|\b(?:def|class|import|as))[ \t]*\Z")
_NO_OPERAND = re.compile(rb"[ \t]*[=,)\]}:;.]")
_BARE_TUPLE = before(3, 0, "list comprehension over a tuple without parentheses")
_BARE_GENERATOR = before(3, 7, "generator expression without parentheses followed by a comma")


def _except(found: Candidate) -> Verdict | None:
    """Distinguish Python 2's ``except Type, name`` from PEP 758's ``except Type, Type``."""
    target = found.match["target"].strip()
    if target[:1] in {b"(", b"["}:  # Python 2 unpacks the exception; types are not written so
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
    simple = rb"raise[ \t]+[\w.]+[ \t]*(?:" + PARENTHESES + rb")?[ \t]*,"
    return _RAISE if re.match(simple, found.lexed.code[found.match.start() :]) else None


def _await(found: Candidate) -> Verdict | None:
    code, (start, end) = found.lexed.code, found.match.span()
    named = _NAMING.search(code, max(start - 100, 0), start) or _NO_OPERAND.match(code, end)
    return _AWAIT_NAME if named else None


def _constant_assignment(found: Candidate) -> Verdict | None:
    return None if ancestor(found.node(), {"argument_list"}) else _CONSTANT_ASSIGNMENT


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


REMOVED = (
    *STATEMENTS,
    rule(before(3, 0, "backticks"), rb"`", mark=b"`"),
    rule(before(3, 0, "<> operator"), rb"<>", mark=b"<>"),
    rule(
        (_EXCEPT_NAME, _EXCEPT_EITHER, _EXCEPT_SEVERAL),
        keyword("except", rb"(?:[ \t]+|(?=\())(?:[\w. \t+|\"]|\[[^\]\n]*\]|")
        + PARENTHESES
        + rb")+,(?P<target>[^:\n]*):",
        _except,
        words="except",
    ),
    rule(_RAISE, keyword("raise", rb"[ \t]+[^\n#;]*?[,(]"), _raise, words="raise", mark=b","),
    rule(
        _TUPLE_PARAMETER,
        keyword("def", rb"[ \t]+\w+[ \t]*\((?:[^()\[\]:]*,)?\s*\("),
        words="def",
    ),
    rule(
        _TUPLE_PARAMETER,
        keyword("lambda", rb"[ \t]*\*{0,2}(?:[\w \t,=]*,)?[ \t]*\("),
        words="lambda",
    ),
    rule(
        _CONSTANT_ASSIGNMENT,
        rb"(?:True|False)[ \t]*(?:,[ \t]*\w+[ \t]*)*=(?!=)",
        _constant_assignment,
        words="True False",
        line=True,
    ),
    rule(
        before(3, 0, "True, False or None as an attribute"),
        rb"\.(?:True|False|None)\b(?<!\d\.True)(?<!\d\.None)(?<!\d\.False)",
        words="True False None",
    ),
    rule(
        _BARE_TUPLE,
        keyword("in", rb"(?:[^\n\]\[(){}:,]|") + PARENTHESES + rb"|\[[^\[\]\n]*\])*+,",
        _bare_tuple,
        words="in",
        mark=b"[",
    ),
    rule(_ASYNC_NAME, rb"async\b(?<!\wasync)(?![ \t]+(?:def|for|with)\b)", words="async"),
    rule(_AWAIT_NAME, rb"await\b(?<!\wawait)", _await, words="await"),
    rule(
        _BARE_GENERATOR,
        keyword("for", rb"[^\n]*,[ \t]*(?:\n[ \t]*)?\)"),
        _bare_generator,
        words="for",
    ),
    *REMOVED_FROM_SCOPES,
)
"""Strictest first, so that the later ones are skipped where they cannot narrow."""
