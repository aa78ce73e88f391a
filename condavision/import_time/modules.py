"""The modules of packages that are installed together, and what their files say."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from condavision.analysis.module_names import module_names
from condavision.analysis.records import ModuleNames
from condavision.analysis.source.source import read_source
from condavision.analysis.star_names import star_module, with_stars
from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import COMPILED
from condavision.core.modules import package_of
from condavision.errors import AnalysisError
from condavision.import_time.classes import drops_cells, dump_classes, library_classes, load_classes
from condavision.import_time.facts import (
    dump_imports,
    dump_reasons,
    library_imports,
    library_reasons,
    load_imports,
    load_reasons,
)
from condavision.import_time.lazy import lazy_imports

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from condavision.artefacts.files import Files
    from condavision.core.evidence import Unproved
    from condavision.import_time.classes import LibraryClass
from condavision.import_time.facts import LibraryImport, LibraryReason

NUMPY_1 = "numpy.core._multiarray_umath"
"""What modules import that were compiled for NumPy 1; a compiled one there."""

_METADATA = ".dist-info/METADATA"
_CLASSIFIER = re.compile(rb"(?m)^Classifier: Programming Language :: Python :: (\d+\.\d+)\s*$")
_NO_NAME = ModuleNames(frozenset(), any_name=False, any_module=False)
_ANY_NAME = ModuleNames(frozenset(), any_name=True, any_module=True)


class Contents(Protocol):
    """Reads the files of one package, by their names in :class:`Files`."""

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of files.

        Raises:
            UnreadError: one cannot be read.
        """
        ...


@dataclass(eq=False)
class Package:
    """A package and what its files are known to say.

    ``label`` is its name and version. ``kept`` is what is known of its files, by kind and name, as
    JSON has it; what becomes known is added, and ``is_new`` set. ``made_for`` is the Python that it
    was built for, if any. ``for_numpy_1``: its compiled modules take the C API of NumPy 1.
    """

    label: str
    files: Files
    contents: Contents
    sha256: str = ""
    made_for: str = ""
    kept: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    is_new: bool = False
    for_numpy_1: bool = False

    def known(self, kind: str, file: str) -> list[object] | None:
        """Return what is known of a file, None if nothing."""
        return self.kept.get(kind, {}).get(file)

    def learn(self, kind: str, file: str, value: list[object]) -> None:
        """Keep what a file says."""
        self.kept.setdefault(kind, {})[file] = value
        self.is_new = True

    def dump(self) -> bytes:
        """Return what is known of its files."""
        return json.dumps(self.kept, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Placed:
    """A module that a package has; ``file`` is None of a package without ``__init__.py``."""

    module: str
    package: Package
    file: str | None

    @property
    def is_source(self) -> bool:
        """Whether it can be read as Python: what is compiled says nothing."""
        return self.file is not None and self.file.endswith(".py")

    @property
    def parent(self) -> str:
        """The package that relative imports in it start from."""
        is_package = self.file is None or self.file.endswith("/__init__.py")
        return package_of(self.module, is_package=is_package)


@dataclass
class Modules:
    """The modules of several packages."""

    packages: Sequence[Package]
    unread: dict[str, Unproved] = field(default_factory=dict)
    """Packages, by label, of which files could not be read, and why."""
    unlisted: dict[str, Unproved] = field(default_factory=dict)
    """Packages, by label, of which it is not even known what files they have, and why."""
    _placed: dict[str, Placed | None] = field(default_factory=dict)
    _names: dict[Placed, ModuleNames] = field(default_factory=dict)

    @cached_property
    def _by_top(self) -> Mapping[str, Sequence[Package]]:
        found: dict[str, list[Package]] = defaultdict(list)
        for package in self.packages:
            for top in package.files.tops:
                found[top].append(package)
        return found

    def find(self, module: str) -> Placed | None:
        """Return where a module is: in a file, or else a folder."""
        if module not in self._placed:
            self._placed[module] = self._find(module)
        return self._placed[module]

    def _find(self, module: str) -> Placed | None:
        packages = self._by_top.get(module.partition(".")[0], ())
        for package in packages:
            file = package.files.module(module)
            if file is not None:
                return Placed(module, package, file)
        for package in packages:
            if package.files.has_folder(module):
                return Placed(module, package, None)
        return None

    def lacks_api(self, placed: Placed) -> bool:
        """Return whether a module takes the C API of NumPy 1, and NumPy 2 is there."""
        if not (placed.package.for_numpy_1 and (placed.file or "").endswith(COMPILED)):
            return False
        found = self.find(NUMPY_1)
        return found is not None and found.is_source  # a stub that raises

    def adds_paths(self, module: str) -> bool:
        """Return whether a top-level module may come from where only running code looks."""
        top = module.partition(".")[0]
        if top == "distutils":
            return any("distutils-precedence.pth" in it.files for it in self.packages)
        return any(it.files.is_elsewhere(top) for it in self.packages)

    async def imports(self, placed: Sequence[Placed]) -> dict[Placed, tuple[LibraryImport, ...]]:
        """Return what the files of modules import; nothing for what is no readable source."""
        await self._learn("imports", placed)
        return {
            it: load_imports(it.package.known("imports", it.file or "") or [])  # type: ignore[arg-type]
            for it in placed
        }

    async def lazy_imports(
        self, placed: Placed, names: Collection[str]
    ) -> tuple[LibraryImport, ...]:
        """Return what a module imports when ``names`` are taken from it."""
        if not names or not placed.is_source:
            return ()
        await self._learn("lazy", [placed])
        known = load_imports(placed.package.known("lazy", placed.file or "") or [])  # type: ignore[arg-type]
        wanted = (
            replace(it, members=tuple(name for name in it.members if name in names)) for it in known
        )
        return tuple(it for it in wanted if it.members)

    async def reasons(
        self, placed: Sequence[Placed], python: str
    ) -> dict[Placed, tuple[LibraryReason, ...]]:
        """Return which Pythons the files of modules admit.

        A package that was built for ``python``, or declares to run on it, is not checked.
        """
        wanted = await self._not_fitting(placed, python)
        await self._learn("pythons", wanted)
        return {
            it: load_reasons(it.package.known("pythons", it.file or "") or [])  # type: ignore[arg-type]
            for it in wanted
        }

    async def classes(
        self, placed: Sequence[Placed], python: str
    ) -> dict[str, dict[str, LibraryClass]]:
        """Return the classes of modules by name, of those whose :meth:`reasons` count.

        There are none unless one of them is a metaclass that drops ``__classcell__``.
        """
        wanted = await self._not_fitting(placed, python)
        await self._learn("drops", wanted)
        if not any(it.package.known("drops", it.file or "") for it in wanted):
            return {}
        await self._learn("classes", wanted)
        return {
            it.module: {one.name: one for one in load_classes(found)}
            for it in wanted
            if (found := it.package.known("classes", it.file or ""))
        }

    async def has_old_hook(self, placed: Placed) -> bool:
        """Return whether a module has an import hook that Python 3.12 does not call (PEP 451)."""
        await self._learn("hook", [placed])
        return bool(placed.package.known("hook", placed.file or ""))

    async def _not_fitting(self, placed: Sequence[Placed], python: str) -> list[Placed]:
        packages = dict.fromkeys(it.package for it in placed)
        declared = await asyncio.gather(*map(self._declared, packages))
        fitting = {
            it
            for it, pythons in zip(packages, declared, strict=True)
            if python == it.made_for or python in pythons
        }
        return [it for it in placed if it.package not in fitting]

    async def names(self, placed: Placed) -> ModuleNames:
        """Return the names that a module has itself; any of what is no readable source."""
        if not placed.is_source:
            return _NO_NAME if placed.file is None else _ANY_NAME
        if placed not in self._names:
            await self._learn("names", [placed])
            known = placed.package.known("names", placed.file or "")
            if known is None:
                return _ANY_NAME
            names, any_name, any_module, stars = known
            found = ModuleNames(frozenset(names), bool(any_name), bool(any_module), (*stars,))  # type: ignore[call-overload,misc]
            self._names[placed] = found
        return self._names[placed]

    async def all_names(self, placed: Placed) -> ModuleNames:
        """Return the names that a module has, those of its star imports too.

        They bring the submodules that were imported: all that its package has may be among them.
        """
        found = await with_stars(placed, self.names, self._starred)
        if (await self.names(placed)).stars:
            return replace(found, names=found.names | placed.package.files.stems)
        return found

    async def _starred(self, placed: Placed, star: str) -> Placed | None:
        return self.find(star_module(star, placed.parent))

    async def _declared(self, package: Package) -> list[object]:
        """Return the Pythons that a package declares to run on, by its classifiers."""
        file = next((it for it in package.files.names if it.endswith(_METADATA)), "")
        if file and package.known("classifiers", file) is None:
            await self._learn("classifiers", [Placed("", package, file)])
        return package.known("classifiers", file) or []

    async def _learn(self, kind: str, placed: Iterable[Placed]) -> None:
        missing: dict[Package, list[str]] = defaultdict(list)
        for it in placed:
            readable = it.is_source or kind == "classifiers"
            if readable and it.package.known(kind, it.file or "") is None:
                missing[it.package].append(it.file or "")
        reading = (self._read(kind, it, files) for it, files in missing.items())
        await asyncio.gather(*reading)

    async def _read(self, kind: str, package: Package, files: Sequence[str]) -> None:
        """Learn from the files of one package, while those of others are on their way."""
        try:
            contents = await package.contents.read(files)
        except UnreadError as error:
            self.unread[package.label] = error.reason
            return
        for file in files:
            package.learn(kind, file, _said(kind, file, contents[file]))


def _said(kind: str, file: str, content: bytes) -> list[object]:
    """Return what a file says, as JSON has it: nothing if it cannot be read as Python."""
    if kind == "classifiers":
        return [it.decode() for it in _CLASSIFIER.findall(content)]
    if kind == "hook":
        return [True] if b"meta_path" in content and b"find_spec" not in content else []
    try:
        source = read_source(Path(file), data=content)
        match kind:
            case "imports":
                return [*dump_imports(library_imports(source))]
            case "lazy":
                return [*dump_imports(lazy_imports(source))]
            case "drops":
                return [True] if drops_cells(source) else []
            case "classes":
                return [*dump_classes(library_classes(source))]
            case "pythons":
                return [*dump_reasons(library_reasons(source))]
            case _:
                found = module_names(source)
                return [sorted(found.names), found.any_name, found.any_module, [*found.stars]]
    except AnalysisError:
        return [] if kind != "names" else [[], True, True, []]
