"""The script's own modules that an import may mean which nothing supplies."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.source.module_finder import Directories
from condavision.core.model import OwnModule, OwnSearch
from condavision.core.origin import OriginRule
from condavision.mapping.similar_names import SimilarNames
from condavision.system.file_stamp import stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from condavision.core.model import Analysis, Import
    from condavision.project.config import Config
    from condavision.system.file_stamp import Stamp

_LACKING = (OriginRule.PARTIAL, OriginRule.RELATIVE_PARTIAL, OriginRule.RELATIVE_MISSING)
_ASIDE = frozenset({"__pycache__", "node_modules", "site-packages"})
_LOOKED_INTO = 300  # folders, for a module that is not beside the script
_MAKES_NAMES = re.compile(
    rb"import\s*\*|__getattr__|__path__|\bglobals\b|\bvars\b|sys\.modules|exec"
)


def own_search(imported: Import, analysis: Analysis, config: Config) -> OwnSearch:
    """Return where an import is looked for among the script's own modules."""
    start = analysis.script.absolute().parent
    folders = dict.fromkeys((start, *config.paths, *analysis.paths, config.root))
    names = (imported.name, *(f"{imported.name}.{it}" for it in imported.members))
    root = config.root.as_posix().rstrip("/")
    return OwnSearch(names, tuple(it.as_posix() for it in folders), root, config.file)


def own_module(search: OwnSearch) -> OwnModule | None:
    """Return the module that an unknown import may mean: elsewhere in the project, or similar."""
    return _elsewhere(search) or similar_module(search)


def similar_module(search: OwnSearch) -> OwnModule | None:
    """Return the module of a similar name that is where the script's modules are looked for.

    That is None where none is similar, and where what is imported is there.
    """
    searched = _searched(search)
    found = (_similar(it.split("."), searched) for it in search.names)
    name, path = next(filter(None, found), ("", ""))
    return OwnModule(name, _shown(path, search)) if name else None


class _Modules:
    """The modules and packages in some folders, the first of each name."""

    def __init__(self, folders: Iterable[str]) -> None:
        directories = Directories()
        self.paths: dict[str, str] = {}
        self.taken: set[str] = set()
        """The names that an import could mean, also those of folders without modules."""
        for folder in folders:
            self.taken |= directories[folder].modules
            for name, is_folder in sorted(directories[folder].items()):
                path = f"{folder}/{name}"
                if is_folder and directories.has_modules(path):
                    self.paths.setdefault(name, path)
                elif name.endswith(".py"):
                    self.paths.setdefault(name.removesuffix(".py"), path)

    @cached_property
    def names(self) -> SimilarNames:
        """Those that a misspelt one may mean."""
        return SimilarNames((0, it, it) for it in self.paths)


def _searched(search: OwnSearch) -> _Modules:
    return _modules_in(search.folders, tuple(map(stamp_of, search.folders)))


@lru_cache(maxsize=64)
def _modules_in(folders: tuple[str, ...], stamps: tuple[Stamp | None, ...]) -> _Modules:
    """List once what the scripts of a folder may import; ``stamps`` change with what is in it."""
    del stamps
    return _Modules(folders)


def _shown(path: str, search: OwnSearch) -> str:
    return path.removeprefix(f"{search.root}/")


def _elsewhere(search: OwnSearch) -> OwnModule | None:
    """Return the module of that very name in a folder of the project that is not searched."""
    directories, top = Directories(), search.names[0].partition(".")[0]
    if top in _searched(search).taken:
        return None
    places = _places(search.root, tuple(map(stamp_of, search.folders)))
    for here, is_folder in places.get(top, ()):
        if is_folder and not directories.has_modules(f"{here}/{top}"):
            continue
        file = _shown(f"{here}/{top}" if is_folder else f"{here}/{top}.py", search)
        outer, name = here, top
        while directories.is_package(outer):
            outer, _, package = outer.rpartition("/")
            name = f"{package}.{name}"
        if outer in search.folders:
            return OwnModule(name, file)
        if outer == here:
            return OwnModule(name, file, _shown(here, search))
    return None


@lru_cache(maxsize=16)
def _places(
    root: str, stamps: tuple[Stamp | None, ...]
) -> Mapping[str, Sequence[tuple[str, bool]]]:
    """Return the folders of a project that have a name, and whether it is a folder there.

    ``stamps`` change with what is in the folders that are searched.
    """
    del stamps
    places: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for here, folders, files in islice(os.walk(root), _LOOKED_INTO):
        folders[:] = sorted(it for it in folders if it[0] != "." and it not in _ASIDE)
        for name in folders:
            places[name].append((here, True))
        for name in files:
            if name.endswith(".py"):
                places[name.removesuffix(".py")].append((here, False))
    return places


def failing_imports(
    analysis: Analysis, content: Callable[[Path], bytes | None]
) -> Iterator[Import]:
    """Yield the imports of modules that a local package surely does not have.

    Names that are imported from a package count unless its ``__init__.py`` may bind them;
    ``content`` reads it.
    """
    packages = {it.module: it.path for it in analysis.files if it.path.name == "__init__.py"}
    for imported in analysis.imports:
        package = packages.get(imported.name) if imported.members else None
        if imported.reason.rule in _LACKING or (
            package is not None and _lacks(package, imported.members, content)
        ):
            yield imported


def _lacks(init: Path, members: Iterable[str], content: Callable[[Path], bytes | None]) -> bool:
    beside = Directories()[init.parent.as_posix()].modules
    absent = [it.encode() for it in members if it not in beside]
    text = (content(init) or b"") if absent else b""
    return any(it not in text for it in absent) and not _MAKES_NAMES.search(text)


def _similar(parts: Sequence[str], modules: _Modules) -> tuple[str, str] | None:
    """Return the dotted name and the path of what is most similar, part by part."""
    names, path = [], ""
    for part in parts:
        similar = [] if part in modules.paths else modules.names.near(part, 1)
        name = similar[0].name if similar else part
        if name not in modules.paths:
            return None
        names.append(name)
        path = modules.paths[name]
        modules = _Modules([path])
    return None if names == list(parts) else (".".join(names), path)
