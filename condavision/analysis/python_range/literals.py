"""What string literals, numbers, the encoding and ``__future__`` say about the range of Pythons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import Claim, Verdict, before, since
from condavision.analysis.source.lexing import field_features, quote_and_body
from condavision.core.pythons import KNOWN, PythonRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from condavision.analysis.source.lexing import Lexed

_PREFIXES = {
    b"ur": before(3, 0, "string prefix ur"),
    b"rb": since(3, 3, "string prefix rb"),
    b"u": Verdict(
        "string prefix u", PythonRange.of(minor for minor in KNOWN if not (3, 0) <= minor < (3, 3))
    ),
    **dict.fromkeys([b"f", b"fr", b"rf"], since(3, 6, "f-string")),
    **dict.fromkeys([b"t", b"tr", b"rt"], since(3, 14, "t-string (PEP 750)")),
}
_FEATURES = {
    "=": since(3, 8, "= in an f-string"),
    "await": since(3, 7, "await in an f-string"),
    "\\": since(3, 12, "backslash inside an f-string field (PEP 701)"),
    "#": since(3, 12, "comment inside an f-string field (PEP 701)"),
    "nesting": since(3, 12, "format specification nested twice in an f-string (PEP 701)"),
}
_REUSED_QUOTES = since(3, 12, "f-string that reuses its quotes (PEP 701)")

_OCTAL = before(3, 0, "octal number without 0o")
_LONG = before(3, 0, "long integer (L suffix)")
_UNDERSCORE = since(3, 6, "underscore in a number")
_NUMBER = re.compile(
    rb"(?P<long>(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9][0-9]*)[lL])"
    rb"|(?P<octal>0[0-9]*[1-9][0-9]*)"
    rb"|(?P<underscore>[0-9][0-9a-fA-FxXoOjJeE]*_[0-9a-fA-F_jJeE]*)"
)

_OCTAL_NUMBER = re.compile(rb"(?<![\w.])(?<![\d.][eE][+-])0[0-9]*[1-9][0-9]*(?![\w.])")
_NUMBERS: dict[str | None, Verdict] = {"long": _LONG, "underscore": _UNDERSCORE}
_WITH_DIGITS = re.compile(rb"(?<!\w)[0-9]\w+")
_DIGITS = frozenset(b"0123456789")

_NON_ASCII_BYTES = before(3, 0, "bytes literal with non-ASCII characters")
_ESCAPE = before(3, 0, "incomplete \\u, \\U or \\N escape in a string without prefix")
_MIXED = before(3, 0, "bytes and text literals joined")
_RAW_ESCAPE = since(3, 0, "incomplete \\u or \\U escape in a raw string under unicode_literals")
_ESCAPED = re.compile(
    rb"\\(?:(?P<good>u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|U0010[0-9a-fA-F]{4}|N\{[^{}]+\})|[uUN])"
)
_NEXT_LITERAL = re.compile(rb'\s*(?:[uU]|[fF][rR]?|[rR][fF]?)?"')

_NON_ASCII_NAME = since(3, 0, "name with non-ASCII characters")

_FUTURE = re.compile(
    rb"(?:\A|[\n;])[ \t]*from[ \t]+__future__[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n;]*)"
)
_FEATURE_SINCE = {
    b"annotations": since(3, 7, "from __future__ import annotations"),
    b"generator_stop": since(3, 5, "from __future__ import generator_stop"),
    b"barry_as_FLUFL": since(3, 1, "from __future__ import barry_as_FLUFL"),
}


def future_features(lexed: Lexed) -> dict[bytes, int]:
    """Return the features that the source imports from ``__future__``, with their offsets."""
    if b"__future__" not in lexed.words:
        return {}
    features: dict[bytes, int] = {}
    for statement in _FUTURE.finditer(lexed.code):
        for name in re.finditer(rb"\w+", statement["names"]):
            features.setdefault(name.group(), statement.start("names") + name.start())
    return features


def literal_claims(
    lexed: Lexed, root: Node, features: dict[bytes, int], possible: Callable[[Verdict], bool]
) -> Iterator[Claim]:
    """Yield what the literals of a source say, in no particular order.

    ``possible`` returns whether a verdict can narrow; costly checks run only then.
    """
    for name, offset in features.items():
        if name in _FEATURE_SINCE:
            yield Claim(offset, _FEATURE_SINCE[name])
    yield from _prefixes(lexed)
    yield from _numbers(lexed)
    if not lexed.source.isascii():
        yield from _non_ascii(lexed)
    if b"unicode_literals" not in features:
        if possible(_ESCAPE):
            yield from _escapes(lexed)
    elif possible(_RAW_ESCAPE):
        yield from _raw_escapes(lexed)
    if possible(_MIXED):
        yield from _mixed(lexed, root)


def _prefixes(lexed: Lexed) -> Iterator[Claim]:
    seen: set[bytes | str] = set()
    for literal in lexed.prefixed:
        prefix = literal.prefix
        if prefix in _PREFIXES and prefix not in seen:
            seen.add(prefix)
            yield Claim(literal.start, _PREFIXES[prefix])
        if b"f" in prefix:
            text = lexed.source[literal.start : literal.end]
            features = field_features(text)
            if features is None:
                features = frozenset()
                if "quotes" not in seen:
                    seen.add("quotes")
                    yield Claim(literal.start, _REUSED_QUOTES)
            for feature in features - seen:
                seen.add(feature)
                yield Claim(literal.start, _FEATURES[feature])
            if "quotes" not in seen and lexed.nested and _reuses(text):
                seen.add("quotes")
                yield Claim(literal.start, _REUSED_QUOTES)


def _reuses(text: bytes) -> bool:
    quote, inside = quote_and_body(text)
    return quote in re.sub(rb"\\.", b"", inside) or (len(quote) == 1 and b"\n" in inside)


def _numbers(lexed: Lexed) -> list[Claim]:
    """Find the first number of each kind, in order."""
    numbers = [word for word in lexed.words if word[0] in _DIGITS and len(word) > 1]
    kinds = {match.lastgroup for match in map(_NUMBER.fullmatch, numbers) if match}
    found = []
    if "octal" in kinds:  # or the digits of a float after its point
        place = _OCTAL_NUMBER.search(lexed.code)
        if place is not None:
            found.append(Claim(place.start(), _OCTAL))
        kinds.discard("octal")
    for word in _WITH_DIGITS.finditer(lexed.code) if kinds else ():
        number = _NUMBER.fullmatch(word.group())
        if number is not None and number.lastgroup in kinds:
            found.append(Claim(word.start(), _NUMBERS[number.lastgroup]))
            kinds.discard(number.lastgroup)
            if not kinds:
                break
    return sorted(found, key=lambda it: it.offset)


def _non_ascii(lexed: Lexed) -> Iterator[Claim]:
    if not lexed.code.isascii():
        place = re.search(rb"[\x80-\xff]+", lexed.code)
        if place is not None and place.group() != b"\xef\xbb\xbf":
            yield Claim(place.start(), _NON_ASCII_NAME)
    for literal in lexed.prefixed:
        if (
            literal.prefix in {b"b", b"br"}
            and not lexed.source[literal.start : literal.end].isascii()
        ):
            yield Claim(literal.start, _NON_ASCII_BYTES)
            return


def _escapes(lexed: Lexed) -> Iterator[Claim]:
    """Find escapes that only a Python 2 byte string leaves alone."""
    prefixed = {literal.start for literal in lexed.prefixed}
    for start, at in _incomplete(lexed):
        if start not in prefixed:
            yield Claim(at, _ESCAPE)
            return


def _raw_escapes(lexed: Lexed) -> Iterator[Claim]:
    """Find escapes that Python 2 reads even in a raw string, where its strings are text."""
    raw = {literal.start for literal in lexed.prefixed if literal.prefix == b"r"}
    for start, at in _incomplete(lexed):
        if start in raw and lexed.source[at + 1] in b"uU":
            yield Claim(at, _RAW_ESCAPE)
            return


def _incomplete(lexed: Lexed) -> Iterator[tuple[int, int]]:
    """Yield where a literal starts and where in it an escape is that names no character."""
    source = lexed.source
    if not any(escape in source for escape in (rb"\u", rb"\U", rb"\N")):
        return
    for escape in _ESCAPED.finditer(source):
        at = escape.start()
        if escape["good"] or lexed.code[at] != 0x22:
            continue
        preceding = source[max(at - 100, 0) : at]
        if (len(preceding) - len(preceding.rstrip(b"\\"))) % 2:
            continue  # the backslash itself is escaped
        start = at
        while start and lexed.code[start - 1] == 0x22:
            start -= 1
        yield start, at


def _mixed(lexed: Lexed, root: Node) -> Iterator[Claim]:
    """Find a bytes literal next to one of text: Python 2 joins them."""
    code = lexed.code
    end = 0  # of the literal before, if it has a prefix
    for literal in lexed.prefixed:
        if b"b" in literal.prefix:
            start = literal.start - len(literal.prefix)
            before = code[max(start - 100, end, 0) : start].rstrip()
            if before.endswith(b'"') or _NEXT_LITERAL.match(code, literal.end):
                node = root.descendant_for_byte_range(literal.start, literal.start + 1)
                if _joined_with_text(node):
                    yield Claim(literal.start, _MIXED)
                    return
        end = literal.end


def _joined_with_text(node: Node | None) -> bool:
    while node is not None and node.type in {"string", "string_start"}:
        node = node.parent
    if node is None or node.type != "concatenated_string":
        return False
    openings = (part.children[0].text for part in node.children if part.type == "string")
    return any(opening is not None and b"b" not in opening.lower() for opening in openings)
