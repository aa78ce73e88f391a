"""Conda and PyPI in one environment: conda packages are solved first, the rest by uv or pip."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from condavision.compile_stage.prereleases import prereleases
from condavision.compile_stage.solving.conda_base import OLDEST_UV_PYTHON, CondaBase
from condavision.compile_stage.solving.engine import Problem
from condavision.compile_stage.solving.keeping import keep
from condavision.core.model import INTERPRETERS, Manager, SharedModule
from condavision.core.pythons import PythonRange, minor_of
from condavision.core.specs import python_spec
from condavision.errors import UnsolvableError
from condavision.mapping.import_map import normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from condavision.compile_stage.solving.channel_index import Supply
    from condavision.compile_stage.solving.engine import CondaEngine, SolveConditions
    from condavision.core.model import LockedPackage, Requirement, Requirements
    from condavision.core.pythons import Minor
    from condavision.mapping.import_map import ImportMap


class PyPISolver(Protocol):
    """Solves distributions for what conda locked."""

    def solve(
        self, requirements: Iterable[Requirement], base: CondaBase
    ) -> tuple[LockedPackage, ...]:
        """Solve distributions for one platform.

        Raises:
            UnsolvableError: there is no solution, or one that conflicts with conda packages.
            ChannelError: the index cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class PreferredDistributions:
    """Versions of distributions to keep where possible.

    ``previous`` are (name, version) of an earlier lock. As many as possible of ``agreed``, which
    are requirements (PEP 508), are met, earlier ones first; on an older Python if that meets more,
    unless the ``python`` is agreed too.
    """

    previous: tuple[tuple[str, str], ...] = ()
    agreed: tuple[str, ...] = ()
    python: bool = False


@dataclass(frozen=True, slots=True)
class JointSolver:
    """Solves with a conda engine, and with ``pypi`` of a Python's version for what conda lacks."""

    requirements: Requirements
    conda: CondaEngine
    pypi: Callable[[str], PyPISolver]
    import_map: ImportMap

    async def solve(
        self, supply: Supply, conditions: SolveConditions, wanted: PreferredDistributions
    ) -> tuple[LockedPackage, ...]:
        """Solve one platform.

        Raises:
            UnsolvableError: there is no solution; carries the solver's reason.
            ChannelError: a channel or index cannot be read.
        """
        if supply.missing:
            return await self._solve_both(supply, conditions, wanted)
        specs = in_order(supply.specs, self.requirements.python)
        return await self.conda.solve(Problem(tuple(specs), supply.platform, conditions))

    async def _solve_both(
        self, supply: Supply, conditions: SolveConditions, wanted: PreferredDistributions
    ) -> tuple[LockedPackage, ...]:
        """Solve conda packages first, then distributions for the Python that came out.

        Wheels often lag behind the newest Python, so where uv finds none, only pre-releases, or
        none of an agreed version, the next older Python is tried. Of the solutions with the most
        agreed versions, the one with the fewest pre-releases is returned, of several the one with
        the newest Python; without any, the reason for the newest is raised.
        """
        pythons = self.requirements.python
        found: list[tuple[tuple[int, int], tuple[LockedPackage, ...]]] = []
        failure: UnsolvableError | None = None
        while pythons:
            try:
                conda = await self._solve_conda(supply, pythons, conditions)
            except UnsolvableError as error:
                failure = failure or error
                break
            version = next(package.version for package in conda if package.name == "python")
            supplied = self._supplied(conda)
            base = CondaBase(
                platform=supply.platform,
                python=version,
                virtual_packages=conditions.virtual_packages,
                supplied=supplied,
                previous=wanted.previous,
                renamed=frozenset(supplied) - {normalized(it.name) for it in conda},
                local=INTERPRETERS in self.requirements.channels,
            )
            solve = partial(_solve_pypi, self.pypi(version), supply, base)
            try:
                kept, pip = await keep(wanted.agreed, solve)
            except UnsolvableError as error:
                failure = failure or error
            else:
                dropped = 0 if wanted.python else len(wanted.agreed) - len(kept)
                found.append(((dropped, self.prereleases(pip)), (*conda, *pip)))
                if not any(found[-1][0]):
                    break
            pythons = _older(pythons, version, OLDEST_UV_PYTHON)
        if found:
            return min(found, key=itemgetter(0))[1]
        raise failure or UnsolvableError(f"the range {self.requirements.python} has no Python")

    def prereleases(self, packages: Sequence[LockedPackage]) -> int:
        """Return how many distributions are pre-releases that no requirement asks for."""
        return len(prereleases(packages, self.requirements.requirements))

    async def _solve_conda(
        self, supply: Supply, pythons: PythonRange, conditions: SolveConditions
    ) -> tuple[LockedPackage, ...]:
        pip = [] if INTERPRETERS in self.requirements.channels else ["pip"]
        specs = (*in_order(supply.specs, pythons), *pip)
        return await self.conda.solve(Problem(specs, supply.platform, conditions))

    def _supplied(self, conda: tuple[LockedPackage, ...]) -> dict[str, str]:
        """Return the distributions that conda packages supply, under every known name."""
        return {
            name: package.version
            for package in conda
            if "python" in package.dependencies or "python_abi" in package.dependencies
            for name in (normalized(package.name), *self.import_map.pypi_names(package.name))
        }


def in_order(specs: Sequence[str], pythons: PythonRange) -> list[str]:
    """Return specs in the order in which the solver decides: Python last.

    First, the newest Python would be chosen, with whatever old versions still admit it.
    """
    return [*sorted(specs), python_spec(pythons)]


async def _solve_pypi(
    pypi: PyPISolver, supply: Supply, base: CondaBase, agreed: tuple[str, ...]
) -> tuple[LockedPackage, ...]:
    return await asyncio.to_thread(pypi.solve, supply.missing, replace(base, agreed=agreed))


def _older(pythons: PythonRange, version: str, oldest: Minor) -> PythonRange:
    kept = pythons & PythonRange.below(*minor_of(version))
    return replace(kept, minors=frozenset(m for m in kept.minors if m >= oldest))


def shared_modules(
    packages: Sequence[LockedPackage], import_map: ImportMap
) -> tuple[SharedModule, ...]:
    """Return the modules that a conda package and one from PyPI would both write on a platform."""
    platforms: dict[tuple[str, str, str], list[str]] = {}
    for platform in sorted({package.platform for package in packages}):
        here = [package for package in packages if package.platform == platform]
        for shared in _written_twice(here, import_map):
            platforms.setdefault(shared, []).append(platform)
    return tuple(SharedModule(*key, tuple(found)) for key, found in sorted(platforms.items()))


def _written_twice(
    packages: Sequence[LockedPackage], import_map: ImportMap
) -> set[tuple[str, str, str]]:
    found: dict[str, set[str]] = {}
    for package in packages:
        if package.manager is Manager.PYPI:
            for module in import_map.supplied(package.name):
                found.setdefault(module, set()).add(package.name)
    return {
        (module, package.name, wheel)
        for package in (packages if found else ())
        if package.manager is Manager.CONDA
        for name in import_map.pypi_names(package.name)
        for module in import_map.supplied(name)
        for wheel in found.get(module, ())
    }
