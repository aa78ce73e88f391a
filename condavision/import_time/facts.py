"""What the file of a library imports when it is imported itself, and on which Pythons it can be."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.context.guards import Guards
from condavision.analysis.context.statements import BLOCKS
from condavision.analysis.imports.imports import find_imports, read_statement
from condavision.analysis.python_range.versions import python_reasons, syntax_reasons
from condavision.analysis.records import CATCH_ALL
from condavision.analysis.source.import_time import import_time_text
from condavision.analysis.source.source import parse
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node, Tree

    from condavision.analysis.records import RawImport
    from condavision.analysis.source.source import Source
    from condavision.core.pythons import Minor

_INNER = re.compile(rb"(?:^[ \t]|[;:])[ \t]*+(?:import|from)\b|\b(?:import_module|__import__)\b")
_MARGIN = re.compile(rb"(?:import|from)\b")
_STATEMENT = re.compile(
    rb"from\b[^\n(#]*\bimport[ \t]*\([^)]*\)|(?:import|from)\b(?:[^\\\n]|\\.|\\\n)*"
)
_ABSOLUTE = re.compile(
    rb"(?m)^from[ \t]+__future__[ \t]+import\b(?:[ \t]*\([^)]*|(?:[^\\\n]|\\.|\\\n)*)"
    rb"\babsolute_import\b"
)
_DEMAND = re.compile(rb"\bprint\b[^#]*\b(?:pip3?|conda|mamba)\b[^#]*\binstall\b", re.DOTALL)
_ANY = PythonRange()
_RUN_ONCE = {
    "block", "class_definition", "decorated_definition", "ERROR", "except_clause",
    "expression_statement", "finally_clause", "module", "try_statement", "with_statement",
}  # fmt: skip
"""The nodes around a statement that say nothing about whether it runs."""
_MAYBE_RUN = {
    "boolean_operator", "conditional_expression", "dictionary_comprehension", "for_statement",
    "generator_expression", "lambda", "list_comprehension", "set_comprehension", "while_statement",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LibraryImport:
    """An import that runs, or may, when its file is imported.

    ``level`` counts the leading dots. ``minors`` are the Pythons it runs on, None for all;
    ``families`` the platforms, none for all. ``survives``: the module is there whether this fails
    or not; ``survives_all``: also if it fails for another reason than a missing module or name.
    ``instead_of`` are the indexes of imports that have to fail for this one to run. ``certain``: it
    runs whatever the conditions around it.
    """

    name: str = ""
    line: int = 0
    level: int = 0
    members: tuple[str, ...] = ()
    minors: frozenset[Minor] | None = None
    families: frozenset[str] = frozenset()
    survives: bool = False
    survives_all: bool = False
    instead_of: tuple[int, ...] = ()
    certain: bool = True

    def runs_on(self, minor: Minor, family: str) -> bool:
        """Return whether it runs with a Python on a platform family, as far as that decides."""
        on_python = self.minors is None or minor in self.minors
        return on_python and (not self.families or family in self.families)


_USUAL = tuple((it.name, it.default) for it in fields(LibraryImport))


@dataclass(frozen=True, slots=True)
class LibraryReason:
    """Why a file can be imported by some Pythons only.

    ``syntax``: that is no missing module or name, which a handler around an import may catch.
    """

    line: int
    rule: str
    minors: frozenset[Minor]
    syntax: bool


ABSOLUTE = LibraryImport("__future__", members=("absolute_import",))
"""An import after which a module of Python 2 does not look beside itself (PEP 328)."""


def library_imports(source: Source) -> tuple[LibraryImport, ...]:
    """Return what a file imports when it is imported, with ``ABSOLUTE`` last if that is there."""
    at = _last_line(source.text)
    if at < 0:
        return ()
    text = import_time_text(source.text, at)
    statements = _plain_statements(text)
    found = _read(source) if statements is None else tuple(_plain_imports(text, statements))
    absolute = b"absolute_import" in text and _ABSOLUTE.search(text)
    return (*found, *([ABSOLUTE] if absolute else []))


def _last_line(text: bytes) -> int:
    """Return where the last line starts that may have an import, -1 if none does."""
    at = len(text)
    while (at := text.rfind(b"import", 0, at)) >= 0:
        line, start = _line(text, at)
        if _MARGIN.match(line) or _INNER.search(line):
            return start
    return -1


def _line(text: bytes, at: int) -> tuple[bytes, int]:
    """Return a line up to the word ``import`` in it, and where it starts."""
    start = text.rfind(b"\n", 0, at) + 1
    return text[start : at + len(b"import_module(")], start


def _plain_statements(text: bytes) -> list[re.Match[bytes]] | None:
    """Return the imports of a text with all of them at the left margin, else None."""
    found: list[re.Match[bytes]] = []
    at = 0
    while (at := text.find(b"import", at)) >= 0:
        line, start = _line(text, at)
        if _INNER.search(line) or text.endswith(b"\\\n", 0, start):
            return None
        at += len(b"import")
        statement = _STATEMENT.match(text, start) if _MARGIN.match(line) else None
        if statement is not None:
            if b";" in statement[0]:
                return None
            found.append(statement)
            at = max(statement.end(), at)
    return found


def _read(source: Source) -> tuple[LibraryImport, ...]:
    shown = replace(source, text=import_time_text(source.text))
    tree = parse(shown)
    guards = Guards(shown, tree)
    found = find_imports(shown, guards)
    demanded = _demanded(shown.text, guards)
    kept = {}
    for at, raw in enumerate(found):
        guard = raw.guard
        if not (guard.typing or guard.dead or guard.main):
            kept[at] = raw
    indexes = {at: index for index, at in enumerate(kept)}
    return tuple(
        _library_import(raw, guards, tree, indexes, demanded=_within(raw.start, demanded))
        for raw in kept.values()
    )


def library_reasons(source: Source) -> tuple[LibraryReason, ...]:
    """Return which Pythons can compile a file, and have the names that its import uses."""
    whole = parse(source)
    compiled = [
        LibraryReason(it.location.line, it.rule, it.pythons.minors, syntax=True)
        for it in syntax_reasons(source, whole)
    ]
    shown = replace(source, text=import_time_text(source.text))
    tree = parse(shown)
    guards = Guards(shown, tree)
    known = {(it.line, it.rule) for it in compiled}
    run = python_reasons(shown, tree, guards, find_imports(shown, guards))
    return (
        *compiled,
        *(
            LibraryReason(it.location.line, it.rule, it.pythons.minors, syntax=False)
            for it in run
            if (it.location.line, it.rule) not in known
            and _line_runs(it.location.line, shown.text, guards, tree)
        ),
    )


def _plain_imports(text: bytes, statements: Iterable[re.Match[bytes]]) -> Iterator[LibraryImport]:
    """Yield the imports of a file that has all of them at the left margin; it needs no tree."""
    line, at = 1, 0
    for match in statements:
        line += text.count(b"\n", at, match.start())
        at = match.start()
        for name, level, members, _, _ in read_statement(match[0].decode("utf-8", "replace")):
            yield LibraryImport(name, line, level, members)


def _library_import(
    raw: RawImport, guards: Guards, tree: Tree, indexes: dict[int, int], *, demanded: bool
) -> LibraryImport:
    guard = raw.guard
    survives = guard.optional and not demanded
    return LibraryImport(
        raw.name,
        raw.location.line,
        raw.level,
        raw.members,
        None if guard.pythons == _ANY else guard.pythons.minors,
        guard.platforms,
        survives,
        survives and bool(guard.catches & CATCH_ALL),
        tuple(indexes[it] for it in raw.stands_in if it in indexes),
        not raw.lazy or _runs(raw, guards, tree),
    )


def _runs(raw: RawImport, guards: Guards, tree: Tree) -> bool:
    """Return whether an import inside of another statement runs wherever its guard says."""
    if raw.dynamic or (raw.guard.fallback and not raw.stands_in):
        return False
    node = tree.root_node.named_descendant_for_byte_range(raw.start, raw.start + 4)
    return node is not None and _always_runs(node.parent, guards)


def _line_runs(line: int, text: bytes, guards: Guards, tree: Tree) -> bool:
    """Return whether what a line ends with runs, whatever cannot be decided."""
    row = text.split(b"\n", line)[line - 1].partition(b"#")[0].rstrip()
    at = (line - 1, max(0, len(row) - 1))
    node = tree.root_node.named_descendant_for_point_range(at, (line - 1, len(row)))
    while node is not None and node.parent is not None and node.parent.type not in BLOCKS:
        if node.type in _MAYBE_RUN:
            return False
        node = node.parent
    return node is not None and _always_runs(node.parent, guards)


def _always_runs(statement: Node | None, guards: Guards) -> bool:
    """Return whether what stands in a statement runs wherever the Python and the platform say."""
    while statement is not None:
        if statement.type == "if_statement" and not guards.decides(statement):
            return False
        if statement.type not in _RUN_ONCE | {"if_statement", "elif_clause", "else_clause"}:
            return False
        statement = statement.parent
    return True


def _demanded(text: bytes, guards: Guards) -> list[tuple[int, int]]:
    """Return the bodies of ``try`` whose handlers say what to install, and import nothing else."""
    found = []
    for statement in guards.tries:
        handlers = [text[start:end] for start, end in statement.handlers]
        if any(map(_DEMAND.search, handlers)) and not any(b"import " in it for it in handlers):
            found.append(statement.body)
    return found


def _within(start: int, spans: list[tuple[int, int]]) -> bool:
    return any(first <= start < last for first, last in spans)


def dump_imports(imports: tuple[LibraryImport, ...]) -> list[dict[str, Any]]:
    """Return imports as JSON has them, for :func:`load_imports`."""
    return [{name: _plain(value) for name, value in _set(it)} for it in imports]


def _set(imported: LibraryImport) -> Iterator[tuple[str, Any]]:
    """Yield the fields that are not as they are by default."""
    for name, usual in _USUAL:
        value = getattr(imported, name)
        if value != usual:
            yield name, value


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def load_imports(rows: list[dict[str, Any]]) -> tuple[LibraryImport, ...]:
    """Read what :func:`dump_imports` returned."""
    return tuple(LibraryImport(**dict(_loaded(row))) for row in rows)


def _loaded(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        match name:
            case "minors":
                yield name, frozenset(map(tuple, value))
            case "families":
                yield name, frozenset(value)
            case "members" | "instead_of":
                yield name, tuple(value)
            case _:
                yield name, value


def dump_reasons(reasons: tuple[LibraryReason, ...]) -> list[list[Any]]:
    """Return reasons as JSON has them, for :func:`load_reasons`."""
    return [[it.line, it.rule, sorted(it.minors), it.syntax] for it in reasons]


def load_reasons(rows: list[list[Any]]) -> tuple[LibraryReason, ...]:
    """Read what :func:`dump_reasons` returned."""
    return tuple(
        LibraryReason(line, rule, frozenset(map(tuple, minors)), syntax)
        for line, rule, minors, syntax in rows
    )
