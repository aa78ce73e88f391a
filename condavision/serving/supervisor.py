"""Runs scripts: how many at once, for how long, and what becomes of each is written down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from condavision.serving.problems import Problem
from condavision.serving.reports import written
from condavision.serving.running import Ended, LiveRun
from condavision.serving.runs import RunState
from condavision.serving.slots import Slot, Slots
from condavision.serving.waiting import BriefCalls, Moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from condavision.core.serving import Serving
    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.catalog import Ready
    from condavision.serving.running import Runner
    from condavision.serving.runs import Run, RunStore

_log = logging.getLogger(__name__)


class Supervisor:
    """Starts accepted runs and ends them: by themselves, in time, or because somebody asks."""

    def __init__(
        self,
        store: RunStore,
        find: Callable[[str], Awaitable[Ready]],
        runner: Runner,
        settings: Serving,
        observe: Callable[[Run], None] = lambda _: None,
    ) -> None:
        """Run nothing yet.

        ``find`` returns a script by its name. ``observe`` is called with each run that has ended.
        """
        self.slots = Slots(lambda: runner.capacity, settings.queue)
        self.live: dict[str, LiveRun] = {}
        self._files = BriefCalls()
        self._store = store
        self._find = find
        self._runner = runner
        self._observe = observe

    def take_slot(self, ready: Ready, *, force: bool = False) -> Slot:
        """Return a slot for a script.

        Raises:
            Problem: too many wait already (429), or it asks for what this server lacks (503).
        """
        self._runner.require(ready.surveyed)
        limit = ready.surveyed.settings.concurrency
        return self.slots.take(ready.surveyed.name, limit, force=force)

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
        if not run.kept:
            live.known.set()  # nobody else knows the ID
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
                await self._end(live, Ended(live.reason, began=False))
        except Problem as problem:
            await self._end(live, Ended(RunState.FAILED, error=problem.detail))
        except Exception as error:  # noqa: BLE001 - whoever waits for the run must get an answer
            _log.exception("run %s", live.run.id, extra={"run": live.run.id})
            with contextlib.suppress(sqlite3.Error):
                failed = Ended(RunState.FAILED, error=f"an error of the server: {error}")
                await self._end(live, failed)
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
                finding.cancel()
                return False
            live.ready = finding.result()
            live.slot = self.take_slot(live.ready, force=True)
            return True
        await self._files.call(_make_folder, live)
        run, kept = live.run, live.run.kept
        storing = self._store.begin(partial(self._store.accept, run), durable=kept)
        if kept:
            live.run = await storing
            live.known.set()
        else:  # it ends with this server: what is stored of it may come after its start
            live.storing = storing
        if live.run is run and run.state is RunState.RUNNING:
            live.streams = await self._files.call(live.folder.open_streams)
        return live.run is run

    async def _is_granted(self, live: LiveRun) -> bool:
        assert live.slot is not None  # noqa: S101 - see _is_new
        if live.slot.granted.is_set():
            return not live.stopping.is_set()
        return await _comes_first(live.slot.granted.future, live.stopping)

    async def _run(self, live: LiveRun) -> None:
        assert live.ready is not None  # noqa: S101 - see _is_new
        if live.run.state is RunState.QUEUED:  # before it starts: what may have run is not new
            begun = self._update(live, state=RunState.RUNNING, started=time.time())
            if live.run.kept:
                await begun
        await self._end(live, await self._runner.run(live, live.ready))

    async def _end(self, live: LiveRun, ended: Ended) -> None:
        stopped = live.stopping.is_set() and ended.state is RunState.INTERRUPTED
        if stopped and live.run.kept and (live.run.restart or not ended.began):
            changes: dict[str, Any] = {"state": RunState.QUEUED, "started": None}  # for the next
        else:
            changes = {"state": ended.state, "ended": time.time(), "exit_code": ended.code}
            changes |= {"error": ended.error, "warm": live.run.warm}
        updating = self._update(live, **changes)
        if live.is_awaited:
            live.written = await self._files.call(written, live.run, live.folder)
        if live.storing is not None:
            await live.storing
        await updating
        self._observe(live.run)

    def _update(self, live: LiveRun, **changes: Any) -> asyncio.Future[Run]:
        """Change what is known of a run; return what is done once that is stored."""
        update = partial(self._store.update, live.run, **changes)
        live.run = replace(live.run, **changes)
        return self._store.begin(update)


def _make_folder(live: LiveRun) -> None:
    live.folder.make()
    if live.stdin:
        live.folder.stdin.write_bytes(live.stdin)
        live.stdin = b""


async def _comes_first(future: asyncio.Future[Any], stopping: Moment) -> bool:
    """Return whether a future is done before a stop."""
    await asyncio.wait({future, stopping.future}, return_when=asyncio.FIRST_COMPLETED)
    return not stopping.is_set()
