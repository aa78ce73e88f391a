"""Conda packages, solved by rattler.

Everything that touches rattler's solver is in this module. rattler 0.28 can abort the interpreter
at exit while its background threads finish; the short sleep at exit lets them, and commands leave
through ``os._exit`` besides (``launcher.py``).
"""

from __future__ import annotations

import atexit
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rattler
from rattler.exceptions import InvalidMatchSpecError, InvalidVersionError, SolverError

from condavision.compile_stage.solving.gateway import UNREADABLE, unreadable
from condavision.core.model import LockedPackage, Manager
from condavision.core.specs import conda_candidates, conda_spec, wanted_on
from condavision.errors import ChannelError, ConfigError, UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from condavision.core.model import Requirement
    from condavision.core.platforms import VirtualPackage

__all__ = [
    "CondaSolver",
    "Conditions",
    "Supply",
]

atexit.register(time.sleep, 0.05)

_REASON_LINES = 15


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies the requirements of one platform.

    ``specs`` are the match specs of what the channels have, ``missing`` what they do not.
    ``absent`` of those nothing but a channel can supply: conda packages and imports.
    ``unverified`` are the imports found under their own name: ``(import, conda name)``. Of what
    only some Pythons need there is what ``pythons`` do, each a version.
    """

    platform: str
    specs: tuple[str, ...]
    missing: tuple[Requirement, ...]
    absent: tuple[Requirement, ...]
    unverified: tuple[tuple[str, str], ...]
    pythons: frozenset[str] = frozenset()


class CondaSolver:
    """Channels in order of priority; ``trusted`` of them may be asked for imports."""

    def __init__(
        self, gateway: rattler.Gateway, channels: Sequence[str], trusted: Sequence[str]
    ) -> None:
        """Solve on ``channels`` (names or URLs), read through ``gateway``."""
        self._channels = [rattler.Channel(channel) for channel in channels]
        self._trusted = [rattler.Channel(channel) for channel in trusted]
        self._gateway = gateway

    async def supply(self, requirements: Iterable[Requirement], platform: str) -> Supply:
        """Find out which requirements of a platform the channels have.

        Raises:
            ChannelError: a channel cannot be read.
            ConfigError: a requirement is no match spec; the message names its line.
        """
        wanted = [needed for needed in requirements if wanted_on(needed, platform)]
        _require_specs(wanted)
        records = await self._records(self._channels, wanted, platform)
        trusted = (
            await self._records(self._trusted, wanted, platform)
            if any(needed.manager is Manager.IMPORT for needed in wanted)
            else {}
        )
        specs, missing, absent, unverified = [], [], [], []
        for needed in wanted:
            by_import = needed.manager is Manager.IMPORT
            name = _supplied_as(needed, trusted if by_import else records)
            if name is not None:
                specs.append(conda_spec(needed, name))
                if by_import:
                    unverified.append((needed.name, name))
            elif needed.manager is Manager.PYPI:
                missing.append(needed)
            else:
                absent.append(needed)
        return Supply(platform, tuple(specs), tuple(missing), tuple(absent), tuple(unverified))

    async def _records(
        self, channels: list[rattler.Channel], wanted: Iterable[Requirement], platform: str
    ) -> dict[str, list[rattler.RepoDataRecord]]:
        names = sorted({name for needed in wanted for name in conda_candidates(needed)})
        return await self._named(channels, names, platform)

    async def _named(
        self, channels: list[rattler.Channel], names: list[str], platform: str
    ) -> dict[str, list[rattler.RepoDataRecord]]:
        if not names or not channels:
            return {}
        subdirs = [rattler.Subdir(platform), rattler.Subdir("noarch")]
        try:
            found = await self._gateway.query(channels, subdirs, names, recursive=False)
        except UNREADABLE as error:
            raise unreadable(channels, error) from error
        by_name: dict[str, list[rattler.RepoDataRecord]] = {}
        for records in found:
            for record in records:
                by_name.setdefault(record.name.normalized, []).append(record)
        return by_name

    async def seeds(
        self, packages: Iterable[LockedPackage], platform: str, exclude_newer: datetime | None
    ) -> tuple[rattler.RepoDataRecord, ...]:
        """Return the channels' records of packages locked earlier, as far as they are still there.

        The solver takes a locked record as it is given, so that it must be the channel's own.
        """
        wanted = {package.sha256 for package in packages if package.manager is Manager.CONDA}
        specs = []
        for package in packages:
            if package.manager is Manager.CONDA:
                with suppress(InvalidMatchSpecError):
                    text = f"{package.name} =={package.version} {package.build}"
                    specs.append(rattler.MatchSpec(text))
        if not specs:
            return ()
        subdirs = [rattler.Subdir(platform), rattler.Subdir("noarch")]
        try:
            found = await self._gateway.query(self._channels, subdirs, specs, recursive=False)
        except UNREADABLE as error:
            raise unreadable(self._channels, error) from error
        return tuple(
            record
            for records in found
            for record in records
            if record.sha256 is not None
            and record.sha256.hex() in wanted
            and not _is_newer(record, exclude_newer)
        )

    async def solve(
        self, specs: Sequence[str], platform: str, conditions: Conditions
    ) -> tuple[LockedPackage, ...]:
        """Solve match specs for one platform.

        Raises:
            UnsolvableError: no set of packages meets the specs; carries the solver's reason.
            ChannelError: a channel cannot be read.
        """
        agreed = await self._keepable(specs, platform, conditions)
        shared = await self._available(conditions.preferred, platform)
        return await self._solve(specs, platform, conditions, (*shared, *agreed))

    async def _keepable(
        self, specs: Sequence[str], platform: str, conditions: Conditions
    ) -> tuple[str, ...]:
        """Return as much of what was agreed on as can be kept at once, the first before the last.

        Raises:
            UnsolvableError: there is no solution, whatever was agreed on.
        """
        agreed = [rattler.MatchSpec(spec) for spec in conditions.agreed]
        names = {spec.name.normalized for spec in agreed if spec.name is not None}
        records = await self._named(self._channels, sorted(names), platform)
        offered = tuple(
            text
            for text, spec in zip(conditions.agreed, agreed, strict=True)
            if spec.name is not None
            and any(spec.matches(record) for record in records.get(spec.name.normalized, ()))
        )
        if not offered:
            return ()
        with suppress(UnsolvableError):
            await self._solve(specs, platform, conditions, offered)
            return offered
        await self._solve(specs, platform, conditions, ())

        async def added(kept: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
            with suppress(UnsolvableError):
                await self._solve(specs, platform, conditions, (*kept, *more))
                return (*kept, *more)
            if len(more) == 1:
                return kept
            half = len(more) // 2
            return await added(await added(kept, more[:half]), more[half:])

        return await added((), offered)

    async def _available(self, preferred: Iterable[tuple[str, str]], platform: str) -> list[str]:
        """Return a spec for each preferred version that this platform has."""
        versions = dict(preferred)
        records = await self._named(self._channels, sorted(versions), platform)
        return [
            f"{name} =={version}"
            for name, version in versions.items()
            if any(str(record.version) == version for record in records.get(name, ()))
        ]

    async def _solve(
        self,
        specs: Sequence[str],
        platform: str,
        conditions: Conditions,
        constraints: Sequence[str],
    ) -> tuple[LockedPackage, ...]:
        try:
            records = await rattler.solve(
                self._channels,
                [rattler.MatchSpec(spec) for spec in specs],
                gateway=self._gateway,
                platforms=[rattler.Subdir(platform), rattler.Subdir("noarch")],
                virtual_packages=[
                    rattler.GenericVirtualPackage(
                        rattler.PackageName(name),
                        rattler.Version(version),
                        rattler.BuildString(build or "0"),
                    )
                    for name, version, build in conditions.virtual_packages
                ],
                constraints=[rattler.MatchSpec(constraint) for constraint in constraints],
                locked_packages=conditions.seeds,
                exclude_newer=conditions.exclude_newer,
            )
        except SolverError as error:
            raise UnsolvableError(_reason(error)) from error
        except (InvalidMatchSpecError, InvalidVersionError) as error:
            raise ConfigError(f"a match spec or version is malformed: {error}") from error
        except UNREADABLE as error:
            raise unreadable(self._channels, error) from error
        return tuple(_locked(record, platform) for record in records)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What bears on the solve of one platform besides its specs.

    ``preferred`` are the (name, version) of other platforms: those this one has too are the only
    ones taken. ``seeds`` are taken where nothing speaks against them. Match specs ``agreed`` are
    met, as many as can be at once, the first before the last, by packages that are needed anyway.
    Records newer than ``exclude_newer`` do not exist, nor do those without a date.
    """

    virtual_packages: tuple[VirtualPackage, ...]
    exclude_newer: datetime | None = None
    seeds: tuple[rattler.RepoDataRecord, ...] = ()
    preferred: tuple[tuple[str, str], ...] = ()
    agreed: tuple[str, ...] = ()


def _is_newer(record: rattler.RepoDataRecord, instant: datetime | None) -> bool:
    """Tell whether a record is of later than ``instant``, as the solver counts: by upload first."""
    date = record.indexed_timestamp or record.timestamp
    return instant is not None and (date is None or date > instant)


def _require_specs(wanted: Iterable[Requirement]) -> None:
    """Refuse what a person wrote and the solver cannot read, before asking channels for it."""
    mistakes = []
    for needed in wanted:
        if needed.manager is not Manager.CONDA:
            continue
        spec = conda_spec(needed, needed.name)
        try:
            rattler.MatchSpec(spec)
        except (InvalidMatchSpecError, InvalidVersionError) as error:
            places = ", ".join(map(str, needed.sources)) or "configuration"
            reason = str(error).splitlines()[0]
            mistakes.append(f"{places}: `{spec}` is not a conda match spec: {reason}")
    if mistakes:
        raise ConfigError("\n".join(mistakes), "write it as conda does: numpy >=1.26,<3")


def _supplied_as(
    needed: Requirement, records: dict[str, list[rattler.RepoDataRecord]]
) -> str | None:
    """Return the name under which a channel has what is needed, in whatever version.

    A package that is only assumed by its name must also be one of Python: a third of the
    identifier-like names on conda-forge are C tools.
    """
    if needed.manager is Manager.CONDA:
        return needed.name if needed.name in records or needed.name.startswith("__") else None
    if needed.extras:
        return None  # conda packages have no extras: PyPI supplies the distribution with them
    for name in conda_candidates(needed):
        found = records.get(name, ())
        if needed.conda and found:
            return name
        if any(_is_python_package(record) for record in found):
            return name
    return None


def _is_python_package(record: rattler.RepoDataRecord) -> bool:
    return record.noarch.python or any(
        depend.partition(" ")[0] == "python" for depend in record.depends
    )


def _locked(record: rattler.RepoDataRecord, platform: str) -> LockedPackage:
    name = record.name.normalized
    if record.sha256 is None or record.md5 is None:
        raise ChannelError(
            f"{record.url} cannot be locked: its channel gives no"
            f" {'sha256' if record.sha256 is None else 'md5'} for it",
            "ask the channel's owner to index it again, or use another channel",
        )
    return LockedPackage(
        manager=Manager.CONDA,
        name=name,
        version=str(record.version),
        platform=platform,
        url=record.url,
        sha256=record.sha256.hex(),
        md5=record.md5.hex(),
        build=str(record.build),
        dependencies=_dependencies(record.depends),
    )


def _dependencies(depends: Iterable[str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for depend in depends:
        name, _, constraint = depend.partition(" ")
        if not name.startswith("__"):
            joined[name] = ",".join(filter(None, (joined.get(name), constraint.strip())))
    return joined


def _reason(error: SolverError) -> str:
    lines = str(error).strip().removeprefix("Cannot solve the request because of: ").splitlines()
    left_out = len(lines) - _REASON_LINES
    if left_out > 0:
        lines = [*lines[:_REASON_LINES], f"... and {left_out} lines more like these"]
    return "\n".join(lines)
