"""One requirement set becomes one lock, for every platform asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from condavision.compile_stage.solving.conda import CondaSolver, Conditions, Supply
from condavision.compile_stage.solving.failure import absent_error, unsolvable_error
from condavision.compile_stage.solving.gateway import DamagedIndexError, forget_index, open_gateway
from condavision.compile_stage.solving.shared_modules import shared_modules
from condavision.core.channels import is_local, is_trusted
from condavision.core.model import INTERPRETERS, Engine, Lock, Manager
from condavision.core.platforms import virtual_packages
from condavision.core.pythons import PythonRange
from condavision.core.specs import active_on, python_spec
from condavision.errors import UnsolvableError, UsageError
from condavision.inference.requirements import requirement_hash
from condavision.locks.record import describe
from condavision.mapping.import_map import normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.solving.pypi import PyPISolver
    from condavision.core.model import LockedPackage, Requirement, Requirements
    from condavision.core.pythons import Minor
    from condavision.mapping.import_map import ImportMap
    from condavision.project.solve_options import SolveOptions

__all__ = ["LockSolver", "expand"]


class LockSolver:
    """Solves requirement sets, any number at a time; all share one gateway and its downloads."""

    def __init__(self, import_map: ImportMap, home: Path, *, offline: bool = False) -> None:
        """Cache what is downloaded below ``home``; ``offline`` uses nothing but that."""
        self._import_map = import_map
        self._home = home
        self._offline = offline
        self._gateway = open_gateway(home / "repodata", offline=offline)

    async def solve(
        self,
        requirements: Requirements,
        platforms: Sequence[str],
        options: SolveOptions,
        previous: Sequence[LockedPackage] = (),
        agreement: Agreement | None = None,
    ) -> Lock:
        """Solve a requirement set for ``platforms``.

        The versions of ``agreement`` are kept where they can be, the packages of ``previous`` where
        nothing speaks against them. The versions of the
        first platform that has some, else of the first, are preferred on the others.

        Raises:
            UnknownImportError: an import that no trusted channel has under its own name.
            UnsolvableError: the solver's reason, with who asked for what, and on which platforms.
            ChannelError: a channel or index cannot be read.
        """
        channels = await asyncio.to_thread(expand, requirements.channels, self._home)
        trusted = [
            name for name in requirements.channels if is_trusted(name, options.trusted_channels)
        ]
        solving = _Solving(
            requirements=requirements,
            options=options,
            conda=self._conda_solver(channels, trusted, options),
            pypi=partial(_pypi_solver, self._home / "uv", options, offline=self._offline),
            import_map=self._import_map,
            previous=tuple(previous),
            agreement=agreement,
        )
        try:
            solved = await solving.solve(platforms)
        except DamagedIndexError:
            forget_index(self._home / "repodata")
            raise
        packages = [package for one in solved for package in sorted(one.packages, key=_order)]
        return Lock(
            hash=requirement_hash(requirements),
            channels=channels,
            platforms=tuple(platforms),
            packages=tuple(packages),
            record=replace(
                describe(requirements),
                exclude_newer=options.exclude_newer,
                virtual_packages=options.virtual_packages,
                engine=options.engine or Engine.RATTLER,
                unverified=tuple(
                    sorted({pair for one in solved for pair in one.supply.unverified})
                ),
                shared_modules=shared_modules(packages, self._import_map),
                allows_sdists=any(map(_is_sdist, packages)),
            ),
        )

    def _conda_solver(
        self, channels: Sequence[str], trusted: Sequence[str], options: SolveOptions
    ) -> CondaSolver:
        if options.engine is not Engine.CONDA_LOCK:
            return CondaSolver(self._gateway, channels, trusted)
        if self._offline:
            raise UsageError("conda-lock cannot solve offline", "leave --engine conda-lock out")
        from condavision.compile_stage.solving.conda_lock_engine import (  # noqa: PLC0415 - 15 ms, rarely needed
            CondaLockSolver,
            find_conda,
        )

        return CondaLockSolver(self._gateway, channels, trusted, find_conda(options.conda))


def _is_sdist(package: LockedPackage) -> bool:
    return package.manager is Manager.PYPI and not package.url.endswith(".whl")


def expand(channels: tuple[str, ...], home: Path) -> tuple[str, ...]:
    """Replace ``interpreters:`` by the URL of the channel made from this machine's Pythons.

    Nothing outside condavision ever sees the embedded spelling.
    """
    if not is_local(channels):
        return channels
    from condavision.interpreters import local_channel  # noqa: PLC0415 - 30 ms, rarely needed

    return (local_channel(home / "interpreters").as_uri(),)


def _order(package: LockedPackage) -> tuple[str, str]:
    return (package.manager.value, package.name)


@dataclass(frozen=True, slots=True)
class _Solved:
    platform: str
    supply: Supply
    packages: tuple[LockedPackage, ...]

    def versions(self, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (package.name, package.version)
            for package in self.packages
            if package.manager is Manager.CONDA and package.name in names
        )


@dataclass(frozen=True, slots=True)
class _Solving:
    """The solve of one requirement set."""

    requirements: Requirements
    options: SolveOptions
    conda: CondaSolver
    pypi: Callable[[], PyPISolver]
    import_map: ImportMap
    previous: tuple[LockedPackage, ...]
    agreement: Agreement | None

    async def solve(self, platforms: Sequence[str]) -> list[_Solved]:
        """Solve every platform by itself, at once; then those again that differ from the lead."""
        supplies = await asyncio.gather(*map(self._supply, platforms))
        error = absent_error(supplies, self.requirements.channels, self.import_map)
        if error is not None:
            raise error
        solved = await self._each(supplies)
        lead = self._lead(platforms)
        names = self._direct_names()
        wanted = solved[lead].versions(names)
        nearer = await asyncio.gather(
            *(self._nearer(solved[platform], wanted, names) for platform in platforms)
        )
        return list(nearer)

    async def _nearer(
        self, one: _Solved, wanted: tuple[tuple[str, str], ...], names: frozenset[str]
    ) -> _Solved:
        """Solve a platform again with the lead's versions where it has others.

        All of them if that is possible, else its Python alone, else none.
        """
        versions = dict(wanted)
        found = dict(one.versions(names))
        if all(versions.get(name, version) == version for name, version in found.items()):
            return one
        tries = [wanted]
        if found.get("python") != versions.get("python"):
            tries.append(tuple(pair for pair in wanted if pair[0] == "python"))
        for preferred in tries:
            with suppress(UnsolvableError):
                return await self._solve_platform(one.supply, preferred)
        return one

    async def _supply(self, platform: str, pythons: frozenset[str] = frozenset()) -> Supply:
        """Find out who supplies what is always needed, and what these versions of Python need."""
        wanted = [
            needed
            for needed in self.requirements.requirements
            if needed.pythons is None or any(active_on(needed, python) for python in pythons)
        ]
        supply = replace(await self.conda.supply(wanted, platform), pythons=pythons)
        unknown = [needed for needed in supply.absent if needed.manager is Manager.IMPORT]
        if not unknown or not self.options.allow_unverified:
            return supply
        guessed = [_guess(needed) for needed in unknown]
        return replace(
            supply,
            missing=(*supply.missing, *guessed),
            absent=tuple(needed for needed in supply.absent if needed not in unknown),
            unverified=(
                *supply.unverified,
                *(
                    (needed.name, f"pypi:{found.name}")
                    for needed, found in zip(unknown, guessed, strict=True)
                ),
            ),
        )

    async def _each(self, supplies: Sequence[Supply]) -> dict[str, _Solved]:
        """Solve platforms at once, and say of all that fail why they do."""
        solves = (self._solve_platform(supply) for supply in supplies)
        results = await asyncio.gather(*solves, return_exceptions=True)
        solved, failures = {}, {}
        for supply, result in zip(supplies, results, strict=True):
            if isinstance(result, UnsolvableError):
                failures[supply.platform] = result
            elif isinstance(result, BaseException):
                raise result
            else:
                solved[supply.platform] = result
        if failures:
            platforms = [supply.platform for supply in supplies]
            raise unsolvable_error(self.requirements, failures, platforms)
        return solved

    def _lead(self, platforms: Sequence[str]) -> str:
        seeded = {package.platform for package in self.previous}
        return next((platform for platform in platforms if platform in seeded), platforms[0])

    def _direct_names(self) -> frozenset[str]:
        names = {needed.conda or needed.name for needed in self.requirements.requirements}
        return frozenset({"python", *names})

    async def _solve_platform(
        self, supply: Supply, preferred: tuple[tuple[str, str], ...] = ()
    ) -> _Solved:
        """Solve until all that the Python needs that comes out is there.

        What is needed with some Pythons only is left out at first, so that none is chosen for it.
        Each turn adds to what was asked for, so there is a last one.
        """
        while True:
            solved = await self._solve_supply(supply, preferred)
            python = next((p.version for p in solved.packages if p.name == "python"), None)
            if python is None or not self._adds(python, supply):
                return solved
            supply = await self._supply(supply.platform, supply.pythons | {python})
            error = absent_error([supply], self.requirements.channels, self.import_map)
            if error is not None:
                raise error

    def _adds(self, python: str, supply: Supply) -> bool:
        """Tell whether a Python needs what was not asked for."""
        return any(
            active_on(needed, python) and not any(active_on(needed, it) for it in supply.pythons)
            for needed in self.requirements.requirements
            if needed.pythons is not None
        )

    async def _solve_supply(
        self, supply: Supply, preferred: tuple[tuple[str, str], ...]
    ) -> _Solved:
        platform = supply.platform
        kept = [package for package in self.previous if package.platform == platform]
        local = INTERPRETERS in self.requirements.channels  # what is on this machine has no date
        cutoff = None if local else self.options.exclude_newer
        conditions = Conditions(
            virtual_packages=virtual_packages(platform, self.options.virtual_packages),
            exclude_newer=cutoff,
            seeds=await self.conda.seeds(kept, platform, cutoff),
            preferred=preferred,
            agreed=self._agreed(platform),
        )
        if not supply.missing:
            specs = [python_spec(self.requirements.python), *supply.specs]
            return _Solved(platform, supply, await self.conda.solve(specs, platform, conditions))
        return await self._solve_with_pypi(supply, conditions)

    async def _solve_with_pypi(self, supply: Supply, conditions: Conditions) -> _Solved:
        """Solve conda first, then uv for the Python that came out.

        Wheels often lag behind the newest Python, so when uv finds none the next older Python is
        tried; if none works the reason given is that for the newest.
        """
        from condavision.compile_stage.solving.pypi import OLDEST_PYTHON, CondaBase  # noqa: PLC0415 - rarely needed

        platform = supply.platform
        pythons, pypi = self.requirements.python, self.pypi()
        failure: UnsolvableError | None = None
        while pythons:
            try:
                conda = await self._solve_conda(supply, pythons, conditions)
            except UnsolvableError as error:
                raise failure or error from error
            version = next(package.version for package in conda if package.name == "python")
            base = CondaBase(
                platform=platform,
                python=version,
                virtual_packages=conditions.virtual_packages,
                supplied=self._supplied(conda),
                previous=self._previous_distributions(platform),
                renamed=frozenset(self._supplied(conda)) - {normalized(it.name) for it in conda},
            )
            try:
                pip = await asyncio.to_thread(pypi.solve, supply.missing, base)
            except UnsolvableError as error:
                failure = failure or error
                pythons = _older(pythons, version, OLDEST_PYTHON)
                continue
            return _Solved(platform, supply, (*conda, *pip))
        raise failure or UnsolvableError(f"no Python is in the range {self.requirements.python}")

    def _agreed(self, platform: str) -> tuple[str, ...]:
        if self.agreement is None:
            return ()
        return self.agreement.conda_specs(self.requirements, platform)

    def _previous_distributions(self, platform: str) -> tuple[tuple[str, str], ...]:
        versions = {
            package.name: package.version
            for package in self.previous
            if package.manager is Manager.PYPI and package.platform == platform
        }
        if self.agreement is not None:
            versions |= self.agreement.pypi_pins(self.import_map, platform)
        return tuple(versions.items())

    async def _solve_conda(
        self, supply: Supply, pythons: PythonRange, conditions: Conditions
    ) -> tuple[LockedPackage, ...]:
        pip = [] if INTERPRETERS in self.requirements.channels else ["pip"]
        specs = [python_spec(pythons), *supply.specs, *pip]
        return await self.conda.solve(specs, supply.platform, conditions)

    def _supplied(self, conda: tuple[LockedPackage, ...]) -> dict[str, str]:
        """Return the distributions that conda packages supply, under every known name."""
        return {
            name: package.version
            for package in conda
            if "python" in package.dependencies or "python_abi" in package.dependencies
            for name in (normalized(package.name), *self.import_map.pypi_names(package.name))
        }


def _guess(needed: Requirement) -> Requirement:
    """Take an import's own name for a distribution of PyPI, as ``--allow-unverified`` says."""
    return replace(needed, manager=Manager.PYPI, name=normalized(needed.name))


def _pypi_solver(cache: Path, options: SolveOptions, *, offline: bool) -> PyPISolver:
    from condavision.compile_stage.solving.pypi import PyPISolver  # noqa: PLC0415 - 20 ms, rarely needed

    return PyPISolver(
        cache, allow_sdist=options.allow_sdist, exclude_newer=options.exclude_newer, offline=offline
    )


def _older(pythons: PythonRange, version: str, oldest: Minor) -> PythonRange:
    major, minor = (int(part) for part in version.split(".")[:2])
    kept = pythons & PythonRange.below(major, minor)
    return replace(kept, minors=frozenset(m for m in kept.minors if m >= oldest))
