"""Deciding conditions on the Python and the platform, such as ``sys.version_info >= (3, 8)``."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from tree_sitter import Parser

from condavision.analysis.context.conditions import Conditions
from condavision.analysis.context.contexts import (
    ALL,
    FAMILIES,
    RUNNING,
    UNKNOWN,
    Truth,
    on_family,
    on_pythons,
)
from condavision.analysis.source.bindings import named_value
from condavision.analysis.source.expressions import (
    Evaluator,
    call_parts,
    comparison,
    string_parts,
    text_of,
)
from condavision.analysis.source.source import language
from condavision.core.pythons import KNOWN, Minor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tree_sitter import Node

INTERESTING = {
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
    **dict.fromkeys((b"python2", b"python3"), rb"\b"),
    **dict.fromkeys((b"if 0", b"if False", b"if (False", b"if None"), rb"\b"),
}
"""The words of conditions that may say something about the context, for ``holders``."""

_TELLING = re.compile(
    r"version|platform|pypy|os\.name|uname|implementation|system\(\)|\A(?:0|1|True|False|None)\Z"
)
_VERSION = re.compile(r"sys\.(?:version_info(?:\.(?:major|minor)|\[[\d:]+\])?|hexversion)")
_LONGEST = 300  # characters of a comparison; longer ones are not about the context
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
_SYSTEM = ("os.uname()[0]", "platform.uname()[0]", "os.uname().sysname", "platform.uname().system")
_PLATFORM_VALUES |= dict.fromkeys(_SYSTEM, _PLATFORM_VALUES["platform.system()"])

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


class RunningConditions(Conditions):
    """The conditions of one source on the Python and the platform.

    ``versions`` are the names that it gives a version of Python, and how that is spelt.
    """

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, str] = {}

    def note(self, assignment: Node) -> None:
        """Add the name that an assignment gives a condition or a version."""
        super().note(assignment)
        match named_value(assignment):
            case (name, value) if _VERSION.fullmatch(text_of(value)):
                self.versions[name] = text_of(value)

    def _unknown(self, node: Node | None) -> Truth:
        text = text_of(node)
        if node is None or len(text) > _LONGEST:
            return UNKNOWN
        if text in self.flags:
            return self.flags[text]
        if node.type in {"identifier", "attribute"}:
            name = text.rpartition(".")[2]
            if name == "TYPE_CHECKING":
                return Truth(ALL & ~RUNNING, RUNNING)
            match = _VERSION_FLAG.fullmatch(name)
            if match:
                return _version_flag(int(match[1]), match[2])
        for name, version in self.versions.items():
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", version, text)
        return _decided(text)


@lru_cache(maxsize=64)
def _version_flag(major: int, minor: str) -> Truth:
    """Read ``PY2``, ``six.PY3``, ``PY36`` by the common convention."""
    if minor and major == 2:
        return UNKNOWN
    admitted = [known >= (major, int(minor[:3])) if minor else known[0] == major for known in KNOWN]
    mask = on_pythons(sum(1 << bit for bit, is_meant in enumerate(admitted) if is_meant))
    return Truth(mask, ALL & ~mask)


@lru_cache(maxsize=1024)
def _decided(text: str) -> Truth:
    """Decide a comparison, call or constant by trying it in each context."""
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


def _collect(outcomes: list[set[bool | None]], plane: Callable[[int], int]) -> Truth:
    true = false = 0
    for at, found in enumerate(outcomes):
        if found & {True, None}:
            true |= plane(at)
        if found & {False, None}:
            false |= plane(at)
    return Truth(true, false)


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
    """An operand that does not depend on the context."""


def _outcome(node: Node, context: Mapping[str, Any]) -> bool | None:
    try:
        return bool(_Values(context).of(node))
    except (_Undecided, TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne, "<>": ne, "is": eq, "is not": ne,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip
_ELSEWHERE = re.compile(r"pypy_|pypy_version_info|JYTHON_JAR|_is_jython|subversion")
_FUNCTIONS = {it.__name__: it for it in (bool, float, int, len, str, tuple)}
_METHODS = {"startswith", "endswith", "lower", "upper", "split", "find", "strip"}


class _Values(Evaluator[Any]):
    """Computes expressions in one context; only what cannot run anything is computed."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        super().__init__()
        self.context = context

    def of(self, node: Node | None) -> Any:
        text = text_of(node)
        name = _ALIASES.get(text, text)
        if name in self.context:
            return self.context[name]
        return _CONSTANTS[name] if name in _CONSTANTS else super().of(node)

    def _unknown(self, _node: Node | None) -> Any:
        raise _Undecided

    def _visit_comparison_operator(self, node: Node) -> bool:
        (first, *others), operators = comparison(node)
        left = self.of(first)
        for operator, other in zip(operators, others, strict=True):
            right = self.of(other)
            if not _COMPARE[operator](left, right):
                return False
            left = right
        return True

    def _visit_subscript(self, node: Node) -> Any:
        whole = self.of(node.child_by_field_name("value"))
        index = node.child_by_field_name("subscript")
        if index is None or index.type != "slice":
            return whole[self.of(index)]
        bounds: list[int | None] = [None]
        for child in index.children:
            if child.type == ":":
                bounds.append(None)
            else:
                bounds[-1] = self.of(child)
        return whole[slice(*bounds)]

    def _visit_call(self, node: Node) -> Any:
        function, arguments = call_parts(node)
        if function is None:
            raise _Undecided
        name = text_of(function)
        if name == "hasattr" and _ELSEWHERE.search(text_of(node)):
            return False  # other Pythons than CPython have it: `hasattr(sys, "pypy_version_info")`
        values = [self.of(argument) for argument in arguments]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*values)
        method = text_of(function.child_by_field_name("attribute"))
        if method not in _METHODS:
            raise _Undecided
        owner = str(self.of(function.child_by_field_name("object")))
        return getattr(owner, method)(*values)

    def _visit_string(self, node: Node) -> str:
        return "".join(
            it if isinstance(it, str) else self._unknown(it) for it in string_parts(node)
        )

    def _visit_integer(self, node: Node) -> int:
        return int(text_of(node).rstrip("lL"), 0)

    def _visit_float(self, node: Node) -> float:
        return float(text_of(node))

    def _visit_list(self, node: Node) -> list[Any]:
        return [self.of(child) for child in node.named_children]

    _visit_set = _visit_list

    def _visit_tuple(self, node: Node) -> tuple[Any, ...]:
        return tuple(self._visit_list(node))

    def _visit_not_operator(self, node: Node) -> bool:
        return not self.of(node.child_by_field_name("argument"))

    def _visit_unary_operator(self, node: Node) -> Any:
        return -self.of(node.child_by_field_name("argument"))
