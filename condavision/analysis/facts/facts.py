"""The facts of one file by itself, whatever is in it, before what it imports is looked for."""

from __future__ import annotations

import builtins
import hashlib
import re
from contextlib import suppress
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.context.guards import Guards
from condavision.analysis.declared.metadata import may_declare, read_metadata
from condavision.analysis.imports.implied import find_implied
from condavision.analysis.imports.imports import find_imports
from condavision.analysis.imports.run_files import run_files
from condavision.analysis.imports.syspath import path_edits
from condavision.analysis.python_range.attributes import NamesOfFile
from condavision.analysis.python_range.versions import python_reasons
from condavision.analysis.records import Facts
from condavision.analysis.source.file_bytes import read_bytes
from condavision.analysis.source.lexing import lex
from condavision.analysis.source.magics import written_modules
from condavision.analysis.source.source import Source, parse, read_source, took_too_long
from condavision.core.model import PythonReason, ScriptMetadata, SourceLocation, UnreadRegion
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError, UnreadableModuleError
from condavision.system.file_stamp import Stamp, stamp_of
from condavision.system.processor_time import ProcessorTimeError, at_most_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Tree

_SHEBANG = re.compile(
    rb"\A#![^\n]*\bpython(?P<major>[23])(?:\.(?P<minor>\d+))?(?:[ \t]|$|\n)", re.MULTILINE
)
_CALLED = re.compile(rb"(?<![\w.])([A-Za-z_]\w*)(?=[ \t]*\()")
_UNREAD_LIMIT = 1000  # regions of one file; beyond, it is not Python anyway

SECONDS = 4.0
"""Processor time of one file: a hundred times what the largest real module takes."""

FileFacts = tuple[Stamp | None, Facts, bool]
"""A file's status before it was read, its facts, and whether it could be read as Python."""


def read_facts(source: Source, names: Sequence[tuple[str, str]] = ()) -> Facts:
    """Parse a source and collect its facts.

    ``names`` are those that it has from elsewhere, and what each means.

    Raises:
        AnalysisError: it has too many tokens, or takes longer than :data:`SECONDS`.
    """
    try:
        with at_most_seconds(SECONDS):
            return _facts(source, names)
    except ProcessorTimeError as error:
        raise took_too_long(source.file, SECONDS) from error


def _facts(source: Source, names: Sequence[tuple[str, str]]) -> Facts:
    tree = parse(source)
    guards = Guards(source, tree)
    imports = find_imports(source, guards)
    return Facts(
        source.file,
        source.sha256,
        (*imports, *find_implied(source, guards, imports, names), *run_files(source, guards)),
        path_edits(source, tree),
        (*_own_reasons(source, guards), *python_reasons(source, tree, guards, imports, names)),
        tuple(_unread(source, tree)),
        may_declare(source),
        written_modules(source.text) if source.cells else frozenset(),
    )


def read_file(path: str, shown: str) -> FileFacts:
    """Read a file; one that cannot be read is an unread region as a whole."""
    stamp = stamp_of(path)
    try:
        return stamp, read_facts(read_source(Path(path), shown)), True
    except AnalysisError:
        try:
            data = read_bytes(Path(path), path)
        except AnalysisError:
            data = b""
        region = UnreadRegion(SourceLocation(shown, 1), max(1, data.count(b"\n")))
        digest = hashlib.sha256(data).hexdigest()
        return stamp, Facts(shown, digest, (), (), (), (region,)), False


def read_with_names(path: str, shown: str, names: Sequence[tuple[str, str]]) -> Facts | None:
    """Read a file that has names from elsewhere; None where it cannot be read."""
    with suppress(AnalysisError):
        return read_facts(read_source(Path(path), shown), names)
    return None


def called_from_star(path: str, shown: str) -> frozenset[str]:
    """Return the names that a file calls and only its star import can bring, if it has one."""
    try:
        source = read_source(Path(path), shown)
        tree = parse(source)
    except AnalysisError:
        return frozenset()
    guards = Guards(source, tree)
    imports = find_imports(source, guards)
    file = NamesOfFile(lex(source.text, tree.root_node), tree.root_node, guards, imports)
    if sum(it.star for it in imports) != 1:
        return frozenset()
    own = {name for it in imports for name in it.binds}
    called = {it.decode() for it in _CALLED.findall(file.lexed.code)}
    return frozenset(
        name
        for name in called - own
        if not (hasattr(builtins, name) or iskeyword(name) or any(file.bindings(name.encode())))
    )


def require_open(path: str, shown: str) -> None:
    """Refuse a file that cannot be opened: what it imports must not vanish from a lock.

    Python skips what is not a file, such as a broken symlink.

    Raises:
        UnreadableModuleError: it is there, but reading it is not permitted, or fails.
    """
    file = Path(path)
    try:
        read_bytes(file, shown)
    except AnalysisError as error:
        if isinstance(error.__cause__, OSError) and file.is_file():
            raise UnreadableModuleError(error.message, "check its permissions") from error


def read_declared(path: str, shown: str, data: bytes | None) -> ScriptMetadata:
    """Read what a script declares in its bytes; None where it cannot be read, to report why.

    Raises:
        AnalysisError: it cannot be read as Python, or declares something malformed.
    """
    source = read_source(Path(path), shown, data)
    if data is None:
        read_facts(source)
    return read_metadata(source)


def _own_reasons(source: Source, guards: Guards) -> Iterator[PythonReason]:
    shebang = _SHEBANG.match(source.text)
    if shebang:
        major, minor = int(shebang["major"]), shebang["minor"]
        if minor is not None:
            pythons = PythonRange.of([(major, int(minor))])
        else:
            pythons = PythonRange.below(3, 0) if major == 2 else PythonRange.at_least(3, 0)
        if pythons:
            line = shebang[0].decode("utf-8", "replace").strip()
            yield PythonReason(source.location(0), f"shebang {line}", pythons, yields=True)
    for check in guards.exits:
        if check.pythons != PythonRange():
            text = check.text if len(check.text) <= 60 else f"{check.text[:57]}..."
            yield PythonReason(source.location(check.row), f"exits if {text}", check.pythons)


def _unread(source: Source, tree: Tree) -> Iterator[UnreadRegion]:
    """Yield the broken regions, outermost only, without recursion."""
    if not tree.root_node.has_error:
        return
    cursor = tree.walk()
    found = 0
    while found < _UNREAD_LIMIT:
        node = cursor.node
        if node is None:
            return
        broken = node.is_error or node.is_missing
        if broken:
            found += 1
            last = node.end_point.row + (1 if node.end_point.column or node.is_missing else 0)
            row = node.start_point.row
            yield UnreadRegion(source.location(row), max(last, row + 1))
        if not broken and node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
