"""Where a module is read from, who supplies it, and the paths that both are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.modules import package_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.analysis.records import Facts, RawImport
    from condavision.analysis.source.module_finder import Found, FoundModule
    from condavision.core.origin import Origin, OriginReason


@dataclass(frozen=True, slots=True)
class Place:
    """A module that is being read: where its own imports are looked for from.

    ``package`` is the dotted name of the package it lies in, empty for a script.
    """

    file: str
    module: str
    package: str

    @property
    def folder(self) -> str:
        """The directory of the file."""
        return parent(self.file)


@dataclass(frozen=True, slots=True)
class ModuleOrigin:
    """Who supplies an import, why, and the local modules it makes Python read.

    ``name`` is absolute. ``entry`` is the search directory that supplied a local module.
    """

    name: str
    origin: Origin
    reason: OriginReason
    modules: tuple[FoundModule, ...] = ()
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """An import of one file, resolved.

    ``is_script``: that file is run, not only imported; ``beside``: no script leads to it.
    """

    facts: Facts
    raw: RawImport
    module: ModuleOrigin
    is_script: bool = True
    beside: bool = False


def base(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def parent(path: str) -> str:
    """Return the directory of a path."""
    return path.rpartition("/")[0]


def place_of(module: FoundModule, file: str) -> Place:
    """Return where the imports of a local module are looked for from."""
    package = package_of(module.name, is_package=file.endswith("/__init__.py"))
    return Place(file, module.name, package)


def spelt(folders: Sequence[str]) -> str:
    """Return the names of folders, each with a slash."""
    return ", ".join(f"{base(folder)}/" for folder in folders)


def file_of(module: FoundModule) -> str | None:
    """Return the file of a module, of a compiled one as well."""
    return module.file or (module.extensions[0] if module.extensions else None)


def entry_of(first: FoundModule) -> str | None:
    """Return the search directory that supplied a module."""
    path = file_of(first)
    if path is None:
        return None
    return parent(parent(path)) if base(path).startswith("__init__.") else parent(path)


def above(found: Found, raw: RawImport) -> str | None:
    """Return the search directory that the first of the found folders lies in."""
    return found.folders[0].rsplit("/", raw.name.count(".") + 1)[0] if found.folders else None
