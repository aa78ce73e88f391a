"""Rules for syntax that Python no longer has: nearly all of it left with Python 2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.python2_statements import STATEMENTS
from condavision.analysis.python_range.rules import (
    PARENTHESES,
    Verdict,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.python_range.scopes import REMOVED_FROM_SCOPES
from condavision.analysis.source.expressions import type_of
from condavision.core.pythons import KNOWN, PythonRange

if TYPE_CHECKING:
    from condavision.analysis.python_range.rules import Candidate

_EXCEPT_NAME = before(3, 0, "except clause with a comma instead of 'as'")
_EXCEPT_SEVERAL = since(3, 14, "except clause with several types and no parentheses (PEP 758)")
_EXCEPT_EITHER = Verdict(
    "except clause with a comma and no parentheses",
    PythonRange.of(minor for minor in KNOWN if minor < (3, 0) or minor >= (3, 14)),
)
_TUPLE_PARAMETER = before(3, 0, "tuple as a parameter")
_NAMING = re.compile(rb"(?:\.|\b(?:def|class|import|as))[ \t]*\Z")
_NO_OPERAND = re.compile(rb"[ \t]*[=,)\]}:;.]")


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


def _raise(found: Candidate) -> bool:
    statement = found.parent("raise_statement", offset=found.match.start())
    if statement is not None:
        return any(child.type == "expression_list" for child in statement.children)
    simple = rb"raise[ \t]+[\w.]+[ \t]*(?:" + PARENTHESES + rb")?[ \t]*,"
    return re.match(simple, found.lexed.code[found.match.start() :]) is not None


def _await(found: Candidate) -> bool:
    code, (start, end) = found.lexed.code, found.match.span()
    return bool(_NAMING.search(code, max(start - 100, 0), start) or _NO_OPERAND.match(code, end))


def _constant_assignment(found: Candidate) -> bool:
    return found.around({"argument_list"}) is None


def _bare_generator(found: Candidate) -> bool:
    """Accept ``f(x for x in y,)`` and ``f(x for x in y, z)``."""
    arguments = found.parent("generator_expression")
    if arguments is None or type_of(arguments.parent) != "call":
        return False
    comma = found.lexed.code.rfind(b",", 0, found.match.end())
    return found.parent("for_in_clause", "generator_expression", offset=comma) is not None


def _bare_tuple(found: Candidate) -> bool:
    clause = found.parent("for_in_clause", offset=found.match.start())
    if clause is None or type_of(clause.parent) != "list_comprehension":
        return False
    return len(clause.children_by_field_name("right")) > 1


REMOVED = (
    *STATEMENTS,
    rule(before(3, 0, "backticks"), rb"`", mark=b"`"),
    rule(before(3, 0, "<> operator"), rb"<>", mark=b"<>"),
    keyword(
        (_EXCEPT_NAME, _EXCEPT_EITHER, _EXCEPT_SEVERAL),
        "except",
        rb"(?:[ \t]+|(?=\())(?:[\w. \t+|\"]|\[[^\]\n]*\]|"
        + PARENTHESES
        + rb")+,(?P<target>[^:\n]*):",
        _except,
    ),
    keyword(
        before(3, 0, "raise statement with a comma"),
        "raise",
        rb"[ \t]+[^\n#;]*?[,(]",
        _raise,
        mark=b",",
    ),
    keyword(_TUPLE_PARAMETER, "def", rb"[ \t]+\w+[ \t]*\((?:[^()\[\]:]*,)?\s*\("),
    keyword(_TUPLE_PARAMETER, "lambda", rb"[ \t]*\*{0,2}(?:[\w \t,=]*,)?[ \t]*\("),
    rule(
        before(3, 0, "assignment to True or False"),
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
    keyword(
        before(3, 0, "list comprehension over a tuple without parentheses"),
        "in",
        rb"(?:[^\n\]\[(){}:,]|" + PARENTHESES + rb"|\[[^\[\]\n]*\])*+,",
        _bare_tuple,
        mark=b"[",
    ),
    rule(
        before(3, 7, "'async' used as a name"),
        rb"async\b(?<!\wasync)(?![ \t]+(?:def|for|with)\b)",
        words="async",
    ),
    rule(before(3, 7, "'await' used as a name"), rb"await\b(?<!\wawait)", _await, words="await"),
    keyword(
        before(3, 7, "generator expression without parentheses followed by a comma"),
        "for",
        rb"[^\n]*,[ \t]*(?:\n[ \t]*)?\)",
        _bare_generator,
    ),
    *REMOVED_FROM_SCOPES,
)
"""Strictest first, so that the later ones are skipped where they cannot narrow."""
