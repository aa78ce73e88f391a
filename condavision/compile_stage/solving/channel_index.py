"""What the channels of a requirement set have, whichever engine solves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rattler
from rattler.exceptions import InvalidMatchSpecError, InvalidVersionError

from condavision.core.model import Manager
from condavision.core.specs import conda_candidates, conda_spec, wanted_on
from condavision.errors import DeclarationError
from condavision.system.rattler_client import open_channel
from condavision.system.timeout import timeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from condavision.compile_stage.solving.gateway import Gateway
    from condavision.core.model import LockedPackage, Requirement

Records = dict[str, list[rattler.RepoDataRecord]]
"""Records by the name of their package."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies the requirements of one platform.

    ``specs`` are the match specs of what the channels have. They lack ``missing``, which PyPI may
    have, and ``absent``, which only a channel can supply: conda packages and imports.
    ``unverified`` are the imports found under their own name: ``(import, conda name)``.
    ``untrusted`` are absent imports that another channel has so: ``(import, channel)``.
    Requirements of some Pythons only are included for ``pythons``, each a version.
    """

    platform: str
    specs: tuple[str, ...]
    missing: tuple[Requirement, ...]
    absent: tuple[Requirement, ...]
    unverified: tuple[tuple[str, str], ...]
    pythons: frozenset[str] = frozenset()
    untrusted: tuple[tuple[str, str], ...] = ()


class ChannelIndex:
    """Channels in order of priority; ``trusted`` of them are searched for imports."""

    def __init__(self, gateway: Gateway, channels: Sequence[str], trusted: Sequence[str]) -> None:
        """Read ``channels`` (names or URLs) through ``gateway``."""
        self.gateway = gateway
        self.names = tuple(channels)
        self.channels = [open_channel(channel) for channel in channels]
        self._trusted = [open_channel(channel) for channel in trusted]

    async def supply(self, requirements: Iterable[Requirement], platform: str) -> Supply:
        """Return which requirements of a platform the channels have.

        Raises:
            ChannelError: a channel cannot be read.
            ConfigError: a requirement is not a match spec; the message names its line.
        """
        wanted = [needed for needed in requirements if wanted_on(needed, platform)]
        _require_specs(wanted)
        records = await self._candidates(self.channels, wanted, platform)
        trusted = (
            await self._candidates(self._trusted, wanted, platform)
            if any(needed.manager is Manager.IMPORT for needed in wanted)
            else {}
        )
        specs, missing, absent, unverified, untrusted = [], [], [], [], []
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
                found = _supplied_as(needed, records) if by_import else None
                untrusted += [(needed.name, records[found][0].channel)] if found else []
        return Supply(
            platform,
            tuple(specs),
            tuple(missing),
            tuple(absent),
            tuple(unverified),
            untrusted=tuple((name, it.rstrip("/")) for name, it in untrusted if it),
        )

    async def named(self, names: Iterable[str], platform: str) -> Records:
        """Return every record of some packages.

        Raises:
            ChannelError: a channel cannot be read.
        """
        return await self._query(self.channels, sorted(names), platform)

    async def seeds(
        self, packages: Iterable[LockedPackage], platform: str, exclude_newer: datetime | None
    ) -> tuple[rattler.RepoDataRecord, ...]:
        """Return the channels' records of packages locked earlier, where they still have them.

        The solver does not check a locked record, so it must be the channel's own.

        Raises:
            ChannelError: a channel cannot be read.
        """
        wanted, specs = set(), []
        for package in packages:
            if package.manager is Manager.CONDA:
                wanted.add(package.sha256)
                with suppress(InvalidMatchSpecError):
                    text = f"{package.name} =={package.version} {package.build}"
                    specs.append(rattler.MatchSpec(text))
        found = await self._query(self.channels, specs, platform)
        return tuple(
            record
            for records in found.values()
            for record in records
            if record.sha256 is not None
            and record.sha256.hex() in wanted
            and not _is_newer(record, exclude_newer)
        )

    async def _candidates(
        self, channels: list[rattler.Channel], wanted: Iterable[Requirement], platform: str
    ) -> Records:
        names = sorted({name for needed in wanted for name in conda_candidates(needed)})
        return await self._query(channels, names, platform)

    async def _query(
        self,
        channels: list[rattler.Channel],
        specs: Sequence[str | rattler.MatchSpec],
        platform: str,
    ) -> Records:
        if not specs or not channels:
            return {}
        subdirs = [rattler.Subdir(platform), rattler.Subdir("noarch")]
        found = await self.gateway.read(
            channels,
            lambda: self.gateway.opened.query(channels, subdirs, specs, recursive=False),
            timeout(),
        )
        by_name: Records = {}
        for records in found:
            for record in records:
                by_name.setdefault(record.name.normalized, []).append(record)
        return by_name


def _is_newer(record: rattler.RepoDataRecord, instant: datetime | None) -> bool:
    """Return whether a record is newer than ``instant``, by its upload date first as in rattler."""
    date = record.indexed_timestamp or record.timestamp
    return instant is not None and (date is None or date > instant)


def _require_specs(wanted: Iterable[Requirement]) -> None:
    """Check the syntax of declared conda requirements, before any channel is read.

    Raises:
        DeclarationError: some are not match specs; all are named.
    """
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
        raise DeclarationError("\n".join(mistakes), "write it as conda does: numpy >=1.26,<3")


def _supplied_as(
    needed: Requirement, records: Mapping[str, Sequence[rattler.RepoDataRecord]]
) -> str | None:
    """Return the name under which a channel has a requirement in any version; None if it lacks it.

    A package that is assumed by its name alone must also depend on Python: a third of the
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
        if any(is_python_package(record) for record in found):
            return name
    return None


def is_python_package(record: rattler.RepoDataRecord) -> bool:
    """Return whether a package is one of Python modules, by what it depends on."""
    return record.noarch.python or any(
        depend.partition(" ")[0] == "python" for depend in record.depends
    )
