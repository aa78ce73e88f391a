"""Runs scripts: how many at once, for how long, and what becomes of each is written down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from condavision.errors import CondavisionError
from condavision.serving.problems import Problem
from condavision.serving.process_environment import rlimits, variables
from condavision.serving.reports import written
from condavision.serving.runs import RunState
from condavision.serving.sandbox import sandbox_words
from condavision.serving.slots import Slot, Slots
from condavision.serving.starting import Job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from condavision.core.serving import Serving
    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.catalog import Ready
    from condavision.serving.runs import Run, RunStore
    from condavision.serving.starting import Child, Starter

_log = logging.getLogger(__name__)

_MEASURED = 1.0  # seconds between two looks at the size of what a run has written


@dataclass(slots=True, eq=False)
class LiveRun:
    """A run that has not ended; ``run`` is what is known of it by now.

    One that an earlier server accepted has neither ``ready`` nor ``slot`` at first. ``known`` is
    set once it is stored; then it has ended already if its ID is that of an earlier run.
    ``stdin`` is still to be written; ``streams`` are open if it is to start at once. Where its
    report ``is_awaited``, ``written`` becomes what it has written.
    """

    run: Run
    folder: RunFolder
    ready: Ready | None = None
    slot: Slot | None = None
    stdin: bytes = b""
    known: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    reason: RunState = RunState.CANCELLED
    streams: tuple[int, int, int] | None = None
    is_awaited: bool = False
    written: dict[str, Any] | None = None
    task: asyncio.Task[None] | None = None

    def stop(self, reason: RunState) -> None:
        """End the run; ``reason`` is its state then."""
        if not self.stopping.is_set():
            self.reason = reason
            self.stopping.set()


class Supervisor:
    """Starts accepted runs and ends them: by themselves, in time, or because somebody asks."""

    def __init__(
        self,
        store: RunStore,
        find: Callable[[str], Awaitable[Ready]],
        starter: Callable[[Ready], Starter],
        settings: Serving,
        bubblewrap: str = "",
        observe: Callable[[Run], None] = lambda _: None,
    ) -> None:
        """Run nothing yet.

        ``find`` returns a script by its name, ``starter`` how its process is started.
        ``bubblewrap`` is its path if all runs are in sandboxes. ``observe`` is called with each run
        that has ended.
        """
        self.slots = Slots(settings.concurrency, settings.queue)
        self.live: dict[str, LiveRun] = {}
        self._store = store
        self._find = find
        self._starter = starter
        self._bubblewrap = bubblewrap
        self._observe = observe

    def take_slot(self, ready: Ready, *, force: bool = False) -> Slot:
        """Return a slot for a script.

        Raises:
            Problem: too many wait already (429), or it asks for what this server lacks (503).
        """
        settings = ready.surveyed.settings
        if not settings.network and not self._bubblewrap:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{ready.surveyed.name} is to run without network, for which it needs a sandbox",
                "start the server with `--sandbox`",
            )
        return self.slots.take(ready.surveyed.name, settings.concurrency, force=force)

    def launch(
        self,
        run: Run,
        folder: RunFolder,
        ready: Ready | None = None,
        slot: Slot | None = None,
        stdin: bytes = b"",
    ) -> LiveRun:
        """Store a run, and start it as soon as its slot is granted.

        Its folder is made if need be, and ``stdin`` written there. Without ``ready`` it is a run of
        an earlier server, which is stored already.
        """
        live = LiveRun(run, folder, ready, slot, stdin)
        self.live[run.id] = live
        live.task = asyncio.create_task(self._go(live))
        return live

    async def stop_all(self, grace: float) -> None:
        """Wait ``grace`` seconds for the end of all runs, then interrupt them.

        Kept runs that have not started are left to the next server.
        """
        for live in self.live.values():
            if live.slot is None or not live.slot.granted.is_set():
                live.stop(RunState.INTERRUPTED)
        tasks = [live.task for live in self.live.values() if live.task]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for live in self.live.values():
            live.stop(RunState.INTERRUPTED)
        if tasks:
            await asyncio.wait(tasks)

    async def _go(self, live: LiveRun) -> None:
        try:
            if await self._is_new(live) and await self._is_granted(live):
                await self._run(live)
            elif not live.run.state.final:
                await self._end(live, live.reason)
        except Problem as problem:
            await self._end(live, RunState.FAILED, error=problem.detail)
        except Exception as error:  # noqa: BLE001 - whoever waits for the run must get an answer
            _log.exception("run %s", live.run.id, extra={"run": live.run.id})
            with contextlib.suppress(sqlite3.Error):
                await self._end(live, RunState.FAILED, error=f"an error of the server: {error}")
        finally:
            for descriptor in live.streams or ():
                os.close(descriptor)
            if live.slot is not None:
                self.slots.give_back(live.slot)
            del self.live[live.run.id]
            live.known.set()
            live.ended.set()

    async def _is_new(self, live: LiveRun) -> bool:
        """Store a run; return whether it is one that is to run."""
        if live.ready is None:
            live.known.set()
            finding = asyncio.ensure_future(self._find(live.run.script))
            if not await _comes_first(finding, live.stopping):
                return False
            live.ready = finding.result()
            live.slot = self.take_slot(live.ready, force=True)
            return True
        stored = await self._store.call(self._accept, live)
        is_new = stored is live.run
        live.run = stored
        live.known.set()
        return is_new

    def _accept(self, live: LiveRun) -> Run:
        live.folder.make()
        if live.stdin:
            live.folder.stdin.write_bytes(live.stdin)
            live.stdin = b""
        stored = self._store.accept(live.run)
        if stored is live.run and live.run.state is RunState.RUNNING:
            live.streams = live.folder.open_streams()
        return stored

    async def _is_granted(self, live: LiveRun) -> bool:
        assert live.slot is not None  # noqa: S101 - see _is_new
        return await _comes_first(asyncio.ensure_future(live.slot.granted.wait()), live.stopping)

    async def _run(self, live: LiveRun) -> None:
        assert live.ready is not None  # noqa: S101 - see _is_new
        if live.run.state is RunState.QUEUED:  # before it starts: what may have run is not new
            live.run = await self._store.call(
                self._store.update, live.run, state=RunState.RUNNING, started=time.time()
            )
        try:
            child = await self._start(live, live.ready)
        except (CondavisionError, OSError) as error:
            message = error.message if isinstance(error, CondavisionError) else str(error)
            await self._end(live, RunState.FAILED, error=message)
            return
        live.run = replace(live.run, warm=child.warm)
        reason, code = await self._watch(live, child, live.ready.surveyed.settings)
        await self._end(live, reason, code)

    async def _start(self, live: LiveRun, ready: Ready) -> Child:
        folder, settings = live.folder, ready.surveyed.settings
        sandbox: tuple[str, ...] = ()
        if self._bubblewrap:
            root, network = ready.surveyed.root, settings.network
            sandbox = sandbox_words(self._bubblewrap, ready.prepared, root, folder, network=network)
        streams, live.streams = live.streams, None
        if streams is None:
            streams = await asyncio.to_thread(folder.open_streams)
        stdin, stdout, stderr = streams
        try:
            job = Job(
                prepared=ready.prepared,
                args=live.run.arguments,
                environ=variables(live.run.id, settings, os.environ),
                cwd=folder.work,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                rlimits=rlimits(settings),
                sandbox=sandbox,
            )
            return await self._starter(ready).start(job)
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)

    async def _watch(self, live: LiveRun, child: Child, settings: Serving) -> tuple[RunState, int]:
        """Wait for the end of a process within its limits; return why it ended and its code."""
        ending = asyncio.create_task(child.wait())
        stopping = asyncio.create_task(live.stopping.wait())
        deadline = time.monotonic() + settings.timeout
        try:
            while not live.stopping.is_set():
                left = max(0, deadline - time.monotonic())
                done, _ = await asyncio.wait(
                    {ending, stopping},
                    timeout=min(left, _MEASURED),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if ending in done:
                    return RunState.DONE, ending.result()
                if time.monotonic() >= deadline:
                    live.stop(RunState.TIMEOUT)
                elif await asyncio.to_thread(live.folder.size) > settings.output:
                    live.stop(RunState.OUTPUT)
            child.signal(signal.SIGTERM)
            await asyncio.wait({ending}, timeout=settings.kill_after)
            child.signal(signal.SIGKILL)
            return live.reason, await ending
        finally:
            stopping.cancel()

    async def _end(
        self, live: LiveRun, state: RunState, code: int | None = None, error: str = ""
    ) -> None:
        interrupted = state is RunState.INTERRUPTED
        if interrupted and live.run.kept and (live.run.restart or code is None):
            changes: dict[str, Any] = {
                "state": RunState.QUEUED,
                "started": None,
            }  # for the next server
        else:
            changes = {"state": state, "ended": time.time(), "exit_code": code}
            changes |= {"error": error, "warm": live.run.warm}
        await self._store.call(self._finish, live, changes)
        self._observe(live.run)

    def _finish(self, live: LiveRun, changes: dict[str, Any]) -> None:
        live.run = self._store.update(live.run, **changes)
        if live.is_awaited:  # here, because every change of threads takes its time
            live.written = written(live.run, live.folder)


async def _comes_first(task: asyncio.Future[Any], stopping: asyncio.Event) -> bool:
    """Return whether a task ends before a stop; cancel it otherwise."""
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return not stopping.is_set()
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
