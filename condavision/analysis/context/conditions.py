"""Deciding conditions on the Python and the platform, such as ``sys.version_info >= (3, 8)``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tree_sitter import Parser

from condavision.analysis.context.contexts import (
    ALL,
    FAMILIES,
    RUNNING,
    UNKNOWN,
    Verdict,
    on_family,
    on_pythons,
)
from condavision.analysis.source.source import language
from condavision.core.pythons import KNOWN, Minor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tree_sitter import Node

__all__ = ["INTERESTING", "judge"]

INTERESTING = {
    literal: re.compile(re.escape(literal) + tail)
    for literal, tail in {
        b"version_info": rb"\b",
        b"hexversion": rb"\b",
        b"sys.version": rb"\b(?!_)",
        b"python_version": rb"",
        b"os.name": rb"\b",
        b"sys.platform": rb"\b",
        b"platform.": rb"(?:system|platform|uname|python_)",
        b"os.uname": rb"\b",
        b"TYPE_CHECKING": rb"\b",
        b"hasattr": rb"\(",
        b"PY": rb"(?:THON)?_?[23]\d*\b",
        b"py2": rb"\d*\b",
        b"py3": rb"\d*k?\b",
        b"py_3": rb"\d*\b",
        b"py_2": rb"\d*\b",
        b"python2": rb"\b",
        b"python3": rb"\b",
        b"if 0": rb"\b",
        b"if False": rb"\b",
        b"if (False": rb"\b",
        b"if None": rb"\b",
    }.items()
}
"""Where in a text a condition may say something about the world: by a literal it begins with."""

_TELLING = re.compile(
    r"version|platform|pypy|os\.name|uname|implementation|system\(\)|\A(?:0|1|True|False|None)\Z"
)
_DEPTH = 40  # of a condition; deeper ones are generated and undecided
_VERSION_FLAG = re.compile(r"(?i)_?(?:is_?)?py(?:thon)?_?([23])(\d*)k?(?:_or_(?:later|newer))?")

# Values that differ by platform: any of the alternatives may be what the running system says.
_PLATFORM_VALUES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "sys.platform": (
        ("linux", "linux2"), ("darwin",), ("win32",),
        ("cygwin", "sunos5", "freebsd13", "aix", "emscripten", "wasi", "java", "os2", "riscos"),
    ),
    "os.name": (("posix",), ("posix",), ("nt",), ("posix", "java", "os2", "ce", "riscos", "mac")),
    "platform.system()": (
        ("Linux",), ("Darwin",), ("Windows",), ("SunOS", "FreeBSD", "Java", "AIX", "CYGWIN_NT-10")
    ),
    "platform.platform()": (
        ("Linux-6.1.0-x86_64-with-glibc2.36",), ("macOS-14.0-arm64", "Darwin-23.0"),
        ("Windows-10-10.0.19045",), ("FreeBSD-13", "SunOS-5.11"),
    ),
}  # fmt: skip
_PLATFORM_VALUES["os.uname()[0]"] = _PLATFORM_VALUES["platform.system()"]
_PLATFORM_VALUES["platform.uname()[0]"] = _PLATFORM_VALUES["platform.system()"]
_PLATFORM_VALUES["os.uname().sysname"] = _PLATFORM_VALUES["platform.system()"]
_PLATFORM_VALUES["platform.uname().system"] = _PLATFORM_VALUES["platform.system()"]

_CONSTANTS: dict[str, Any] = {
    "platform.python_implementation()": "CPython",
    "sys.implementation.name": "cpython",
    "True": True,
    "False": False,
    "None": None,
}
_ALIASES = {
    "version_info": "sys.version_info",
    "_sys.version_info": "sys.version_info",
    "hexversion": "sys.hexversion",
    "python_version_tuple()": "platform.python_version_tuple()",
    "python_version()": "platform.python_version()",
    "_platform.system()": "platform.system()",
}


def judge(node: Node, known: Mapping[str, Verdict], judged: dict[int, Verdict]) -> Verdict:
    """Decide a condition.

    ``known`` are names that the file itself computes from the world; ``judged`` remembers the parts
    by their node's id, so that a chain of thousands is decided link by link.
    """
    return _judge(node, known, judged, _DEPTH)


def _judge(
    node: Node, known: Mapping[str, Verdict], judged: dict[int, Verdict], depth: int
) -> Verdict:
    verdict = judged.get(node.id)
    if verdict is None:
        if depth == 0:
            return UNKNOWN
        verdict = judged[node.id] = _decide(node, known, judged, depth - 1)
    return verdict


def _decide(
    node: Node, known: Mapping[str, Verdict], judged: dict[int, Verdict], depth: int
) -> Verdict:
    match node.type:
        case "parenthesized_expression" if node.named_child_count == 1:
            return _judge(node.named_children[0], known, judged, depth)
        case "not_operator":
            inner = _judge(node.named_children[-1], known, judged, depth)
            return Verdict(inner.false, inner.true)
        case "boolean_operator":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is None or right is None or operator is None:
                return UNKNOWN
            one = _judge(left, known, judged, depth)
            two = _judge(right, known, judged, depth)
            if operator.type == "and":
                return Verdict(one.true & two.true, one.false | two.false)
            return Verdict(one.true | two.true, one.false & two.false)
    text = node.text
    if text is None or len(text) > 300:
        return UNKNOWN
    return _atom(node, text.decode("utf-8", "replace"), known)


def _atom(node: Node, text: str, flags: Mapping[str, Verdict]) -> Verdict:
    if text in flags:
        return flags[text]
    if node.type in {"identifier", "attribute"}:
        name = text.rpartition(".")[2]
        if name == "TYPE_CHECKING":
            return Verdict(ALL & ~RUNNING, RUNNING)
        match = _VERSION_FLAG.fullmatch(name)
        if match:
            return _version_flag(int(match[1]), match[2])
    return _decided(text)


@lru_cache(maxsize=64)
def _version_flag(major: int, minor: str) -> Verdict:
    """Read ``PY2``, ``six.PY3``, ``PY36`` by the convention everybody follows."""
    if not minor:
        mask = on_pythons(sum(1 << bit for bit, known in enumerate(KNOWN) if known[0] == major))
    else:
        wanted = (major, int(minor[:3]))
        if major == 2:
            return UNKNOWN
        mask = on_pythons(sum(1 << bit for bit, known in enumerate(KNOWN) if known >= wanted))
    return Verdict(mask, ALL & ~mask)


@lru_cache(maxsize=1024)
def _decided(text: str) -> Verdict:
    """Decide a comparison, call or constant by trying it in each world."""
    if not _TELLING.search(text):
        return UNKNOWN
    parsed = Parser(language()).parse(text.encode()).root_node
    if parsed.has_error or parsed.named_child_count != 1:
        return UNKNOWN
    statement = parsed.named_children[0]
    if statement.type != "expression_statement" or statement.named_child_count != 1:
        return UNKNOWN
    node = statement.named_children[0]
    names = [name for name in _PLATFORM_VALUES if name in text]
    if names:
        systems = [
            [
                {name: values[at % len(values)] for name, values in chosen.items()}
                for at in range(max(map(len, chosen.values())))
            ]
            for family in range(len(FAMILIES))
            for chosen in [{name: _PLATFORM_VALUES[name][family] for name in names}]
        ]
        return _collect([{_outcome(node, it) for it in system} for system in systems], on_family)
    outcomes = [{_outcome(node, _versions(minor, micro)) for micro in (0, 30)} for minor in KNOWN]
    return _collect(outcomes, lambda bit: on_pythons(1 << bit))


def _collect(outcomes: list[set[bool | None]], plane: Callable[[int], int]) -> Verdict:
    true = false = 0
    for at, found in enumerate(outcomes):
        if found & {True, None}:
            true |= plane(at)
        if found & {False, None}:
            false |= plane(at)
    return Verdict(true, false)


@lru_cache(maxsize=64)
def _versions(minor: Minor, micro: int) -> dict[str, Any]:
    major, second = minor
    dotted = f"{major}.{second}.{micro}"
    return {
        "sys.version_info": (major, second, micro, "final", 0),
        "sys.version_info.major": major,
        "sys.version_info.minor": second,
        "sys.version_info.micro": micro,
        "sys.hexversion": major << 24 | second << 16 | micro << 8 | 0xF0,
        "sys.version": f"{dotted} (main, Jan  1 2026, 00:00:00) [GCC 12.2.0]",
        "platform.python_version()": dotted,
        "platform.python_version_tuple()": (str(major), str(second), str(micro)),
        "platform.python_branch()": "",
    }


class _Undecided(Exception):  # noqa: N818 - not an error: the answer "could be either"
    """An operand that the world says nothing about."""


def _outcome(node: Node, world: Mapping[str, Any]) -> bool | None:
    try:
        return bool(_value(node, world, _DEPTH))
    except (_Undecided, TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    "is": lambda a, b: a == b,
    "is not": lambda a, b: a != b,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}
_ELSEWHERE = re.compile(r"pypy_|pypy_version_info|JYTHON_JAR|_is_jython|subversion")
_FUNCTIONS: dict[bytes | None, Callable[..., Any]] = {
    b"bool": bool,
    b"float": float,
    b"int": int,
    b"len": len,
    b"str": str,
    b"tuple": tuple,
}
_METHODS = {"startswith", "endswith", "lower", "upper", "split", "find", "strip"}


def _value(node: Node, world: Mapping[str, Any], depth: int) -> Any:
    """Compute an expression in one world; only what cannot run anything is computed."""
    text = (node.text or b"").decode()
    name = _ALIASES.get(text, text)
    if name in world:
        return world[name]
    if name in _CONSTANTS:
        return _CONSTANTS[name]
    if depth == 0:
        raise _Undecided
    computed = _COMPUTED.get(node.type)
    if computed is None:
        raise _Undecided
    return computed(node, world, depth - 1)


def _comparison(node: Node, world: Mapping[str, Any], depth: int) -> Any:
    left, operator = _value(node.children[0], world, depth), ""
    for child in node.children[1:]:
        if child.is_named and not child.type.endswith(("in", "not")):
            right = _value(child, world, depth)
            if not _COMPARE[operator.strip()](left, right):
                return False
            left, operator = right, ""
        else:
            operator += f" {child.type}"
    return True


def _subscript(node: Node, world: Mapping[str, Any], depth: int) -> Any:
    value = node.child_by_field_name("value")
    index = node.child_by_field_name("subscript")
    if value is None or index is None:
        raise _Undecided
    whole = _value(value, world, depth)
    if index.type != "slice":
        return whole[_value(index, world, depth)]
    bounds: list[int | None] = [None]
    for child in index.children:
        if child.type == ":":
            bounds.append(None)
        else:
            bounds[-1] = _value(child, world, depth)
    return whole[slice(*bounds)]


def _call(node: Node, world: Mapping[str, Any], depth: int) -> Any:
    function, arguments = (
        node.child_by_field_name("function"),
        node.child_by_field_name("arguments"),
    )
    if function is None or arguments is None:
        raise _Undecided
    if function.text == b"hasattr":
        return _has_attribute((node.text or b"").decode("utf-8", "replace"))
    values = [_value(argument, world, depth) for argument in arguments.named_children]
    if function.text in _FUNCTIONS:
        return _FUNCTIONS[function.text](*values)
    owner, method = (
        function.child_by_field_name("object"),
        function.child_by_field_name("attribute"),
    )
    if owner is None or method is None or (method.text or b"").decode() not in _METHODS:
        raise _Undecided
    return getattr(str(_value(owner, world, depth)), (method.text or b"").decode())(*values)


def _has_attribute(text: str) -> bool:
    """Decide what only other Pythons than CPython have: ``hasattr(sys, "pypy_version_info")``."""
    if _ELSEWHERE.search(text):
        return False
    raise _Undecided


def _string(node: Node, _world: Mapping[str, Any], _depth: int) -> str:
    if any(child.type in {"interpolation", "escape_sequence"} for child in node.named_children):
        raise _Undecided
    return "".join(
        (child.text or b"").decode()
        for child in node.named_children
        if child.type == "string_content"
    )


_COMPUTED: dict[str, Callable[[Node, Mapping[str, Any], int], Any]] = {
    "comparison_operator": _comparison,
    "subscript": _subscript,
    "call": _call,
    "string": _string,
    "integer": lambda node, _w, _d: int((node.text or b"").decode().rstrip("lL"), 0),
    "float": lambda node, _w, _d: float((node.text or b"").decode()),
    "tuple": lambda node, w, d: tuple(_value(child, w, d) for child in node.named_children),
    "list": lambda node, w, d: [_value(child, w, d) for child in node.named_children],
    "set": lambda node, w, d: [_value(child, w, d) for child in node.named_children],
    "parenthesized_expression": lambda node, w, d: _value(node.named_children[0], w, d),
    "not_operator": lambda node, w, d: not _value(node.named_children[-1], w, d),
    "unary_operator": lambda node, w, d: -_value(node.named_children[-1], w, d),
}
