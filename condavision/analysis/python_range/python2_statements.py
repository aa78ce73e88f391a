"""``print`` and ``exec``: statements of Python 2, functions and plain names of Python 3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import (
    PARENTHESES,
    SCOPES,
    before,
    keyword,
    rule,
    since,
)
from condavision.analysis.source.expressions import type_of

if TYPE_CHECKING:
    from condavision.analysis.python_range.rules import Candidate

_OPERATOR_WORDS = rb"(?!(?:if|in|is|and|or|for|else|as)\b)"
_OPERAND = rb"[ \t]*" + _OPERATOR_WORDS + rb'["\w`{~\x80-\xff]'

_PRINT = before(3, 0, "print statement")
_EXEC = before(3, 0, "exec statement")
_PRINT_FUNCTION = since(3, 0, "print used as a function")

_EXPRESSION_BEFORE = re.compile(
    rb"(?:[.=(\[,{+]|\blambda\b[^\n:]*:"
    rb"|\b(?:def|class|import|as|return|not|and|or|else|in|await|yield))[ \t]*\Z"
)
_EXPRESSION_AFTER = re.compile(rb"[ \t]*(?:=(?!=)|[.,)\]])")
_ARGUMENT_NAME = re.compile(rb"[ \t]*=[^=]")


def _print_list(found: Candidate) -> bool:
    """Accept ``print [x for x in y]``; without ``for`` Python 3 reads an index."""
    listed = found.parent("list_comprehension")
    return listed is not None and type_of(listed.parent) == "print_statement"


def _print_argument(found: Candidate) -> bool:
    """Accept an argument that the print statement has no place for."""
    special = found.parent("keyword_argument", "list_splat", "dictionary_splat")
    arguments = found.around({"argument_list", *SCOPES})
    holder = None if special is None else special.parent
    if type_of(holder) == "call" and holder is not None and special == holder.named_children[0]:
        holder = holder.parent  # `*f()` is parsed as a call of `*f`
    if special is None or arguments is None or holder != arguments:
        return False
    call = arguments.parent
    function = None if call is None else call.child_by_field_name("function")
    return type_of(call) == "call" and function is not None and function.text == b"print"


def _used_as_name(found: Candidate) -> bool:
    """Accept a word that stands where Python 2 allows no statement."""
    code, (start, end) = found.lexed.code, found.match.span()
    line = code.rfind(b"\n", 0, start) + 1
    if start == line:
        return False
    before = _EXPRESSION_BEFORE.search(code, max(line, start - 200), start)
    if before is None:
        return _EXPRESSION_AFTER.match(code, end) is not None
    return before.group()[:1] not in b"(,{" or not _ARGUMENT_NAME.match(code, end)


STATEMENTS = (
    keyword(_PRINT, "print", _OPERAND),
    keyword(_PRINT, "print", rb"[ \t]*\[", _print_list),
    keyword(_EXEC, "exec", _OPERAND),
)

MEANT_FOR_PYTHON_2 = (
    keyword(_PRINT, "print", rb"(?:[ \t]*>>|[ \t]+\[)"),
    keyword(_EXEC, "exec", rb"[ \t]*" + PARENTHESES + rb"[ \t]*in\b"),
)
"""What Python 3 compiles into an expression that fails; taken only where Python 2 is possible."""

EXEC_NAME = (
    rule(since(3, 0, "exec used as a name"), rb"exec\b(?<!\wexec)", _used_as_name, words="exec"),
)

PRINT_FUNCTION = (
    keyword(
        _PRINT_FUNCTION,
        "print",
        rb"[ \t]*\((?:[^()]|" + PARENTHESES + rb")*?[(,]\s*(?:end|file|sep|flush)\s*=(?!=)",
        _print_argument,
        words="end file sep flush",
    ),
    keyword(_PRINT_FUNCTION, "print", rb"[ \t]*\([^()\n]*\*", _print_argument, mark=b"*"),
    rule(_PRINT_FUNCTION, rb"print\b(?<!\wprint)", _used_as_name, words="print"),
)
"""For files with ``print`` and no ``from __future__ import print_function``."""
