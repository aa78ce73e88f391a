"""The solver engines: each solves match specs for one platform.

A new engine is a file with a function ``open_engine(index, *, conda, offline)``, a row here, and a
name in ``core.model.Engine``, which settings and ``--engine`` offer. A file is imported when it is
used: what it imports takes long.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from condavision.core.model import Engine

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import rattler

    from condavision.compile_stage.solving.channel_index import ChannelIndex
    from condavision.core.model import LockedPackage
    from condavision.core.platforms import VirtualPackage

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


class CondaEngine(Protocol):
    """Solves for conda packages."""

    async def solve(
        self, specs: Sequence[str], platform: str, conditions: SolveConditions
    ) -> tuple[LockedPackage, ...]:
        """Solve match specs for one platform.

        Raises:
            UnsolvableError: no set of packages meets the specs; carries the solver's reason.
            ChannelError: a channel cannot be read.
            UsageError: the engine does not support one of the conditions.
        """
        ...


@dataclass(frozen=True, slots=True)
class InTurns:
    """An engine whose solves wait for a turn: each keeps a processor busy."""

    engine: CondaEngine
    turns: asyncio.Semaphore

    async def solve(
        self, specs: Sequence[str], platform: str, conditions: SolveConditions
    ) -> tuple[LockedPackage, ...]:
        """Solve as the engine does."""
        async with self.turns:
            return await self.engine.solve(specs, platform, conditions)


def open_engine(
    engine: Engine, index: ChannelIndex, *, conda: str | None = None, offline: bool = False
) -> CondaEngine:
    """Return an engine that solves on the channels of ``index``.

    ``conda`` is the executable for an engine that drives one: a path or name, None to find it.

    Raises:
        UsageError: it cannot solve offline, or there is no executable.
    """
    module = import_module(f"condavision.compile_stage.solving.{ENGINES[engine]}")
    opened: CondaEngine = module.open_engine(index, conda=conda, offline=offline)
    return opened
