"""The part of a source that runs when its module is imported: all but the bodies of functions."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from condavision.analysis.source.lexing import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT = re.compile(
    rb"^(?:(?P<indent>[ \t]*+)(?:async[ \t]++)?def[ \t]"
    rb"|if[ \t]++(?:\w+\.)?TYPE_CHECKING[ \t]*+(?P<typing>:))|(?P<token>%b)" % TOKEN.pattern,
    re.DOTALL | re.MULTILINE,
)
_STRING = rb"""\"(?!\"\")[^\"\\\n]*+\"|'(?!'')[^'\\\n]*+'"""
_FLAT = rb"[^()\[\]{}\"'#]++|#[^\n]*+|%b" % _STRING
_INSIDE = rb"%b|[\[({](?:%b|[\[({](?:%b)*+[\])}])*+[\])}]" % (_FLAT, _FLAT, _FLAT)
_USUAL_HEADER = re.compile(
    rb"\w++\((?:%b)*+\)(?:[^()\[\]{}\"'#:\n]++|%b|\[(?:%b)*+\])*+:" % (_INSIDE, _STRING, _INSIDE)
)
_HEADER = re.compile(rb"[\[({\])}:]|(?:%b)" % TOKEN.pattern, re.DOTALL)
_LINE = rb"(?:[^\n\"'#\\]++|\\.|%b)*+(?:\n|\Z)" % TOKEN.pattern
_BLANK = rb"[ \t\f]*+(?:#[^\n]*+)?(?:\n|(?<!\n)\Z)"
_ELSE = re.compile(rb"el(?:se|if)\b")


def import_time_text(text: bytes, until: int | None = None) -> bytes:
    """Return a text with ``pass`` for the bodies of functions, and nothing in long strings.

    So is the block of ``if TYPE_CHECKING`` at the top. All lines keep their numbers. It needs no
    tree: most of a library is in functions, and parsing all of it takes ten times as long. What
    stands behind the offset ``until`` may be left as it is.
    """
    pieces, at = [], 0
    for start, end, before, after in _left_out(text, len(text) if until is None else until):
        pieces += [text[at:start], before, b"\n" * text.count(b"\n", start, end), after]
        at = end
    return b"".join([*pieces, text[at:]])


def _left_out(text: bytes, until: int) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Yield what is left out, as offsets, and what stands around its line ends instead."""
    at = 0
    while at <= until and (match := _NEXT.search(text, at)) is not None:
        at = match.end()
        if match["token"] is not None:
            if text.startswith((b'"""', b"'''"), match.start()):
                yield match.start(), at, b'"""', b'"""'
            continue
        start = at if match["typing"] else _header_end(text, at)
        if start is None:
            return
        line_end = text.find(b"\n", start) + 1 or len(text)
        if text[start:line_end].partition(b"#")[0].strip():
            end = line_end - text.endswith(b"\n", start, line_end)  # the body is on the same line
        else:
            end = _block(match["indent"] or b"").match(text, line_end).end()  # type: ignore[union-attr]
        if not (match["typing"] and _ELSE.match(text, end)):
            yield start, end, b" pass", b""
        at = max(end, start)


def _header_end(text: bytes, start: int) -> int | None:
    """Return where the body of a function starts: after the first colon outside of brackets."""
    usual = _USUAL_HEADER.match(text, start)
    if usual is not None:
        return usual.end()
    depth = 0
    for match in _HEADER.finditer(text, start):
        token = match[0]
        if token in b"([{":
            depth += 1
        elif token in b")]}":
            depth -= 1
        elif token == b":" and depth <= 0:
            return match.end()
    return None


@cache
def _block(indent: bytes) -> re.Pattern[bytes]:
    """Return an expression for blank lines and those that are indented deeper."""
    return re.compile(rb"(?:%b[ \t]%b|%b)*+" % (indent, _LINE, _BLANK), re.DOTALL)
