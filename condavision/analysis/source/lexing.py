"""The code of a source without its strings and comments, byte for byte in place.

Most rules of ``python_range.syntax`` are regular expressions. Over :attr:`Lexed.code` they cannot
be fooled by a docstring, and they read what the parser leaves as an error, which is exactly the old
and the very new syntax that narrows the range of Pythons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

TOKEN = re.compile(
    rb"#[^\n]*"
    rb'|"""(?:[^"\\]+|\\.|"(?!""))*+(?:"""|\\?\Z)'
    rb"|'''(?:[^'\\]+|\\.|'(?!''))*+(?:'''|\\?\Z)"
    rb'|"(?:[^"\\\n]+|\\\r\n|\\.)*+(?:"|(?=\n)|\\?\Z)'
    rb"|'(?:[^'\\\n]+|\\\r\n|\\.)*+(?:'|(?=\n)|\\?\Z)",
    re.DOTALL,
)
"""A comment or a string literal, without its prefix."""

_ANY_TOKEN = re.compile(TOKEN.pattern + rb"|[\w\x80-\xff]+|[^\s\w]", re.DOTALL)
_PREFIX_LETTERS = frozenset(b"bBfFrRtTuU")
_PREFIX = re.compile(rb"(?<![\w])(?:[bB][rR]?|[rR][bBfFtT]?|[uU][rR]?|[fFtT][rR]?)\Z")
_CONTINUATION = re.compile(rb"\\\r?\n")
_WORD_BYTES = bytes(c if chr(c).isalnum() or c == 0x5F or c >= 0x80 else 0x20 for c in range(256))

# A formatted string whose fields are all of the kind that every f-string grammar reads.
_PLAIN_FIELDS = re.compile(
    rb"[^{}\\]*(?:(?:\{\{|\}\}|\{[\w.\s,()+*/-]+(?:![ars])?(?::[^{}\\]*)?\})[^{}\\]*)*+"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal with a prefix: offsets of its bytes, prefix lowered."""

    start: int
    end: int
    prefix: bytes


@dataclass(frozen=True, slots=True)
class Lexed:
    """A source and its code.

    ``code`` has the length of ``source``: every byte of a string literal after its prefix is a
    double quote, every byte of a comment or of a backslash continuation a space. ``words`` are the
    names, keywords and numbers in it, ``prefixed`` the string literals with a prefix, in order.
    ``nested``: a formatted string reuses its quotes (PEP 701).
    """

    source: bytes
    code: bytes
    words: frozenset[bytes]
    prefixed: tuple[Literal, ...]
    nested: bool

    def line(self, offset: int) -> int:
        """Return the 1-based line of a byte offset."""
        return self.source.count(b"\n", 0, offset) + 1


def count_tokens(source: bytes) -> int:
    """Return about how many tokens a source has, a string or comment being one."""
    return sum(1 for _ in _ANY_TOKEN.finditer(source))


def lex(source: bytes, root: Node) -> Lexed:
    """Blank the strings and comments of ``source``, whose parsed tree is ``root``.

    The tree is used only where a regular expression cannot know where a string ends: in formatted
    strings that hold their own quotes.
    """
    prefixed: list[Literal] = []
    nested = False

    def blank(match: re.Match[bytes]) -> bytes:
        nonlocal nested
        start, end = match.span()
        if source[start] == 0x23:
            return b" " * (end - start)
        if start and source[start - 1] in _PREFIX_LETTERS:
            prefix = _PREFIX.search(source, max(start - 3, 0), start)
            if prefix is not None:
                literal = Literal(start, end, prefix.group().lower())
                prefixed.append(literal)
                if literal.prefix.strip(b"r") in {b"f", b"t"}:
                    nested = nested or field_features(source[start:end]) is None
        return b'"' * (end - start)

    code = TOKEN.sub(blank, source)
    if nested:
        code, prefixed = _blank_by_tree(source, root)
    if b"\\" in code:
        code = _CONTINUATION.sub(lambda match: b" " * len(match.group()), code)
    words = frozenset(code.translate(_WORD_BYTES).split())
    return Lexed(source, code, words, tuple(prefixed), nested)


def _blank_by_tree(source: bytes, root: Node) -> tuple[bytes, list[Literal]]:
    code = bytearray(source)
    prefixed = []
    for node in _strings_and_comments(root):
        start, end = node.start_byte, node.end_byte
        if node.type == "comment":
            code[start:end] = b" " * (end - start)
            continue
        opening = node.children[0].end_byte if node.children else start
        prefix = source[start:opening].rstrip(b"'\"")
        start += len(prefix)
        if prefix:
            prefixed.append(Literal(start, end, prefix.lower()))
        code[start:end] = b'"' * (end - start)
    return bytes(code), prefixed


def _strings_and_comments(root: Node) -> Iterator[Node]:
    """Walk down to the outermost strings and comments, without recursion."""
    cursor = root.walk()
    while True:
        node = cursor.node
        leaf = node is None or node.type in {"string", "comment"}
        if node is not None and leaf:
            yield node
        if not leaf and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def field_features(literal: bytes) -> frozenset[str] | None:
    r"""Return what the replacement fields of a formatted string need beyond Python 3.6.

    ``literal`` starts at its opening quote. The features are ``=`` (specifier, 3.8), ``\\`` and
    ``#`` (PEP 701), ``nesting`` (of format specifications), ``await``. None means that a field is
    still open where the literal ends: it holds the literal's own quotes.
    """
    _, body = quote_and_body(literal)
    if b"await" not in body and _PLAIN_FIELDS.fullmatch(body):
        return frozenset()
    return _FieldScanner(body).scan()


def quote_and_body(literal: bytes) -> tuple[bytes, bytes]:
    """Return what delimits a string literal without its prefix, and what stands in between."""
    quote = literal[: 3 if literal[:3] in {b'"""', b"'''"} and len(literal) >= 6 else 1]
    is_closed = literal.endswith(quote) and len(literal) >= 2 * len(quote)
    return quote, literal[len(quote) : -len(quote) if is_closed else None]


_FIELD_STOPS = re.compile(
    rb"""(?P<string>['"])|(?P<feature>\\|\#|\bawait\b)|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    rb"|[<>!=]=|(?P<equals>=)|(?P<specification>:)"
)
_LITERAL_STOPS = re.compile(rb"[{}\\]")


class _FieldScanner:
    """Reads the replacement fields of one formatted string."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.features: set[str] = set()

    def scan(self) -> frozenset[str] | None:
        position = 0
        while (stop := _LITERAL_STOPS.search(self.body, position)) is not None:
            position = stop.end()
            character = stop.group()
            following = self.body[position : position + 1]
            if character == b"\\":
                if following == b"N" and self.body[position + 1 : position + 2] == b"{":
                    position = self.body.find(b"}", position) + 1 or len(self.body)
                elif following not in {b"{", b"}"}:
                    position += 1
            elif following == character:
                position += 1
            elif character == b"{":
                end = self._expression(position, depth=1)
                if end is None:
                    return None
                position = end
        return frozenset(self.features)

    def _expression(self, position: int, depth: int) -> int | None:
        """Read from after a ``{``; return the offset after its ``}``."""
        brackets = 0
        if depth > 2:
            self.features.add("nesting")
        while (stop := _FIELD_STOPS.search(self.body, position)) is not None:
            position = stop.end()
            match stop.lastgroup:
                case "string":
                    end = self._string(stop.start())
                    if end is None:
                        return None
                    position = end
                case "feature":
                    self.features.add(stop.group().decode())
                    if stop.group() == b"#":
                        position = self.body.find(b"\n", position) + 1 or len(self.body)
                case "open":
                    brackets += 1
                case "close" if brackets:
                    brackets -= 1
                case "close":
                    return position
                case "equals" if not brackets:
                    self.features.add("=")
                case "specification" if not brackets:
                    return self._specification(position, depth)
        return None

    def _specification(self, position: int, depth: int) -> int | None:
        """Read a format specification; return the offset after the ``}`` of its field."""
        while (stop := _LITERAL_STOPS.search(self.body, position)) is not None:
            position = stop.end()
            if stop.group() == b"}":
                return position
            if stop.group() == b"{":
                end = self._expression(position, depth + 1)
                if end is None:
                    return None
                position = end
        return None

    def _string(self, position: int) -> int | None:
        """Read a string literal inside an expression; return the offset after it."""
        quote = self.body[position : position + 1]
        if self.body.startswith(quote * 3, position):
            quote *= 3
        inside = position + len(quote)
        while True:
            end = self.body.find(quote, inside)
            backslash = self.body.find(b"\\", inside, end if end >= 0 else len(self.body))
            if backslash >= 0:
                self.features.add("\\")
                inside = backslash + 2
            elif end < 0:
                return None
            else:
                return end + len(quote)
