"""Runs on this machine: a process each, cold or warm, in a sandbox where that is asked for."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from condavision.errors import CondavisionError
from condavision.exec_stage.prepared import Prepared
from condavision.exec_stage.process_environment import RUN_ID, rlimits, variables
from condavision.serving.problems import Problem
from condavision.serving.running import Ended
from condavision.serving.runs import RunState
from condavision.serving.sandbox import find_bubblewrap, sandbox_words
from condavision.serving.starting import ColdStarter, Job
from condavision.serving.waiting import BriefCalls
from condavision.serving.zygote.starter import ZygoteStarter

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.serving import Serving
    from condavision.serving.catalog import Ready
    from condavision.serving.running import LiveRun
    from condavision.serving.starting import Child
    from condavision.serving.survey import Surveyed
    from condavision.serving.zygote.status import WarmStatus

_LEAST = 4  # runs at once that there may be by default
_MEASURED = 1.0  # seconds between two looks at the size of what a run has written


class LocalRunner:
    """Starts the processes of runs, and ends them: by themselves, in time, or when asked to."""

    limit = None
    status = None

    def __init__(self, concurrency: int | None, *, sandbox: bool, warm: bool) -> None:
        """Start nothing yet.

        There may be ``concurrency`` runs at once, by default twice as many as processors. With
        ``warm`` the imports of every script are kept loaded.

        Raises:
            UsageError: there is to be a ``sandbox``, and bubblewrap does not work here.
        """
        self.capacity = concurrency or max(_LEAST, 2 * (os.cpu_count() or 1))
        self._bubblewrap = find_bubblewrap() if sandbox else ""
        self._all_warm = warm
        self._files = BriefCalls()
        self._cold = ColdStarter()
        self._warm = ZygoteStarter(self._cold, varying={RUN_ID})
        self._environ = dict(os.environ)  # which decodes a variable each time it is read

    async def open(self, room: Callable[[], None]) -> None:
        """Do nothing: each run gets ready for itself."""

    def require(self, script: Surveyed) -> None:
        """Refuse a script that is to have no network where there is no sandbox."""
        if not script.settings.network and not self._bubblewrap:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{script.name} is to run without network, for which it needs a sandbox",
                "start the server with `--sandbox`",
            )

    def warm_status(self, script: Surveyed) -> WarmStatus | None:
        """Return how runs of a script start, as :meth:`Runner.warm_status`."""
        if not isinstance(script.prepared, Prepared) or not self._is_warm(script):
            return None
        return self._warm.status(script.prepared)

    def _is_warm(self, script: Surveyed) -> bool:
        return self._all_warm or script.settings.warm

    async def run(self, live: LiveRun, ready: Ready) -> Ended:
        """Start the process of a run and wait for its end, as :meth:`Runner.run`."""
        try:
            child = await self._start(live, ready)
        except (CondavisionError, OSError) as error:
            message = error.message if isinstance(error, CondavisionError) else str(error)
            return Ended(RunState.FAILED, error=message)
        live.run = replace(live.run, warm=child.warm)
        return await _watch(live, child, ready.surveyed.settings)

    async def _start(self, live: LiveRun, ready: Ready) -> Child:
        folder, settings, prepared = live.folder, ready.surveyed.settings, ready.prepared
        assert isinstance(prepared, Prepared)  # noqa: S101 - the survey has packed nothing
        sandbox: tuple[str, ...] = ()
        if self._bubblewrap:
            root, network = ready.surveyed.root, settings.network
            sandbox = sandbox_words(self._bubblewrap, prepared, root, folder, network=network)
        streams, live.streams = live.streams, None
        if streams is None:
            streams = await self._files.call(folder.open_streams)
        stdin, stdout, stderr = streams
        starter = self._warm if self._is_warm(ready.surveyed) else self._cold
        try:
            job = Job(
                prepared=prepared,
                args=live.run.arguments,
                environ=variables(live.run.id, settings, self._environ),
                cwd=folder.work,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                rlimits=rlimits(settings),
                sandbox=sandbox,
            )
            return await starter.start(job)
        finally:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)

    async def close(self) -> None:
        """End the processes that others are forked from."""
        await self._warm.close()


async def _watch(live: LiveRun, child: Child, settings: Serving) -> Ended:
    """Wait for the end of a process within its limits."""
    deadline = time.monotonic() + settings.timeout
    while not live.stopping.is_set():
        left = max(0, deadline - time.monotonic())
        both: set[asyncio.Future[Any]] = {child.ended, live.stopping.future}
        await asyncio.wait(
            both,
            timeout=min(left, _MEASURED),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if child.ended.done():
            return Ended(RunState.DONE, child.ended.result())
        if time.monotonic() >= deadline:
            live.stop(RunState.TIMEOUT)
        elif await asyncio.to_thread(live.folder.size) > settings.output:
            live.stop(RunState.OUTPUT)
    child.signal(signal.SIGTERM)
    await asyncio.wait({child.ended}, timeout=settings.kill_after)
    child.signal(signal.SIGKILL)
    return Ended(live.reason, await child.wait())
