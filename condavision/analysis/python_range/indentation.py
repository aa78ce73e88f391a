"""Whether the indentation of each line is unambiguous to Python 3.

Python 2 counts a tab as up to eight columns. Python 3 demands that comparing two indentations gives
the same answer whether a tab is eight columns or one, and refuses the file otherwise.
"""

from __future__ import annotations

import re

_STEP = re.compile(rb"\n([ \t\f]*)(?=([^\s]?))|[(\[{]|[)\]}]")


def inconsistent_tabs(code: bytes) -> int | None:
    """Return the offset of the first line that Python 3 refuses, None if there is none.

    ``code`` has strings, comments and continuations blanked (:class:`Lexed`).
    """
    if b"\n\t" not in code and not re.search(rb"\n +\t", code):
        return None
    if b"\n " not in code and b"\t " not in code:
        return None
    stack = [(0, 0)]
    depth = 0
    for step in _STEP.finditer(b"\n" + code):
        token = step.group()
        if token in {b"(", b"[", b"{"}:
            depth += 1
        elif token in {b")", b"]", b"}"}:
            depth = max(depth - 1, 0)
        elif not depth and step.group(2):
            column, alternative = _columns(step.group(1))
            while column < stack[-1][0]:
                stack.pop()
            if column == stack[-1][0]:
                if alternative != stack[-1][1]:
                    return step.start()
            elif alternative <= stack[-1][1]:
                return step.start()
            else:
                stack.append((column, alternative))
    return None


def _columns(indent: bytes) -> tuple[int, int]:
    """Return the column of an indentation with tabs of eight and of one (CPython's tokenizer)."""
    column = alternative = 0
    for byte in indent:
        if byte == 0x20:
            column += 1
            alternative += 1
        elif byte == 0x09:
            column = (column // 8 + 1) * 8
            alternative += 1
        else:  # a form feed starts the line anew
            column = alternative = 0
    return column, alternative
