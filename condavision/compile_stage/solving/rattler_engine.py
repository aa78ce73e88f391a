"""The default engine: rattler's solver (resolvo), embedded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import rattler
from rattler.exceptions import InvalidMatchSpecError, InvalidVersionError, SolverError

from condavision.compile_stage.solving.failure import NoSolutionError
from condavision.compile_stage.solving.keeping import keep
from condavision.core.model import LockedPackage, Manager
from condavision.errors import ChannelError, ConfigError
from condavision.system.secrets import redacted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from condavision.compile_stage.solving.channel_index import ChannelIndex
    from condavision.compile_stage.solving.engine import Problem, SolveConditions

_REASON_LINES = 15
_TOO_NEW = ("after the cutoff date", "has no timestamp")  # in rattler's words


def open_engine(index: ChannelIndex, *, conda: str | None, offline: bool) -> RattlerEngine:  # noqa: ARG001 - it drives no executable; the gateway is offline already
    """Return the engine."""
    return RattlerEngine(index)


@dataclass(frozen=True, slots=True)
class RattlerEngine:
    """Solves on the channels of ``index``, with the records that it has read."""

    index: ChannelIndex

    async def solve(self, problem: Problem) -> tuple[LockedPackage, ...]:
        """Solve match specs for one platform.

        Raises:
            UnsolvableError: no set of packages meets the specs; carries the solver's reason.
            ChannelError: a channel cannot be read.
        """
        specs, platform, conditions = problem.specs, problem.platform, problem.conditions
        agreed = await self._keepable(specs, platform, conditions)
        shared = await self._available(conditions.preferred, platform)
        return await self._solve(specs, platform, conditions, (*shared, *agreed))

    async def _keepable(
        self, specs: Sequence[str], platform: str, conditions: SolveConditions
    ) -> tuple[str, ...]:
        """Return as many of the agreed specs as are solvable together, earlier ones first.

        Raises:
            UnsolvableError: there is no solution even without them.
        """
        agreed = [rattler.MatchSpec(spec) for spec in conditions.agreed]
        names = {spec.name.normalized for spec in agreed if spec.name is not None}
        records = await self.index.named(names, platform)
        offered = tuple(
            text
            for text, spec in zip(conditions.agreed, agreed, strict=True)
            if spec.name is not None
            and any(spec.matches(record) for record in records.get(spec.name.normalized, ()))
        )
        if not offered:
            return ()
        kept, _ = await keep(offered, partial(self._solve, specs, platform, conditions))
        return kept

    async def _available(self, preferred: Iterable[tuple[str, str]], platform: str) -> list[str]:
        """Return a spec for each preferred version that this platform has."""
        versions = dict(preferred)
        records = await self.index.named(versions, platform)
        return [
            f"{name} =={version}"
            for name, version in versions.items()
            if any(str(record.version) == version for record in records.get(name, ()))
        ]

    async def _solve(
        self,
        specs: Sequence[str],
        platform: str,
        conditions: SolveConditions,
        constraints: Sequence[str],
    ) -> tuple[LockedPackage, ...]:
        try:
            records = await self.index.gateway.read(
                self.index.channels, lambda: self._request(specs, platform, conditions, constraints)
            )
        except SolverError as error:
            raise _no_solution(error, conditions) from error
        except (InvalidMatchSpecError, InvalidVersionError) as error:
            reason = redacted(str(error))
            raise ConfigError(f"a match spec or version is malformed: {reason}") from error
        return tuple(_locked(record, platform) for record in records)

    def _request(
        self,
        specs: Sequence[str],
        platform: str,
        conditions: SolveConditions,
        constraints: Sequence[str],
    ) -> Awaitable[list[rattler.RepoDataRecord]]:
        return rattler.solve(
            self.index.channels,
            [rattler.MatchSpec(spec) for spec in specs],
            gateway=self.index.gateway.opened,
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


def _locked(record: rattler.RepoDataRecord, platform: str) -> LockedPackage:
    name = record.name.normalized
    if record.sha256 is None or record.md5 is None:
        raise ChannelError(
            f"{record.url} cannot be locked: its channel gives no"
            f" {'sha256' if record.sha256 is None else 'md5'} for it",
            "ask the channel's owner to reindex it, or use another channel",
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
        size=record.size,
    )


def _dependencies(depends: Iterable[str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for depend in depends:
        name, _, constraint = depend.partition(" ")
        if not name.startswith("__"):
            joined[name] = ",".join(filter(None, (joined.get(name), constraint.strip())))
    return joined


def _no_solution(error: SolverError, conditions: SolveConditions) -> NoSolutionError:
    text = redacted(str(error))
    dated = conditions.exclude_newer is not None and any(sign in text for sign in _TOO_NEW)
    return NoSolutionError(_reason(text), too_new=dated)


def _reason(text: str) -> str:
    lines = text.strip().removeprefix("Cannot solve the request because of: ").splitlines()
    left_out = len(lines) - _REASON_LINES
    if left_out > 0:
        lines = [*lines[:_REASON_LINES], f"... and {left_out} more lines"]
    return "\n".join(lines)
