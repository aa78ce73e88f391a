"""Whether packages have a module, and names in it: found, refuted, or not to be refuted."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from condavision.analysis.records import ModuleNames
from condavision.analysis.star_names import star_module, with_stars
from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.reader import MOST
from condavision.core.evidence import Unproved
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.artefacts.artefact import Artefact
    from condavision.artefacts.reader import ArtefactReader

_ANYTHING = ModuleNames(frozenset(), any_name=True, any_module=True)
_MOST_TO_REFUTE = 64 << 20
"""Bytes that are read of an artefact before something in it counts as missing."""

_RULES = 5
"""Rises where files are read by other rules, which what was kept does not follow."""


@dataclass(frozen=True, slots=True)
class Names:
    """Reads the names of modules out of artefacts, once for each file of each artefact."""

    reader: ArtefactReader

    async def of(self, artefact: Artefact, file: str, most: int = MOST) -> ModuleNames:
        """Return the names of the module in a file; any of one that is compiled.

        Raises:
            UnreadError: the file cannot be read.
        """
        if not file.endswith(".py"):
            return _ANYTHING
        key = f"{artefact.sha256}:{file}:{_RULES}"
        known = self.reader.kept.get(key)
        if known is not None:
            names, any_name, any_module, stars = json.loads(known)
            return ModuleNames(frozenset(names), any_name, any_module, (*stars,))
        content = (await self.reader.read(artefact, [file], most))[file]
        found = await asyncio.to_thread(_names, file, content)
        kept = [sorted(found.names), found.any_name, found.any_module, found.stars]
        self.reader.keep(key, json.dumps(kept).encode())
        return found


def _names(file: str, content: bytes) -> ModuleNames:
    from condavision.analysis.module_names import module_names  # noqa: PLC0415 - 20 ms, rarely needed
    from condavision.analysis.source.source import read_source  # noqa: PLC0415

    try:
        return module_names(read_source(Path(file), data=content))
    except AnalysisError:
        return _ANYTHING


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is: its file in an artefact, None of a package without a file."""

    artefact: Artefact
    file: str | None


@dataclass(frozen=True, slots=True)
class Library:
    """Packages that are installed together; the first is the one that ought to have a module."""

    names: Names
    artefacts: tuple[Artefact, ...]

    async def lacks(self, module: str, names: Sequence[str]) -> str | None:
        """Return what no package has: the module, or the first of ``names`` in it.

        None is also the answer where that cannot be refuted: what code does to a module while it
        is imported is not followed.

        Raises:
            UnreadError: a package that would have to be looked at cannot be read.
        """
        place = await self._find(module)
        if place is None:
            return None if await self._may_bring(module) else module
        for name in names:
            if not await self._has(place, module, name):
                return f"{module}.{name}"
        return None

    async def has(self, module: str, names: Sequence[str]) -> bool:
        """Return whether the packages have a module as a file or folder, and no name is lacking.

        Raises:
            UnreadError: a package that would have to be looked at cannot be read.
        """
        return await self._find(module) is not None and await self.lacks(module, names) is None

    async def _find(self, module: str) -> Place | None:
        """Return where a module is, first of all in the first package."""
        first = await self._in(self.artefacts[:1], module)
        return first or await self._in(self.artefacts[1:], module)

    async def _in(self, artefacts: Sequence[Artefact], module: str) -> Place | None:
        reader = self.names.reader
        reader.preload(artefacts)
        found = await asyncio.gather(*map(reader.files, artefacts), return_exceptions=True)
        folder, failure = None, None
        for artefact, files in zip(artefacts, found, strict=True):
            if isinstance(files, BaseException):
                failure = failure or files
                continue
            file = files.module(module)
            if file is not None:
                return Place(artefact, file)
            if folder is None and files.has_folder(module):
                folder = Place(artefact, None)
        if folder is None and failure is not None:
            raise failure
        return folder

    async def _has(self, place: Place, module: str, name: str) -> bool:
        """Return whether a module has a name, or a submodule of that name, or may have it."""
        if await self._in([place.artefact], f"{module}.{name}") is not None:
            return True
        if place.file is not None:
            try:
                if await self._may_have(place, name):
                    return True
            except UnreadError as error:
                if error.reason is not Unproved.TOO_LARGE:
                    raise
                return True
        return await self._find(f"{module}.{name}") is not None

    async def _may_have(self, place: Place, name: str) -> bool:
        """Return whether a module, or one that it imports all names of, may have a name."""
        own = await self._names(place)
        if own.may_have(name) or not own.stars:
            return own.may_have(name)
        files = await self.names.reader.files(place.artefact)
        if name in files.stems:  # a star import brings the submodules that were imported
            return True
        return (await with_stars(place, self._names, self._starred)).may_have(name)

    async def _names(self, place: Place) -> ModuleNames:
        return await self.names.of(place.artefact, place.file) if place.file else _ANYTHING

    async def _starred(self, place: Place, star: str) -> Place | None:
        package = (place.file or "").rpartition("/")[0].replace("/", ".")
        return await self._find(star_module(star, package))

    async def _may_bring(self, module: str) -> bool:
        """Return whether code may bring a module that is no file.

        A package may be outside site-packages, change the search path, or make its modules.
        """
        files = await self.names.reader.files(self.artefacts[0])
        if files.paths_added or files.is_elsewhere(module):
            return True
        for parent in PurePosixPath(module.replace(".", "/")).parents:
            above = parent.as_posix().replace("/", ".")
            place = await self._find(above) if above != "." else None
            if place is not None and place.file is not None:
                found = await self.names.of(place.artefact, place.file, _MOST_TO_REFUTE)
                if found.any_module:
                    return True
        return False
