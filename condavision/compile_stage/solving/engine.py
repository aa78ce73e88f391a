"""The solver engines: each solves match specs, for one platform or for several at once.

A new engine is a file with a function ``open_engine(index, *, conda, offline)``, a row here, and a
name in ``core.model.Engine``, which settings and ``--engine`` offer. A file is imported when it is
used: what it imports takes long.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from condavision.core.engine import Engine
from condavision.errors import UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from datetime import datetime

    import rattler

    from condavision.compile_stage.solving.channel_index import ChannelIndex
    from condavision.core.model import LockedPackage
    from condavision.core.platforms import VirtualPackage

T = TypeVar("T")

ENGINES: Mapping[Engine, str] = {
    Engine.RATTLER: "rattler_engine",
    Engine.CONDA_LOCK: "conda_lock_engine",
}
"""The file of each engine in this folder."""


@dataclass(frozen=True, slots=True)
class SolveConditions:
    """What restricts the solve of one platform besides its specs.

    ``preferred`` are the (name, version) of other platforms; those that this one lacks are ignored.
    ``seeds`` are kept where they fit. Match specs ``agreed`` are met by packages that are needed
    anyway, as many as possible, earlier ones first. Records newer than ``exclude_newer`` (UTC) are
    ignored, and so are those without a date.
    """

    virtual_packages: tuple[VirtualPackage, ...]
    exclude_newer: datetime | None = None
    seeds: tuple[rattler.RepoDataRecord, ...] = ()
    preferred: tuple[tuple[str, str], ...] = ()
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What to solve for one platform: match specs, and what restricts the solve besides them."""

    specs: tuple[str, ...]
    platform: str
    conditions: SolveConditions


class OneAtATime(Protocol):
    """An engine that solves for one platform."""

    async def solve(self, problem: Problem) -> tuple[LockedPackage, ...]:
        """Solve for conda packages.

        Raises:
            UnsolvableError: no set of packages meets the specs; carries the solver's reason.
            ChannelError: a channel cannot be read.
            UsageError: the engine does not support one of the conditions.
        """
        ...


@runtime_checkable
class ManyAtOnce(Protocol):
    """An engine that solves for several platforms in less time than for one after the other."""

    async def solve_all(
        self, problems: Sequence[Problem]
    ) -> Sequence[tuple[LockedPackage, ...] | UnsolvableError]:
        """Solve for conda packages; the problems are for different platforms.

        Returns the packages of each problem, or the reason why it has no solution.

        Raises:
            ChannelError: a channel cannot be read.
            UsageError: the engine does not support one of the conditions.
        """
        ...


class CondaEngine(Protocol):
    """The engine as one requirement set uses it, whose platforms are solved concurrently."""

    async def solve(self, problem: Problem) -> tuple[LockedPackage, ...]:
        """Solve as the engine does."""
        ...

    async def together(self, solves: Sequence[Awaitable[T]]) -> list[T | BaseException]:
        """Wait for the solves of platforms, which call ``solve``; return results or exceptions."""
        ...


@dataclass(frozen=True, slots=True)
class InTurns:
    """An engine whose solves wait for a turn: each keeps a processor busy."""

    engine: OneAtATime
    turns: asyncio.Semaphore

    async def solve(self, problem: Problem) -> tuple[LockedPackage, ...]:
        """Solve as the engine does."""
        async with self.turns:
            return await self.engine.solve(problem)

    async def together(self, solves: Sequence[Awaitable[T]]) -> list[T | BaseException]:
        """Wait for all of them."""
        return await asyncio.gather(*solves, return_exceptions=True)


@dataclass(slots=True)
class InRounds:
    """An engine called once for all platforms: when each of them waits for it."""

    engine: ManyAtOnce
    turns: asyncio.Semaphore
    _working: int = 0
    _waiting: list[tuple[Problem, asyncio.Future[tuple[LockedPackage, ...]]]] = field(
        default_factory=list
    )

    async def solve(self, problem: Problem) -> tuple[LockedPackage, ...]:
        """Solve in the next round, which the last platform to ask or to finish starts."""
        answer: asyncio.Future[tuple[LockedPackage, ...]] = asyncio.Future()
        self._waiting.append((problem, answer))
        await self._end_work()
        return await answer

    async def together(self, solves: Sequence[Awaitable[T]]) -> list[T | BaseException]:
        """Wait for all of them."""
        self._working = len(solves)
        return await asyncio.gather(*map(self._to_the_end, solves))

    async def _to_the_end(self, solve: Awaitable[T]) -> T | BaseException:
        (outcome,) = await asyncio.gather(solve, return_exceptions=True)
        await self._end_work()
        return outcome

    async def _end_work(self) -> None:
        self._working -= 1
        if self._working > 0 or not self._waiting:
            return
        asked, self._waiting = self._waiting, []
        self._working = len(asked)
        try:
            async with self.turns:
                outcomes = await self.engine.solve_all([problem for problem, _ in asked])
        except Exception as error:  # noqa: BLE001 - each platform raises it
            for _, answer in asked:
                answer.set_exception(error)
            return
        for (_, answer), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, UnsolvableError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)


def open_engine(
    engine: Engine,
    index: ChannelIndex,
    turns: asyncio.Semaphore,
    *,
    conda: str | None = None,
    offline: bool = False,
) -> CondaEngine:
    """Return an engine that solves one requirement set on the channels of ``index``.

    Its solves take ``turns`` with those of other requirement sets.
    ``conda`` is the executable for an engine that drives one: a path or name, None to find it.

    Raises:
        UsageError: it cannot solve offline, or there is no executable.
    """
    module = import_module(f"condavision.compile_stage.solving.{ENGINES[engine]}")
    opened: OneAtATime | ManyAtOnce = module.open_engine(index, conda=conda, offline=offline)
    return InRounds(opened, turns) if isinstance(opened, ManyAtOnce) else InTurns(opened, turns)
