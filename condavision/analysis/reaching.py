"""Walking from a script to every local module it reaches, each file read once."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.facts import Facts, read_facts
from condavision.analysis.local import Directories, pythons_of_extension
from condavision.analysis.resolving import Place, Resolution, Resolver
from condavision.analysis.source import Source, read_bytes, read_source
from condavision.errors import AnalysisError
from condavision.model import PythonReason, SourceLocation, UnreadRegion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.analysis.imports import RawImport
    from condavision.analysis.local import Module
    from condavision.analysis.syspath import PathEdit

__all__ = ["Reached", "Reader", "Resolved", "SearchPath", "walk"]

_ROUNDS = 5  # a module may extend the path that leads to a module that extends the path


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Where a script's modules are looked for beside its own folder."""

    root: Path
    paths: Sequence[Path] = ()
    pythonpath: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """An import of one file and who supplies it."""

    facts: Facts
    raw: RawImport
    resolution: Resolution


@dataclass(slots=True)
class Reached:
    """Everything a script leads to; ``files`` starts with the script."""

    files: list[tuple[Place, Facts]] = field(default_factory=list)
    imports: list[Resolved] = field(default_factory=list)
    reasons: list[PythonReason] = field(default_factory=list)
    entries: set[Path] = field(default_factory=set)


@dataclass(slots=True)
class Reader:
    """Files and directories read so far, shared by the scripts of one command."""

    root: Path
    directories: Directories = field(default_factory=Directories)
    _facts: dict[Path, Facts] = field(default_factory=dict)
    _namesakes: dict[Path, bool] = field(default_factory=dict)
    _real: dict[Path, str] = field(default_factory=dict)

    def shown(self, path: Path) -> str:
        """Return the name people are shown: relative to the project root where it lies below."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return str(path)

    def script(self, path: Path) -> tuple[Source, Facts]:
        """Read the script itself.

        Raises:
            AnalysisError: it cannot be read as Python.
        """
        source = read_source(path, self.shown(path))
        facts = self._facts.get(path)
        if facts is None or facts.sha256 != source.sha256:
            facts = self._facts[path] = read_facts(source)
        return source, facts

    def facts(self, path: Path) -> Facts:
        """Read a local module; one that cannot be read is an unread region, not the end."""
        facts = self._facts.get(path)
        if facts is None:
            shown = self.shown(path)
            try:
                facts = read_facts(read_source(path, shown))
            except AnalysisError:
                facts = _unreadable(path, shown)
            self._facts[path] = facts
        return facts

    def real(self, path: Path) -> str:
        """Return the path with symbolic links followed: what makes two files one."""
        known = self._real.get(path)
        if known is None:
            known = self._real[path] = os.path.realpath(path)
        return known

    def imports_itself(self, path: Path) -> bool:
        """Tell whether a file imports a module of its own name."""
        known = self._namesakes.get(path)
        if known is None:
            name = re.escape(path.stem.encode())
            pattern = rb"(?m)^[ \t]*(?:import|from)[ \t]+" + name + rb"(?![\w])"
            known = self._namesakes[path] = bool(re.search(pattern, _bytes(path)))
        return known

    def uses(self, path: Path, name: str) -> frozenset[str]:
        """Return the attributes that a file takes from a name."""
        pattern = rb"(?<![\w.])" + re.escape(name.encode()) + rb"\.(\w+)"
        return frozenset(it.decode("utf-8", "replace") for it in re.findall(pattern, _bytes(path)))


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, str(path))
    except AnalysisError:
        return b""


def _unreadable(path: Path, shown: str) -> Facts:
    data = _bytes(path)
    region = UnreadRegion(SourceLocation(shown, 1), max(1, data.count(b"\n")))
    return Facts(shown, hashlib.sha256(data).hexdigest(), (), (), (), (region,))


def package_of(folder: Path, directories: Directories) -> str:
    """Return the dotted name of the package that a directory is, empty if it is none."""
    parts: list[str] = []
    while directories[folder].get("__init__.py") is False and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def walk(script: Path, search: SearchPath, reader: Reader, facts: Facts) -> Reached:
    """Follow the imports of a script, whose own facts are ``facts``, breadth first."""
    edits: tuple[tuple[Path, PathEdit], ...] = ()
    for _ in range(_ROUNDS):
        resolver = _resolver(script, search, reader, edits)
        reached = _follow(script, facts, resolver, reader)
        found = tuple((place.folder, edit) for place, it in reached.files for edit in it.edits)
        if found == edits:
            break
        edits = found
    return reached


def _resolver(
    script: Path, search: SearchPath, reader: Reader, edits: tuple[tuple[Path, PathEdit], ...]
) -> Resolver:
    front: list[Path] = []
    back: list[Path] = []
    for folder, edit in edits:
        directory = _directory(edit.directory, folder, search.root)
        if directory is not None:
            (front if edit.front else back).append(directory)
    return Resolver(
        script=script,
        before=_once([*front, script.parent, *search.paths, *search.pythonpath]),
        after=_once(back),
        around=_once(_around(script.parent, search.root)),
        imports_itself=reader.imports_itself,
        uses=reader.uses,
        directories=reader.directories,
    )


def _directory(text: str, folder: Path, root: Path) -> Path | None:
    for base in (folder, root):
        path = Path(os.path.normpath(base / text))
        if path.is_dir():
            return path
    return None


def _around(folder: Path, root: Path) -> Iterator[Path]:
    """Yield the directories between a script and its project root, with their source folders."""
    ancestors = (folder, *folder.parents)
    if root not in ancestors:
        return
    for ancestor in ancestors[: ancestors.index(root) + 1]:
        yield ancestor
        for name in ("src", "lib", "python"):
            yield ancestor / name


def _once(paths: Sequence[Path] | Iterator[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def _follow(script: Path, facts: Facts, resolver: Resolver, reader: Reader) -> Reached:
    reached = Reached()
    package = package_of(script.parent, reader.directories)
    pending = deque([(Place(script, "__main__", package), facts)])
    seen = {reader.real(script)}
    while pending:
        place, here = pending.popleft()
        reached.files.append((place, here))
        for raw in here.imports:
            resolution = resolver.resolve(raw, place)
            reached.imports.append(Resolved(here, raw, resolution))
            if resolution.entry is not None:
                reached.entries.add(resolution.entry)
            for module in resolution.modules:
                if module.file is None:
                    reached.reasons += _extension_reason(module, raw)
                elif reader.real(module.file) not in seen:
                    seen.add(reader.real(module.file))
                    pending.append((_place_of(module, module.file), reader.facts(module.file)))
    return reached


def _place_of(module: Module, file: Path) -> Place:
    is_package = file.name == "__init__.py"
    package = module.name if is_package else module.name.rpartition(".")[0]
    return Place(file, module.name, package)


def _extension_reason(module: Module, raw: RawImport) -> Iterator[PythonReason]:
    pythons = pythons_of_extension(module)
    if pythons and not (raw.guard.optional or raw.guard.fallback or raw.guard.typing):
        yield PythonReason(raw.location, f"compiled module {module.extensions[0].name}", pythons)
