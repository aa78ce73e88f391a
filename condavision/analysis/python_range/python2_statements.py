"""``print`` and ``exec``: statements of Python 2, functions and plain names of Python 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import (
    PARENTHESES,
    SCOPES,
    Candidate,
    Verdict,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.source.expressions import ancestor

if TYPE_CHECKING:
    from collections.abc import Callable

_OPERATOR_WORDS = rb"(?!(?:if|in|is|and|or|for|else|as)\b)"
_OPERAND = rb"[ \t]*" + _OPERATOR_WORDS + rb'["\w`{~\x80-\xff]'

_PRINT = before(3, 0, "print statement")
_EXEC = before(3, 0, "exec statement")
_PRINT_FUNCTION = since(3, 0, "print used as a function")
_EXEC_NAME = since(3, 0, "exec used as a name")

_EXPRESSION_BEFORE = re.compile(
    rb"(?:[.=(\[,{+]|\blambda\b[^\n:]*:"
    rb"|\b(?:def|class|import|as|return|not|and|or|else|in|await|yield))[ \t]*\Z"
)
_EXPRESSION_AFTER = re.compile(rb"[ \t]*(?:=(?!=)|[.,)\]])")
_ARGUMENT_NAME = re.compile(rb"[ \t]*=[^=]")


def _print_list(found: Candidate) -> Verdict | None:
    """Accept ``print [x for x in y]``; without ``for`` Python 3 reads an index."""
    node = found.node()
    listed = None if node is None else node.parent
    if listed is None or listed.type != "list_comprehension" or listed.parent is None:
        return None
    return _PRINT if listed.parent.type == "print_statement" else None


def _print_argument(found: Candidate) -> Verdict | None:
    """Accept an argument that the print statement has no place for."""
    node = found.node()
    arguments = ancestor(node, frozenset({"argument_list"}) | SCOPES)
    call = None if arguments is None else arguments.parent
    if arguments is None or call is None or call.type != "call" or node is None:
        return None
    special = node.parent
    if special is None or special.parent is None or special.parent.id != arguments.id:
        return None
    if special.type not in {"keyword_argument", "list_splat", "dictionary_splat"}:
        return None
    function = call.child_by_field_name("function")
    return _PRINT_FUNCTION if function is not None and function.text == b"print" else None


def _used_as_name(verdict: Verdict) -> Callable[[Candidate], Verdict | None]:
    """Accept a word that stands where Python 2 allows no statement."""

    def judge(found: Candidate) -> Verdict | None:
        code, (start, end) = found.lexed.code, found.match.span()
        line = code.rfind(b"\n", 0, start) + 1
        if start == line:
            return None
        before = _EXPRESSION_BEFORE.search(code, max(line, start - 200), start)
        if before is not None:
            is_argument_name = before.group()[:1] in b"(,{" and _ARGUMENT_NAME.match(code, end)
            return None if is_argument_name else verdict
        return verdict if _EXPRESSION_AFTER.match(code, end) else None

    return judge


STATEMENTS = (
    rule(_PRINT, keyword("print", _OPERAND), words="print"),
    rule(_PRINT, keyword("print", rb"[ \t]*\["), _print_list, words="print"),
    rule(_EXEC, keyword("exec", _OPERAND), words="exec"),
)

MEANT_FOR_PYTHON_2 = (
    rule(_PRINT, keyword("print", rb"(?:[ \t]*>>|[ \t]+\[)"), words="print"),
    rule(_EXEC, keyword("exec", rb"[ \t]*" + PARENTHESES + rb"[ \t]*in\b"), words="exec"),
)
"""What Python 3 compiles into an expression that fails; taken only where Python 2 is possible."""

EXEC_NAME = (rule(_EXEC_NAME, rb"exec\b(?<!\wexec)", _used_as_name(_EXEC_NAME), words="exec"),)

PRINT_FUNCTION = (
    rule(
        _PRINT_FUNCTION,
        keyword("print", rb"[ \t]*\((?:[^()]|" + PARENTHESES)
        + rb")*?[(,]\s*(?:end|file|sep|flush)\s*=(?!=)",
        _print_argument,
        words="end file sep flush",
    ),
    rule(_PRINT_FUNCTION, keyword("print", rb"[ \t]*\([^()\n]*\*"), _print_argument, mark=b"*"),
    rule(_PRINT_FUNCTION, rb"print\b(?<!\wprint)", _used_as_name(_PRINT_FUNCTION), words="print"),
)
"""For files with ``print`` and no ``from __future__ import print_function``."""
