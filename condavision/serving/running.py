"""A run that has not ended, and the one place where it is executed: a runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from condavision.serving.runs import RunState
from condavision.serving.waiting import Moment

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.catalog import Ready
    from condavision.serving.runs import Run
    from condavision.serving.slots import Slot
    from condavision.serving.survey import Surveyed
    from condavision.serving.zygote.status import WarmStatus


@dataclass(slots=True, eq=False)
class LiveRun:
    """A run that has not ended; ``run`` is what is known of it by now.

    One that an earlier server accepted has neither ``ready`` nor ``slot`` at first. ``known`` is
    set once it is stored; then it has ended already if its ID is that of an earlier run. One that
    is not kept is known at once, and ``storing`` until it has ended.
    ``stdin`` is still to be written; ``streams`` are open if it is to start at once. Where its
    report ``is_awaited``, ``written`` becomes what it has written.
    """

    run: Run
    folder: RunFolder
    ready: Ready | None = None
    slot: Slot | None = None
    stdin: bytes = b""
    known: Moment = field(default_factory=Moment)
    ended: Moment = field(default_factory=Moment)
    stopping: Moment = field(default_factory=Moment)
    reason: RunState = RunState.CANCELLED
    streams: tuple[int, int, int] | None = None
    is_awaited: bool = False
    written: dict[str, Any] | None = None
    storing: asyncio.Future[Any] | None = None
    task: asyncio.Task[None] | None = None

    def stop(self, reason: RunState) -> None:
        """End the run; ``reason`` is its state then."""
        if not self.stopping.is_set():
            self.reason = reason
            self.stopping.set()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its state, the exit code of its process, and why it failed.

    ``began`` is whether its process may have been started.
    """

    state: RunState
    code: int | None = None
    error: str = ""
    began: bool = True


class ClusterState(StrEnum):
    """Whether a cluster can run anything."""

    READY = "ready"
    EMPTY = "no-workers"
    LOST = "lost"
    """Its scheduler does not answer."""


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """How a cluster is: how many runs it executes at once, on which machines."""

    address: str
    state: ClusterState
    threads: int = 0
    hosts: tuple[str, ...] = ()


class Runner(Protocol):
    """Executes runs, on this machine or on others."""

    @property
    def limit(self) -> int | None:
        """The bytes that a run may be sent; None for what its script allows."""

    @property
    def status(self) -> ClusterStatus | None:
        """How the cluster is; None for this machine."""

    async def open(self, room: Callable[[], None]) -> None:
        """Get ready; ``room`` is called when there may be room for other runs.

        Raises:
            CondavisionError: no run could be executed.
        """

    @property
    def capacity(self) -> int:
        """How many runs there can be at once."""

    def require(self, script: Surveyed) -> None:
        """Refuse a script that cannot be run.

        Raises:
            Problem: it cannot, for now or at all (503).
        """

    async def run(self, live: LiveRun, ready: Ready) -> Ended:
        """Execute a run within its limits, until it has ended or is to stop."""

    def warm_status(self, script: Surveyed) -> WarmStatus | None:
        """Return how runs of a script start; None if they start cold, or not at all."""

    async def close(self) -> None:
        """End what has been started beside runs."""
