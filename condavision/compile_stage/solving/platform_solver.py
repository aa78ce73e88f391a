"""One requirement set, solved for one platform at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condavision.compile_stage.solving.engine import SolveConditions
from condavision.compile_stage.solving.failure import absent_error
from condavision.compile_stage.solving.with_pypi import PreferredDistributions
from condavision.core.model import INTERPRETERS, Manager
from condavision.core.platforms import virtual_packages
from condavision.core.specs import active_on
from condavision.mapping.import_map import normalized

if TYPE_CHECKING:
    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.solving.channel_index import ChannelIndex, Supply
    from condavision.compile_stage.solving.with_pypi import JointSolver
    from condavision.core.model import LockedPackage, Requirement, Requirements
    from condavision.mapping.import_map import ImportMap
    from condavision.project.solve_options import SolveOptions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Solved:
    """The packages of one platform, and who supplies what."""

    platform: str
    supply: Supply
    packages: tuple[LockedPackage, ...]

    def versions(self, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Return the (name, version) of those conda packages that have one of these names."""
        return tuple(
            (package.name, package.version)
            for package in self.packages
            if package.manager is Manager.CONDA and package.name in names
        )


@dataclass(frozen=True, slots=True)
class PlatformSolver:
    """Solves one requirement set; packages of ``previous`` are kept where they fit."""

    requirements: Requirements
    options: SolveOptions
    index: ChannelIndex
    joint: JointSolver
    import_map: ImportMap
    previous: tuple[LockedPackage, ...]
    agreement: Agreement | None

    async def supply(self, platform: str, pythons: frozenset[str] = frozenset()) -> Supply:
        """Return who supplies what is always needed, and what these versions of Python need."""
        wanted = [
            needed
            for needed in self.requirements.requirements
            if needed.pythons is None or any(active_on(needed, python) for python in pythons)
        ]
        supply = replace(await self.index.supply(wanted, platform), pythons=pythons)
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

    async def solve(self, supply: Supply, preferred: tuple[tuple[str, str], ...] = ()) -> Solved:
        """Solve until everything that the resulting Python needs is included.

        What only some Pythons need is omitted at first, so that no Python is chosen because of it.
        Each iteration adds requirements, so the loop ends.

        Raises:
            UnsolvableError: there is no solution; carries the solver's reason.
            ChannelError: a channel or index cannot be read.
        """
        while True:
            _log.debug("%s: %s, from PyPI %d", supply.platform, supply.specs, len(supply.missing))
            solved = await self._solve_supply(supply, preferred)
            _log.info("%s: %d packages", supply.platform, len(solved.packages))
            python = next((p.version for p in solved.packages if p.name == "python"), None)
            if python is None or not self._adds(python, supply):
                return solved
            supply = await self.supply(supply.platform, supply.pythons | {python})
            error = absent_error([supply], self.requirements.channels, self.import_map)
            if error is not None:
                raise error

    def _adds(self, python: str, supply: Supply) -> bool:
        """Return whether a Python needs something that ``supply`` does not include."""
        return any(
            active_on(needed, python) and not any(active_on(needed, it) for it in supply.pythons)
            for needed in self.requirements.requirements
            if needed.pythons is not None
        )

    async def _solve_supply(self, supply: Supply, preferred: tuple[tuple[str, str], ...]) -> Solved:
        platform = supply.platform
        kept = [package for package in self.previous if package.platform == platform]
        local = INTERPRETERS in self.requirements.channels  # this machine's Pythons have no date
        cutoff = None if local else self.options.exclude_newer
        conditions = SolveConditions(
            virtual_packages=virtual_packages(platform, self.options.virtual_packages),
            exclude_newer=cutoff,
            seeds=await self.index.seeds(kept, platform, cutoff),
            preferred=preferred,
            agreed=self._agreed(platform),
        )
        packages = await self.joint.solve(supply, conditions, self._distributions(platform))
        return Solved(platform, supply, packages)

    def _agreed(self, platform: str) -> tuple[str, ...]:
        if self.agreement is None:
            return ()
        return self.agreement.conda_specs(self.requirements, platform)

    def _distributions(self, platform: str) -> PreferredDistributions:
        previous = tuple(
            (package.name, package.version)
            for package in self.previous
            if package.manager is Manager.PYPI and package.platform == platform
        )
        if self.agreement is None:
            return PreferredDistributions(previous)
        agreed = self.agreement.pypi_specs(self.requirements, self.import_map, platform)
        return PreferredDistributions(previous, agreed, self.agreement.has_python(platform))


def _guess(needed: Requirement) -> Requirement:
    """Return the requirement of an import's own name on PyPI, for ``--allow-unverified``."""
    return replace(needed, manager=Manager.PYPI, name=normalized(needed.name))
