"""What calls say by the values of their arguments: ``open(path, "rU")`` fails since Python 3.11."""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import guarded, name_claim
from condavision.analysis.python_range.calls import calls_of
from condavision.analysis.source.expressions import call_parts, text_of, type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim

_OPENING = ("open", "io.open", "codecs.open", "fileinput.input", "pathlib.Path.open")
_UNIVERSAL = re.compile(rb"['\"][rbtw+]*U[rbt+]*['\"]")
_PATTERNS = tuple(
    f"re.{name}"
    for name in (
        "compile",
        "findall",
        "finditer",
        "fullmatch",
        "match",
        "search",
        "split",
        "sub",
        "subn",
    )
)
_FLAGS = re.compile(r"(?:\(\?[aiLmsux]+\))+")
_UNESCAPED = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)  # and classes, to be left out
_POSSESSIVE = re.compile(r"(?<![\\(|])[*+?}]\+|\(\?>")
_UNKNOWN_ESCAPE = re.compile(r"\\(?:\\|([CEFGHIJKLMOPQRTVXYceghijklmopqy]))", re.DOTALL)
_BEFORE_3_11 = PythonRange.below(3, 11)
_SINCE_3_11 = PythonRange.at_least(3, 11)
_BEFORE_3_6 = PythonRange.below(3, 6)


def value_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield what the literal arguments of calls say, the first of each kind."""
    if _UNIVERSAL.search(file.lexed.source):
        yield from _first(_modes(file))
    if b"re" in file.lexed.words and any(it.name == "re" for it in file.imports):
        yield from _patterns(file)
    if b"sample" in file.lexed.words:
        yield from _first(_samples(file))
    if b"fromisoformat" in file.lexed.words:
        yield from _first(_instants(file))


def _first(claims: Iterator[Claim]) -> Iterator[Claim]:
    found = next(claims, None)
    if found is not None:
        yield found


def _claim(
    file: NamesOfFile, call: Node, phrase: str, pythons: PythonRange, *errors: str
) -> Iterator[Claim]:
    guard = file.guards.at(call.start_byte)
    if not guarded(guard, *errors):
        yield name_claim(call.start_byte, phrase, pythons, guard)


def _modes(file: NamesOfFile) -> Iterator[Claim]:
    for function in _OPENING:
        for call in calls_of(file, function):
            for argument in call_parts(call)[1][1:]:
                value = argument.child_by_field_name("value") or argument
                if value.type == "string" and _UNIVERSAL.fullmatch(value.text or b""):
                    phrase = f"mode {text_of(value)} of {function}"
                    yield from _claim(file, call, phrase, _BEFORE_3_11, "ValueError")


def _patterns(file: NamesOfFile) -> Iterator[Claim]:
    seen: set[str] = set()
    for function in _PATTERNS:
        for call in calls_of(file, function):
            arguments = call_parts(call)[1]
            pattern = _literal(arguments[0]) if arguments else None
            for phrase, pythons in _of_pattern(pattern) if pattern else ():
                if phrase not in seen:
                    seen.add(phrase)
                    yield from _claim(file, call, phrase, pythons, "error")


def _of_pattern(pattern: str) -> Iterator[tuple[str, PythonRange]]:
    leading = _FLAGS.match(pattern)
    rest = pattern[leading.end() if leading else 0 :]
    bare = _UNESCAPED.sub(lambda it: "_" * len(it[0]), rest)
    if "#" in bare and "\n" in bare:
        return  # of the verbose kind, with comments
    inner = _FLAGS.search(bare)
    if inner is not None and bare[: inner.start()].strip():
        yield "flags inside a regular expression", _BEFORE_3_11
    if _POSSESSIVE.search(bare):
        yield "possessive quantifier or atomic group in a regular expression", _SINCE_3_11
    unknown = {it[1] for it in _UNKNOWN_ESCAPE.finditer(rest) if it[1]}
    if unknown:
        yield f"escape \\{min(unknown)} in a regular expression", _BEFORE_3_6


def _literal(node: Node) -> str | None:
    """Return the value of a string literal; None of a formatted one, and of other values."""
    if node.type not in {"string", "concatenated_string"}:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text_of(node))
    except (SyntaxError, ValueError):
        return None
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _samples(file: NamesOfFile) -> Iterator[Claim]:
    for call in calls_of(file, "random.sample"):
        arguments = call_parts(call)[1]
        first = arguments[0] if arguments else None
        is_call = type_of(first) == "call" and first is not None
        made = text_of(call_parts(first)[0]) if is_call and first is not None else ""
        if type_of(first) in {"set", "set_comprehension"} or made in {"set", "frozenset"}:
            yield from _claim(file, call, "random.sample of a set", _BEFORE_3_11, "TypeError")


def _instants(file: NamesOfFile) -> Iterator[Claim]:
    for call in calls_of(file, "datetime.datetime.fromisoformat"):
        arguments = call_parts(call)[1]
        text = _literal(arguments[0]) if arguments else None
        if text is not None and text.endswith("Z"):
            phrase = "Z in datetime.fromisoformat"
            yield from _claim(file, call, phrase, _SINCE_3_11, "ValueError")
