"""Local modules, found as Python itself would find them.

Directories are listed once, and every directory that was listed is remembered: a file that appears
in one of them can change what an import means.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.core.pythons import PythonRange
from condavision.system.files import read_beginning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_EXTENSION = re.compile(
    r"^(?P<name>[^.]+)(?:\.(?P<tag>(?:cpython-|cp)(?P<abi>\d+)[\w-]*|abi3|pypy[\w-]*|[\w-]+))?"
    r"\.(?:so|pyd|dylib)$"
)
_SHARES = re.compile(rb"extend_path\s*\(\s*__path__|declare_namespace\s*\(\s*__name__")
_SHARES_WITHIN = 10_000  # bytes: such a file has little else
_MODULE_SUFFIXES = (".py", ".pyw", ".pyx", ".so", ".pyd", ".dylib")
_ABI = re.compile(r"(\d)(\d+)")


@dataclass(frozen=True, slots=True)
class FoundModule:
    """A module on disk: ``file`` is the Python source to read, None for a compiled extension.

    ``extensions`` are the compiled files of that name.
    """

    name: str
    file: str | None
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What a dotted name leads to.

    ``modules`` are the packages passed through and the module itself. ``folders`` are where its
    submodules lie: none for a plain module, several for a namespace package. ``complete``:
    every part of the name was found; ``namespace``: only directories were.
    """

    modules: tuple[FoundModule, ...]
    folders: tuple[str, ...]
    complete: bool = True
    namespace: bool = False


class Listing(dict[str, bool]):
    """The names in a directory, and whether each is a directory itself."""

    @cached_property
    def extensions(self) -> dict[str, list[str]]:
        """The compiled modules: module name -> file names."""
        found: dict[str, list[str]] = {}
        for name, is_folder in self.items():
            match = None if is_folder else _EXTENSION.match(name)
            if match:
                found.setdefault(match["name"], []).append(name)
        return found

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names that an import of a module could mean."""
        return frozenset(
            name if is_folder else name.partition(".")[0]
            for name, is_folder in self.items()
            if is_folder or name.endswith(_MODULE_SUFFIXES)
        )

    @cached_property
    def has_modules(self) -> bool:
        """Whether any file is a module."""
        return any(name.endswith((".py", ".so", ".pyd")) for name in self)

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """The names by what precedes their first dot; those of directories end with a slash."""
        found: dict[str, list[str]] = {}
        for name in sorted(self):
            shown = f"{name}/" if self[name] else name
            found.setdefault(name.partition(".")[0], []).append(shown)
        return found


@dataclass(slots=True)
class Directories:
    """Listings of directories, each read once.

    Directories are absolute paths as strings: they are looked up some hundred times a file.
    ``shared`` are listings read before by others; one counts as listed here once it is used.
    ``asked`` are the names that were looked for, without suffixes, ``whole`` the directories of
    which every name was, and ``opened`` the files whose content decided which module is meant.
    """

    shared: Directories | None = None
    asked: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    _listings: dict[str, Listing] = field(default_factory=dict)
    _shared_packages: dict[str, bool] = field(default_factory=dict)

    def __getitem__(self, folder: str) -> Listing:
        """Return all names in a directory; :meth:`look` leaves an answer independent of most."""
        self.whole.add(folder)
        return self._list(folder)

    def look(self, folder: str, name: str) -> Listing:
        """Return a directory in which one name is looked for, with any suffixes."""
        self.asked.add(name.partition(".")[0])
        return self._list(folder)

    def has_files(self, folder: str) -> bool:
        """Return whether a directory exists and is not empty."""
        return bool(self._list(folder))

    def has_modules(self, folder: str) -> bool:
        """Return whether a directory has a file that can be imported."""
        return self._list(folder).has_modules

    def _list(self, folder: str) -> Listing:
        listing = self._listings.get(folder)
        if listing is None:
            listing = self._read(folder) if self.shared is None else self.shared._list(folder)
            self._listings[folder] = listing
        return listing

    def is_package(self, folder: str) -> bool:
        """Return whether a directory has an ``__init__.py``."""
        return self.look(folder, "__init__.py").get("__init__.py") is False

    def is_shared_package(self, folder: str) -> bool:
        """Return whether a package's ``__init__.py`` lets other distributions add to it.

        These are the namespace packages from before PEP 420: of ``pkgutil`` and ``pkg_resources``.
        """
        known = self._shared_packages.get(folder)
        if known is None:
            init = f"{folder}/__init__.py"
            known = self.is_package(folder) and _shares(init)
            self._shared_packages[folder] = known
            self.opened.update([init] if self.is_package(folder) else ())
        return known

    def listed(self) -> tuple[str, ...]:
        """Return the existing directories that were looked into, sorted."""
        return tuple(sorted(folder for folder, names in self._listings.items() if names))

    def looked_into(self) -> Iterator[tuple[str, frozenset[str] | None]]:
        """Yield each directory that was listed, or is not there, with the names looked for in it.

        None stands for all names.
        """
        names = frozenset(self.asked)
        return ((it, None if it in self.whole else names) for it in self._listings)

    def outline(self, folder: str, names: frozenset[str] | None) -> tuple[bool | str, ...]:
        """Return all that a directory shows to whoever looks for these names only."""
        listing = self._list(folder)
        stems = listing.stems
        found = stems if names is None else stems.keys() & names
        shown = [name for stem in sorted(found) for name in stems[stem]]
        return (bool(listing), listing.has_modules, *shown)

    def _read(self, folder: str) -> Listing:
        try:
            with os.scandir(folder) as found:
                return Listing((entry.name, _is_folder(entry)) for entry in found)
        except (OSError, ValueError):  # a name that no directory can have
            return Listing()


def _shares(file: str) -> bool:
    try:
        return bool(_SHARES.search(read_beginning(file, _SHARES_WITHIN)))
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symbolic link to itself
        return False


def find_module(
    name: str, entries: Sequence[str], directories: Directories, package: str = ""
) -> Found | None:
    """Follow a dotted name from the directories of ``sys.path``, or from those of ``package``.

    Returns None where not even its first part exists. A regular package or module in any entry
    wins over the namespace portions in all of them (PEP 420).
    """
    folders = tuple(entries)
    modules: list[FoundModule] = []
    namespace = True
    prefix = f"{package}." if package else ""
    parts = name.split(".")
    for at, part in enumerate(parts):
        step = _step(part, prefix + ".".join(parts[: at + 1]), folders, directories)
        if step is None:
            if at == 0:
                return None
            return Found(tuple(modules), folders, complete=False, namespace=namespace)
        module, folders = step
        if module is not None:
            modules.append(module)
            namespace = False
    return Found(tuple(modules), folders, namespace=namespace)


def _step(
    part: str, name: str, folders: Iterable[str], directories: Directories
) -> tuple[FoundModule | None, tuple[str, ...]] | None:
    portions = []
    for folder in folders:
        listing = directories.look(folder, part)
        if part not in listing.modules:
            continue
        path = f"{folder}/{part}"
        is_folder = listing.get(part, False)
        if is_folder:
            if directories.is_package(path):
                return FoundModule(name, f"{path}/__init__.py"), (path,)
            if "__init__" in directories.look(path, "__init__").extensions:
                return FoundModule(name, None), (path,)
        compiled = tuple(f"{folder}/{it}" for it in sorted(listing.extensions.get(part, ())))
        for suffix in (".py", ".pyw"):
            if listing.get(part + suffix) is False:
                return FoundModule(name, path + suffix, compiled), ()
        if compiled or listing.get(f"{part}.pyx") is False:
            return FoundModule(name, None, compiled), ()
        if is_folder:
            portions.append(path)
    return (None, tuple(portions)) if portions else None


def find_members(
    found: Found, name: str, members: Iterable[str], directories: Directories
) -> Iterator[FoundModule]:
    """Yield the submodules that ``from name import members`` reaches."""
    for member in members:
        step = _step(member, f"{name}.{member}" if name else member, found.folders, directories)
        if step is not None and step[0] is not None:
            yield step[0]


def has_member(found: Found, member: str, directories: Directories) -> bool:
    """Return whether a namespace package has a module or folder of this name."""
    return _step(member, member, found.folders, directories) is not None


def pythons_of_extension(module: FoundModule) -> PythonRange | None:
    """Return the Pythons whose ABI a compiled module was built for; None where any may load it."""
    if module.file is not None or not module.extensions:
        return None
    minors = set()
    for path in module.extensions:
        match = _EXTENSION.match(path.rpartition("/")[2])
        abi = _ABI.fullmatch(match["abi"]) if match is not None and match["abi"] else None
        if abi is None:
            return None
        minors.add((int(abi[1]), int(abi[2])))
    return PythonRange.of(minors)
