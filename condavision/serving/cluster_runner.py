"""Runs on the workers of a cluster: this machine accepts, remembers and answers.

A run begins once only, unless its script may ``restart``: a worker that dies, or a scheduler that
is lost, interrupts what it had. The cluster is connected to again for as long as the server lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.cluster.bundle import Packed
from condavision.cluster.dask_connection import SchedulerLostError
from condavision.cluster.dask_dispatcher import Repeat
from condavision.cluster.dask_engine import DaskEngine
from condavision.cluster.engines import EngineOptions, open_engine
from condavision.cluster.task import Limits, Reason, Task
from condavision.errors import CondavisionError, UsageError
from condavision.exec_stage.run_folder import RunFolder
from condavision.serving.problems import Problem
from condavision.serving.running import ClusterState, ClusterStatus, Ended
from condavision.serving.runs import RunState
from condavision.system.files import remove_tree
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from condavision.cluster.dask_dispatcher import DaskDispatcher
    from condavision.cluster.task import File, Outcome
    from condavision.serving.catalog import Ready
    from condavision.serving.running import LiveRun
    from condavision.serving.survey import Surveyed
    from condavision.serving.zygote.status import WarmStatus

_log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between two looks at the workers, or attempts to reach the scheduler
_MARGIN = 10.0  # seconds for a worker to say that it has ended a process

_STATES = {
    Reason.TIMEOUT: RunState.TIMEOUT,
    Reason.OUTPUT: RunState.OUTPUT,
    Reason.TOO_LARGE: RunState.OUTPUT,
    Reason.WORKER_LOST: RunState.INTERRUPTED,
}


class ClusterRunner:
    """Sends runs to the workers of a Dask cluster."""

    def __init__(self, address: str, limit: int, concurrency: int | None, folder: Path) -> None:
        """Connect to nothing yet.

        A run is sent and sends ``limit`` bytes at most. ``folder`` is where workers that see it put
        what a run writes.
        """
        self.address = address
        self.limit = limit
        self._concurrency = concurrency
        self._folder = folder
        self._engine: DaskEngine | None = None
        self._threads = 0
        self._hosts: tuple[str, ...] = ()
        self._numbers = itertools.count(1)
        self._connected = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def open(self, room: Callable[[], None]) -> None:
        """Connect to the cluster; ``room`` is called when there may be room for other runs.

        Raises:
            CondavisionError: it cannot be used.
        """
        await asyncio.to_thread(remove_tree, self._folder)
        await asyncio.to_thread(self._connect)
        self._connected.set()
        self._watching = asyncio.create_task(self._watch(room))

    def _connect(self) -> None:
        options = EngineOptions(self.address, None, ship=True, limit=self.limit)
        engine = open_engine(options, _Log())
        if not isinstance(engine, DaskEngine):
            engine.shutdown()
            raise UsageError(
                f"`{self.address}` is no Dask cluster",
                "give tcp://HOST:8786, slurm:JOBS or ssh:HOST,HOST",
            )
        self._engine = engine
        self._look(engine)

    def _look(self, engine: DaskEngine) -> None:
        self._threads, self._hosts = engine.workers.threads, engine.hosts

    async def _watch(self, room: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            try:
                await self._keep_connected()
            except CondavisionError as error:
                _log.debug("%s", error.message)
            except Exception:  # noqa: BLE001 - the next may go well
                _log.exception("the cluster %s", self.address)
            room()

    async def _keep_connected(self) -> None:
        engine = self._engine
        if engine is not None and not engine.workers.is_lost:
            await asyncio.to_thread(self._look, engine)
            self._connected.set()  # it may have been lost for a moment
            return
        if engine is not None:
            _log.warning("%s", engine.workers.lost_error().message)
            self._engine = None
            self._connected.clear()
            await asyncio.to_thread(engine.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._connect)
        self._connected.set()
        _log.info("the scheduler %s answers again", self.address)

    @property
    def capacity(self) -> int:
        """The threads of the workers, or the limit of the settings; 0 without a scheduler."""
        if self.status.state is not ClusterState.READY:
            return 0
        return min(self._threads, self._concurrency or self._threads)

    @property
    def status(self) -> ClusterStatus:
        """How the cluster is."""
        engine = self._engine
        if engine is None or engine.workers.is_lost:
            return ClusterStatus(self.address, ClusterState.LOST)
        state = ClusterState.READY if self._threads else ClusterState.EMPTY
        return ClusterStatus(self.address, state, self._threads, self._hosts)

    def require(self, script: Surveyed) -> None:
        """Refuse a script where workers are not reached, or cannot keep it from the network."""
        if not script.settings.network:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{script.name} is to run without network, which workers of a cluster cannot do",
                "serve it without `--cluster`, with `--sandbox`",
            )

        if self.status.state is ClusterState.LOST:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the scheduler {self.address} cannot be reached",
                "start it again",
                headers={"Retry-After": f"{_LOOK:.0f}"},
            )

    def warm_status(self, script: Surveyed) -> WarmStatus | None:
        """Return None: runs start cold."""
        del script
        return None

    async def run(self, live: LiveRun, ready: Ready) -> Ended:
        """Have a worker execute a run, as :meth:`Runner.run`."""
        repeat = Repeat.ELSEWHERE if live.run.restart else Repeat.NEVER
        while await self._is_connected(live):
            engine = self._engine
            assert engine is not None  # noqa: S101 - it is connected
            dispatcher = engine.dispatcher
            try:
                future = await asyncio.to_thread(self._send, dispatcher, live, ready, repeat)
                outcome = await _outcome(dispatcher, future, live, ready)
                if outcome is None:
                    return Ended(live.reason, error="its worker does not answer")
                if outcome.reason is Reason.CANCELLED and not live.stopping.is_set():
                    raise engine.workers.lost_error()
                return await asyncio.to_thread(_keep, outcome, live)
            except SchedulerLostError as error:
                if engine is self._engine:
                    self._connected.clear()
                if repeat is Repeat.NEVER:
                    return Ended(RunState.INTERRUPTED, error=error.message)
            except (CondavisionError, OSError) as error:
                message = error.message if isinstance(error, CondavisionError) else str(error)
                return Ended(RunState.FAILED, error=message)
        return Ended(live.reason, began=False)

    async def _is_connected(self, live: LiveRun) -> bool:
        """Wait for the cluster; return whether it is there before the run is to stop."""
        waiting = {asyncio.create_task(it.wait()) for it in (self._connected, live.stopping)}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for it in waiting:
            it.cancel()
        return not live.stopping.is_set()

    def _send(
        self, dispatcher: DaskDispatcher, live: LiveRun, ready: Ready, repeat: Repeat
    ) -> Future[Outcome]:
        packed, settings = ready.prepared, ready.surveyed.settings
        assert isinstance(packed, Packed)  # noqa: S101 - as the survey was asked to
        limits = Limits(settings.timeout, settings.kill_after)
        job = replace(packed.job, folder=str(self._folder), limits=limits, serving=settings)
        stdin, uploads = live.folder.stdin, live.folder.uploads
        task = Task(
            next(self._numbers),
            job.digest,
            live.run.arguments,
            stdin.read_bytes() if stdin.exists() else None,
            tuple(map(str, uploads.iterdir())) if uploads.exists() else (),
            live.run.id,
        )
        return dispatcher.submit(packed.bundle, job, task, repeat)

    async def close(self) -> None:
        """Leave the cluster; one that was started for this server ends."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        if self._engine is not None:
            await asyncio.to_thread(self._engine.shutdown, cancel_futures=True)


async def _outcome(
    dispatcher: DaskDispatcher, future: Future[Outcome], live: LiveRun, ready: Ready
) -> Outcome | None:
    """Wait for an outcome, if need be after ending the run; None if that is not confirmed."""
    ending: asyncio.Future[Outcome] = asyncio.wrap_future(future)
    stopping = asyncio.create_task(live.stopping.wait())
    try:
        both: set[asyncio.Future[Any]] = {ending, stopping}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    if not ending.done():
        await asyncio.to_thread(dispatcher.cancel, future)
        await asyncio.wait({ending}, timeout=ready.surveyed.settings.kill_after + _MARGIN)
        if not ending.done():
            ending.add_done_callback(lambda it: it.exception())
            return None
    return ending.result()


def _keep(outcome: Outcome, live: LiveRun) -> Ended:
    """Move what a run wrote into its folder; return how it ended.

    Raises:
        CondavisionError: a worker names a file that is not of the run.
        OSError: it cannot be written.
    """
    folder = live.folder
    _move(outcome.stdout, outcome, folder.stdout)
    _move(outcome.stderr, outcome, folder.stderr)
    if outcome.folder:
        written = RunFolder(Path(outcome.folder))
        if outcome.files:
            folder.work.rmdir()
            written.work.rename(folder.work)
        remove_tree(written.path)
    if outcome.reason is None:
        return Ended(RunState.DONE, outcome.exit_code)
    if outcome.reason is Reason.CANCELLED:
        return Ended(live.reason)
    error = outcome.detail
    if outcome.reason is Reason.WORKER_LOST:
        error = "the worker that ran it has ended"
    elif error and outcome.host:
        error = f"{outcome.host}: {error}"
    return Ended(_STATES.get(outcome.reason, RunState.FAILED), error=error)


def _move(stream: File, outcome: Outcome, place: Path) -> None:
    if stream.content is not None:
        place.write_bytes(stream.content)
    elif outcome.folder:
        stream.path_in(Path(outcome.folder)).rename(place)


class _Log(Progress):
    """Writes what there is to say of workers to the server's log."""

    def message(self, text: str) -> None:
        _log.info("%s", text)

    def warning(self, text: str) -> None:
        _log.warning("%s", text)
