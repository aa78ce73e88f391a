"""Walking from a script to every local module it reaches, each file read once."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.resolve.namespaces import settled
from condavision.analysis.resolve.places import Place, Resolved, place_of
from condavision.analysis.resolve.resolver import Resolver
from condavision.analysis.resolve.stars import with_starred_names
from condavision.analysis.source.module_finder import pythons_of_extension
from condavision.core.model import PythonReason
from condavision.core.modules import package_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.records import Facts, PathEdit, RawImport
    from condavision.analysis.source.module_finder import Directories, FoundModule

_ROUNDS = 5  # a module may extend the path that leads to a module that extends the path


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Where a script's modules are looked for beside its own folder."""

    root: str
    paths: Sequence[str] = ()
    pythonpath: Sequence[str] = ()


@dataclass(slots=True)
class Reached:
    """Everything a script leads to; ``files`` starts with the script.

    The first ``led_to`` of them are those that are run; the others lie beside them.
    """

    files: list[tuple[Place, Facts]] = field(default_factory=list)
    imports: list[Resolved] = field(default_factory=list)
    reasons: list[PythonReason] = field(default_factory=list)
    entries: set[str] = field(default_factory=set)
    led_to: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """A file to start from, and the directory that its modules are looked for in first.

    ``imported`` ones are not run themselves: the packages that a module is run in. Those ``beside``
    are read after what the others lead to.
    """

    place: Place
    facts: Facts
    home: str
    imported: bool = False
    beside: bool = False


def script_home(path: str) -> str:
    """Return the directory that ``python path`` heads its search path with."""
    real = os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - a string here
    return os.path.dirname(real)  # noqa: PTH120


def script_start(path: str, facts: Facts, home: str, directories: Directories) -> Start:
    """Start as ``python path`` does; ``home`` is that of the script."""
    return Start(Place(path, "__main__", _package_in(home, directories)), facts, home)


def module_start(path: str, facts: Facts, directories: Directories) -> Start:
    """Start as an import of the file does: from the folder that its package lies in."""
    folder = os.path.dirname(path)  # noqa: PTH120
    package = _package_in(folder, directories)
    home = folder
    for _ in package.split(".") if package else ():
        home = os.path.dirname(home)  # noqa: PTH120
    stem = Path(path).stem
    module = ".".join(filter(None, (package, "" if stem == "__init__" else stem)))
    return Start(Place(path, module, package), facts, home)


def run_module_starts(name: str, path: str, home: str, reader: Reader) -> tuple[Start, ...]:
    """Start as ``python -m name`` does in the directory ``home``: its packages come with it."""
    is_package = path.endswith("/__main__.py") and name.rpartition(".")[2] != "__main__"
    package = package_of(name, is_package=is_package)
    starts = [Start(Place(path, "__main__", package), reader.facts(path), home)]
    folder = os.path.dirname(path)  # noqa: PTH120
    while package:
        init = f"{folder}/__init__.py"
        if os.path.isfile(init):  # noqa: PTH113
            place = Place(init, package, package)
            starts.append(Start(place, reader.facts(init), home, imported=True))
        package, folder = package.rpartition(".")[0], os.path.dirname(folder)  # noqa: PTH120
    return tuple(starts)


def _package_in(folder: str, directories: Directories) -> str:
    """Return the dotted name of the package that a directory is, empty if it is none."""
    parts: list[str] = []
    while directories.is_package(folder) and os.path.basename(folder).isidentifier():  # noqa: PTH119
        parts.insert(0, os.path.basename(folder))  # noqa: PTH119
        folder = os.path.dirname(folder)  # noqa: PTH120
    return ".".join(parts)


_Edits = dict[str, tuple[tuple[str, "PathEdit"], ...]]


def walk(
    starts: Sequence[Start], search: SearchPath, reader: Reader, directories: Directories
) -> Reached:
    """Follow the imports of files breadth first, each file once; list ``directories``."""
    edits: _Edits = {}
    homes = {it.home: it for it in starts}
    resolvers: dict[str, Resolver] = {}
    for _ in range(_ROUNDS):
        for home in homes.keys() - resolvers.keys():
            start, own = homes[home], edits.get(home, ())
            resolvers[home] = _resolver(start, search, reader, own, directories)
        reached, found = _follow(starts, resolvers, reader)
        if found == edits:
            break
        for home in edits.keys() | found.keys():
            if edits.get(home) != found.get(home):
                del resolvers[home]
        edits = found
    reached.imports[:] = settled(reached.imports)
    return reached


def _resolver(
    start: Start,
    search: SearchPath,
    reader: Reader,
    edits: tuple[tuple[str, PathEdit], ...],
    directories: Directories,
) -> Resolver:
    front: list[str] = []
    back: list[str] = []
    for folder, edit in edits:
        directory = _directory(edit.directory, folder, search.root, directories)
        if directory is not None:
            (front if edit.front else back).append(directory)
    return Resolver(
        script=start.place.file,
        before=_once([*front, start.home, *search.paths, *search.pythonpath]),
        after=_once(back),
        around=_once(_around(start.home, search.root)),
        reader=reader,
        directories=directories,
        root=search.root.rstrip("/"),
    )


def _directory(text: str, folder: str, root: str, directories: Directories) -> str | None:
    for base in (folder, root):
        path = Path(os.path.normpath(os.path.join(base, text))).as_posix()  # noqa: PTH118
        if directories.has_files(path):
            return path
    return None


def _around(folder: str, root: str) -> Iterator[str]:
    """Yield the directories between a script and its project root, with their source folders.

    Where the root lies in a package itself, its modules are imported from above it, or from it.
    """
    if root.startswith(f"{folder.rstrip('/')}/"):
        folder = root
    if folder != root and not folder.startswith(f"{root.rstrip('/')}/"):
        return
    while True:
        yield folder
        for name in ("src", "lib", "python"):
            yield f"{folder}/{name}"
        if folder == root:
            return
        folder = os.path.dirname(folder)  # noqa: PTH120


def _once(paths: Sequence[str] | Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(paths))


def _follow(
    starts: Sequence[Start], resolvers: dict[str, Resolver], reader: Reader
) -> tuple[Reached, _Edits]:
    reached = Reached()
    edits: _Edits = {}
    scripts = {it.place for it in starts if not it.imported}
    pending = deque((it.place, it.facts, it.home) for it in starts if not it.beside)
    seen = {reader.real(it.place.file) for it in starts if not it.beside}
    beside = deque(it for it in starts if it.beside)
    count = len(beside)
    while pending or beside:
        if not pending:
            start = beside.popleft()
            real = reader.real(start.place.file)
            if real not in seen:
                seen.add(real)
                pending.append((start.place, start.facts, start.home))
            continue
        place, here, home = pending.popleft()
        here = with_starred_names(here, place, resolvers[home], reader)
        reached.files.append((place, here))
        is_beside = len(beside) < count
        reached.led_to += not is_beside
        if here.edits:
            edits[home] = edits.get(home, ()) + tuple((place.folder, it) for it in here.edits)
        origins = resolvers[home].resolve(here, place)
        for raw, origin in zip(here.imports, origins, strict=True):
            if not raw.local_only:  # those stand behind all others, whose indexes stay
                reached.imports.append(Resolved(here, raw, origin, place in scripts, is_beside))
            if origin.entry is not None:
                reached.entries.add(origin.entry)
            for module in origin.modules:
                if module.file is None:
                    reached.reasons += _extension_reason(module, raw)
                elif _is_new(module.file, seen, reader, resolvers[home].directories):
                    facts = reader.module(module.file)
                    found = place_of(module, module.file)
                    if raw.file:
                        scripts.add(found)
                    pending.append((found, facts, home))
    return reached, edits


def _is_new(file: str, seen: set[str], reader: Reader, directories: Directories) -> bool:
    """Return whether a file is not among those ``seen``, by their real paths, and add it."""
    real = reader.real(file)
    if real not in seen:
        seen.add(real)
        return True
    if real != file:  # a link, which may lead elsewhere another day
        directories.opened.add(file)
    return False


def _extension_reason(module: FoundModule, raw: RawImport) -> Iterator[PythonReason]:
    pythons = pythons_of_extension(module)
    if pythons and not (raw.guard.optional or raw.guard.fallback or raw.guard.typing):
        name = module.extensions[0].rpartition("/")[2]
        yield PythonReason(raw.location, f"compiled module {name}", pythons)
