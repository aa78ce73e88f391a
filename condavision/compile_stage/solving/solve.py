"""One requirement set becomes one lock, for every platform requested."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from condavision.artefacts.sizes import keep_sizes
from condavision.artefacts.store import EvidenceStore
from condavision.compile_stage.solving.channel_index import ChannelIndex
from condavision.compile_stage.solving.engine import open_engine
from condavision.compile_stage.solving.failure import (
    absent_error,
    absent_python_error,
    unsolvable_error,
)
from condavision.compile_stage.solving.gateway import open_gateway
from condavision.compile_stage.solving.platform_solver import PlatformSolver, Solved
from condavision.compile_stage.solving.with_pypi import JointSolver, shared_modules
from condavision.core.channels import is_local, is_trusted
from condavision.core.engine import Engine
from condavision.core.model import Lock, Manager
from condavision.errors import UnsolvableError
from condavision.inference.requirements import requirement_hash
from condavision.locks.record import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.solving.channel_index import Records, Supply
    from condavision.compile_stage.solving.with_pypi import PyPISolver
    from condavision.core.model import LockedPackage, Requirements
    from condavision.mapping.import_map import ImportMap
    from condavision.project.solve_options import SolveOptions


class LockSolver:
    """Solves requirement sets, any number at a time; all share one gateway and its downloads."""

    def __init__(self, import_map: ImportMap, home: Path, *, offline: bool = False) -> None:
        """Cache downloads below ``home``; with ``offline``, use only the cache."""
        self._import_map = import_map
        self._home = home
        self._expand = cache(partial(expand, home=home))  # once: all interpreters are looked at
        self._offline = offline
        self._gateway = open_gateway(home / "repodata", offline=offline)
        self._turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def solve(
        self,
        requirements: Requirements,
        platforms: Sequence[str],
        options: SolveOptions,
        previous: Sequence[LockedPackage] = (),
        agreement: Agreement | None = None,
    ) -> Lock:
        """Solve a requirement set for ``platforms``.

        The versions of ``agreement`` and the packages of ``previous`` are kept where they fit. The
        versions of the first platform that has packages in ``previous``, else of the first, are
        preferred on the others.

        Raises:
            UnknownImportError: an import that no trusted channel has under its own name.
            NoSolutionError: the solver's reason, the requirements with their locations, platforms.
            UnsolvableError: a package exists nowhere, or not on some of the platforms.
            ChannelError: a channel or index cannot be read.
        """
        key, described = requirement_hash(requirements), describe(requirements)
        if options.python is not None:
            limited = requirements.python & options.python
            requirements = replace(requirements, python=limited)
        channels = await asyncio.to_thread(self._expand, requirements.channels)
        trusted = options.trusted_channels
        searched = [name for name in requirements.channels if is_trusted(name, trusted)]
        index = ChannelIndex(self._gateway, channels, searched)
        engine = options.engine or Engine.RATTLER
        conda = open_engine(engine, index, self._turns, conda=options.conda, offline=self._offline)
        joint = JointSolver(
            requirements,
            conda,
            partial(_pypi_solver, self._home, options, offline=self._offline),
            self._import_map,
        )
        solver = PlatformSolver(
            requirements, options, index, joint, self._import_map, tuple(previous), agreement
        )
        solved = await _AllPlatforms(solver).solve(platforms)
        packages = [package for one in solved for package in sorted(one.packages, key=_order)]
        keep_sizes(packages, EvidenceStore.below(self._home))
        record = replace(
            described,
            exclude_newer=options.exclude_newer,
            virtual_packages=options.virtual_packages,
            engine=engine,
            unverified=tuple(sorted({pair for one in solved for pair in one.supply.unverified})),
            shared_modules=shared_modules(packages, self._import_map),
            allows_sdists=any(map(_is_sdist, packages)),
        )
        return Lock(key, channels, tuple(platforms), tuple(packages), record)

    async def read_index(self, channels: Sequence[str], platform: str) -> None:
        """Read of channels what every solve on them needs.

        Raises:
            ChannelError: one cannot be read.
        """
        expanded = await asyncio.to_thread(self._expand, tuple(channels))
        await self.records(expanded, ["python"], platform)

    async def records(
        self, channels: Sequence[str], names: Iterable[str], platform: str
    ) -> Records:
        """Return every record of some packages, by name.

        Raises:
            ChannelError: a channel cannot be read.
        """
        return await ChannelIndex(self._gateway, channels, ()).named(names, platform)


def _is_sdist(package: LockedPackage) -> bool:
    return package.manager is Manager.PYPI and not package.url.endswith(".whl")


def expand(channels: tuple[str, ...], home: Path) -> tuple[str, ...]:
    """Replace ``interpreters:`` by the URL of the channel made from this machine's Pythons.

    No file and no other tool ever gets the embedded spelling.
    """
    if not is_local(channels):
        return channels
    from condavision.interpreters.channel import local_channel  # noqa: PLC0415 - 30 ms, rarely needed

    return (local_channel(home / "interpreters").as_uri(),)


def _order(package: LockedPackage) -> tuple[str, str]:
    return (package.manager.value, package.name)


@dataclass(frozen=True, slots=True)
class _AllPlatforms:
    """The solve of one requirement set, with the same versions on all platforms where possible."""

    solver: PlatformSolver

    async def solve(self, platforms: Sequence[str]) -> list[Solved]:
        """Solve all platforms concurrently, then again those that differ from the lead."""
        supplies = await asyncio.gather(*map(self.solver.supply, platforms))
        error = absent_error(supplies, self.solver.requirements.channels, self.solver.import_map)
        if error is not None:
            raise error
        solved = await self._each(supplies)
        lead = self._lead(platforms)
        names = self._direct_names()
        wanted = solved[lead].versions(names)
        nearer = [self._nearer(solved[platform], wanted, names) for platform in platforms]
        return [_result(one) for one in await self.solver.joint.conda.together(nearer)]

    async def _nearer(
        self, one: Solved, wanted: tuple[tuple[str, str], ...], names: frozenset[str]
    ) -> Solved:
        """Return the solution of a platform with as many of the lead's versions as possible.

        All of them if that is solvable, else its Python alone, else none; never for the price of a
        pre-release.
        """
        versions = dict(wanted)
        found = dict(one.versions(names))
        if all(versions.get(name, version) == version for name, version in found.items()):
            return one
        tries = [wanted]
        if found.get("python") != versions.get("python"):
            tries.append(tuple(pair for pair in wanted if pair[0] == "python"))
        prereleases = self.solver.joint.prereleases
        for preferred in tries:
            with suppress(UnsolvableError):
                nearer = await self.solver.solve(one.supply, preferred)
                if prereleases(nearer.packages) <= prereleases(one.packages):
                    return nearer
        return one

    async def _each(self, supplies: Sequence[Supply]) -> dict[str, Solved]:
        """Solve platforms concurrently.

        Raises:
            UnsolvableError: some cannot be solved; the message has all of them.
        """
        solves = [self.solver.solve(supply) for supply in supplies]
        results = await self.solver.joint.conda.together(solves)
        solved, failures = {}, {}
        for supply, result in zip(supplies, results, strict=True):
            if isinstance(result, UnsolvableError):
                failures[supply.platform] = result
            else:
                solved[supply.platform] = _result(result)
        if failures:
            requirements, chosen = self.solver.requirements, self.solver.options.python is not None
            offered = {platform: await self._pythons(platform) for platform in failures}
            platforms = [supply.platform for supply in supplies]
            absent = absent_python_error(requirements, offered, platforms, chosen=chosen)
            raise absent or unsolvable_error(
                requirements, failures, platforms, self.solver.import_map
            )
        return solved

    async def _pythons(self, platform: str) -> tuple[str, ...]:
        records = await self.solver.index.named(["python"], platform)
        return tuple(str(record.version) for record in records.get("python", ()))

    def _lead(self, platforms: Sequence[str]) -> str:
        seeded = {package.platform for package in self.solver.previous}
        return next((platform for platform in platforms if platform in seeded), platforms[0])

    def _direct_names(self) -> frozenset[str]:
        names = {needed.conda or needed.name for needed in self.solver.requirements.requirements}
        return frozenset({"python", *names})


def _result(outcome: Solved | BaseException) -> Solved:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _pypi_solver(home: Path, options: SolveOptions, python: str, *, offline: bool) -> PyPISolver:
    """Return what solves distributions for a version of Python."""
    if python.startswith("2."):
        from condavision.compile_stage.solving.pip_solver import PipSolver  # noqa: PLC0415 - few have it

        return PipSolver(
            home,
            allow_sdist=options.allow_sdist,
            exclude_newer=options.exclude_newer,
            offline=offline,
        )
    from condavision.compile_stage.solving import pypi  # noqa: PLC0415 - 20 ms, rarely needed

    return pypi.PyPISolver(
        home / "uv",
        allow_sdist=options.allow_sdist,
        exclude_newer=options.exclude_newer,
        offline=offline,
    )
