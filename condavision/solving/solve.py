"""One requirement set becomes one lock, for every platform asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condavision.channel import INTERPRETERS, is_local, is_trusted
from condavision.errors import UnsolvableError
from condavision.interpreters import local_channel
from condavision.model import Lock, Manager
from condavision.pythons import PythonRange
from condavision.requirements import describe, require_known, requirement_hash
from condavision.solving.conda import CondaSolver, Supply
from condavision.solving.pypi import OLDEST_PYTHON, PyPISolver
from condavision.specs import python_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from condavision.config import Config
    from condavision.mapping.import_map import ImportMap
    from condavision.model import LockedPackage, Requirements

__all__ = ["solve"]

_WAYS_OUT = (
    "see where each requirement comes from: condavision explain SCRIPT",
    "loosen what the script declares, or add a channel: condavision lock -c CHANNEL SCRIPT",
)


def solve(
    requirements: Requirements,
    platforms: Sequence[str],
    config: Config,
    import_map: ImportMap,
    home: Path,
) -> Lock:
    """Solve a requirement set for ``platforms``; the first one's versions are preferred.

    Raises:
        UnknownImportError: an import that no trusted channel has under its own name.
        UnsolvableError: the solver's reason, with who asked for what.
        ChannelError: a channel or index cannot be read.
    """
    channels = expand(requirements.channels, home)
    trusted = [name for name in requirements.channels if is_trusted(name, config.trusted_channels)]
    solver = _Solver(
        requirements=requirements,
        conda=CondaSolver(channels, trusted, home / "repodata"),
        pypi=PyPISolver(home / "uv", config.allow_sdist),
        import_map=import_map,
        with_pip=INTERPRETERS not in requirements.channels,
    )
    try:
        solved = asyncio.run(solver.solve(platforms))
    except UnsolvableError as error:
        message = f"{error.message.rstrip('.')}\nasked for: {_askers(requirements)}"
        raise UnsolvableError(message, *(error.hints or _WAYS_OUT)) from error
    unverified = sorted({pair for one in solved for pair in one.supply.unverified})
    metadata = describe(requirements)
    if unverified:
        metadata["unverified"] = ", ".join(f"{module}={name}" for module, name in unverified)
    return Lock(
        hash=requirement_hash(requirements),
        channels=channels,
        platforms=tuple(platforms),
        packages=tuple(package for one in solved for package in sorted(one.packages, key=_order)),
        metadata=metadata,
    )


def expand(channels: tuple[str, ...], home: Path) -> tuple[str, ...]:
    """Replace ``interpreters:`` by the URL of the channel made from this machine's Pythons.

    Nothing outside condavision ever sees the embedded spelling.
    """
    return (local_channel(home / "interpreters").as_uri(),) if is_local(channels) else channels


def _order(package: LockedPackage) -> tuple[str, str]:
    return (package.manager.value, package.name)


def _askers(requirements: Requirements) -> str:
    """Say in the user's terms who asked for what, as a solver never knows."""
    asked = [
        f"{requirement.name} {requirement.constraint}".strip()
        + f" ({', '.join(str(source) for source in requirement.sources[:2])})"
        for requirement in requirements.requirements
    ]
    return "; ".join([f"python {requirements.python}", *asked])


@dataclass(frozen=True, slots=True)
class _Solved:
    platform: str
    supply: Supply
    packages: tuple[LockedPackage, ...]


@dataclass(frozen=True, slots=True)
class _Solver:
    requirements: Requirements
    conda: CondaSolver
    pypi: PyPISolver
    import_map: ImportMap
    with_pip: bool

    async def solve(self, platforms: Sequence[str]) -> list[_Solved]:
        first = await self._solve_platform(platforms[0], ())
        versions = tuple(
            (package.name, package.version)
            for package in first.packages
            if package.manager is Manager.CONDA and package.name in self._direct_names()
        )
        others = [self._solve_platform(platform, versions) for platform in platforms[1:]]
        return [first, *await asyncio.gather(*others)]

    def _direct_names(self) -> frozenset[str]:
        names = {needed.conda or needed.name for needed in self.requirements.requirements}
        return frozenset({"python", *names})

    async def _solve_platform(
        self, platform: str, preferred: tuple[tuple[str, str], ...]
    ) -> _Solved:
        supply = await self.conda.supply(self.requirements.requirements, platform)
        unknown = [needed for needed in supply.missing if needed.manager is Manager.IMPORT]
        require_known(unknown, self.import_map)
        if not supply.missing:
            specs = [python_spec(self.requirements.python), *supply.specs]
            return _Solved(platform, supply, await self.conda.solve(specs, platform, preferred))
        return await self._solve_with_pypi(platform, supply, preferred)

    async def _solve_with_pypi(
        self, platform: str, supply: Supply, preferred: tuple[tuple[str, str], ...]
    ) -> _Solved:
        """Solve conda first, then uv for the Python that came out.

        Wheels often lag behind the newest Python, so when uv finds none the next older Python is
        tried; if none works the reason given is that for the newest.
        """
        pythons = self.requirements.python
        failure: UnsolvableError | None = None
        while pythons:
            try:
                conda = await self._solve_conda(platform, supply, pythons, preferred)
            except UnsolvableError as error:
                raise failure or error from error
            version = next(package.version for package in conda if package.name == "python")
            try:
                pip = await asyncio.to_thread(
                    self.pypi.solve, supply.missing, version, platform, self._excluded(conda)
                )
            except UnsolvableError as error:
                failure = failure or error
                pythons = _older(pythons, version)
                continue
            return _Solved(platform, supply, (*conda, *pip))
        raise failure or UnsolvableError(f"no Python is in the range {self.requirements.python}")

    async def _solve_conda(
        self,
        platform: str,
        supply: Supply,
        pythons: PythonRange,
        preferred: tuple[tuple[str, str], ...],
    ) -> tuple[LockedPackage, ...]:
        specs = [python_spec(pythons), *supply.specs, *(["pip"] if self.with_pip else [])]
        return await self.conda.solve(specs, platform, preferred)

    def _excluded(self, conda: tuple[LockedPackage, ...]) -> set[str]:
        """Return the distributions that conda packages supply, under every known name."""
        return {
            name
            for package in conda
            if "python" in package.dependencies or "python_abi" in package.dependencies
            for name in (package.name, *self.import_map.pypi_names(package.name))
        }


def _older(pythons: PythonRange, version: str) -> PythonRange:
    major, minor = (int(part) for part in version.split(".")[:2])
    kept = pythons & PythonRange.below(major, minor)
    return replace(kept, minors=frozenset(m for m in kept.minors if m >= OLDEST_PYTHON))
