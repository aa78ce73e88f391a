"""What to lock instead of a package that lacks what a script imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from condavision.artefacts.artefact import UnreadError
from condavision.compile_stage.proof.library import Library, Names
from condavision.compile_stage.proof.search import Search
from condavision.core.model import Manager, Requirement
from condavision.core.specs import conda_candidates
from condavision.errors import ChannelError
from condavision.mapping.decisions import DeclaredAt
from condavision.mapping.declared import conda_name
from condavision.mapping.learned import LearnedModule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.artefacts.reader import ArtefactReader
    from condavision.compile_stage.proof.questions import Installed, Refuted
    from condavision.compile_stage.proof.releases import Release
    from condavision.compile_stage.proof.search import Found
    from condavision.compile_stage.proof.supply import Supply
    from condavision.mapping.import_map import ImportMap


@dataclass(frozen=True, slots=True)
class Remedies:
    """Looks for what has a module, among what may supply it anyway."""

    reader: ArtefactReader
    import_map: ImportMap
    supply: Supply

    async def find(self, refuted: Refuted, looked: list[str]) -> LearnedModule | None:
        """Return the package to lock instead; None if none that may be locked has what is lacking.

        ``looked`` gets what was looked at, and what could not be.
        """
        package, place = refuted.package, refuted.place
        absent = {f"{package.name} {package.version}": package.sha256}
        own = await self._releases(package.name, package.manager, place, looked)
        try:
            version = Version(package.version)
        except InvalidVersion:
            own, version = (), Version("0")
        search = self._search(refuted)
        found = await search.instead_of(version, _admitted(own, refuted.question.needed))
        looked += [f"{package.name} {package.version}", *_labels(search)]
        if found is not None:
            name = package.name
            manager = Manager.CONDA
            if refuted.question.needed.manager is Manager.PYPI:
                name, manager = refuted.question.needed.name, Manager.PYPI
            return _learned(manager, name, found, absent)
        if isinstance(refuted.question.decision, DeclaredAt):
            return None
        for name in refuted.question.candidates:
            releases = await self._candidate(name, place, looked)
            found = await self._newest(refuted, releases, looked)
            if found is not None:
                return _learned(Manager.PYPI, name, found, absent)
        for name in await self.supply.namesakes(refuted.question.module, place):
            releases = await self._releases(name, Manager.CONDA, place, looked)
            found = await self._newest(refuted, releases, looked)
            if found is not None and name != package.name:
                return _learned(Manager.CONDA, name, found, absent)
        return None

    async def _newest(
        self, refuted: Refuted, releases: Sequence[Release], looked: list[str]
    ) -> Found | None:
        search = self._search(refuted)
        found = await search.newest(releases)
        looked += _labels(search)
        return found

    def _search(self, refuted: Refuted) -> Search:
        """Return a search for the releases that do not lack what a package lacks."""
        module, names = refuted.question.module, refuted.question.names

        async def has(release: Release) -> bool | None:
            library = Library(Names(self.reader), (release.artefact,))
            try:
                return await library.has(module, names)
            except UnreadError:
                return None

        return Search(has, {})

    async def _candidate(self, name: str, place: Installed, looked: list[str]) -> Sequence[Release]:
        """Return the releases of a distribution, from a channel if one has it."""
        needed = Requirement(Manager.PYPI, name, conda=conda_name(name, self.import_map))
        for conda in conda_candidates(needed):
            found = await self._releases(conda, Manager.CONDA, place, looked)
            if found:
                return found
        return await self._releases(name, Manager.PYPI, place, looked)

    async def _releases(
        self, name: str, manager: Manager, place: Installed, looked: list[str]
    ) -> Sequence[Release]:
        try:
            if manager is Manager.CONDA:
                return await self.supply.in_channels(name, place)
            return await self.supply.on_index(name, place)
        except UnreadError as error:
            looked.append(f"{name} (other releases: {error.reason.value})")
        except ChannelError as error:
            looked.append(f"{name} (other releases: {error.message})")
        return ()


def _admitted(releases: Sequence[Release], needed: Requirement) -> Sequence[Release]:
    """Return the releases that the requirement admits, as far as it is one of PEP 440."""
    try:
        constraint = SpecifierSet(needed.constraint)
    except InvalidSpecifier:
        return releases
    return [it for it in releases if constraint.contains(it.version, prereleases=True)]


def _labels(search: Search) -> list[str]:
    """Return what a search has looked at, newest first."""
    return [it.label for it in sorted(search.seen, key=lambda it: it.version, reverse=True)]


def _learned(manager: Manager, name: str, found: Found, absent: Mapping[str, str]) -> LearnedModule:
    present = {found.release.label: found.release.artefact.sha256}
    return LearnedModule(manager, name, found.constraint, absent, present)
