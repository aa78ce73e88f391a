"""The service: what it serves, what it runs, what it remembers; from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
import uuid
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from condavision.errors import CondavisionError, InstallError, UsageError
from condavision.exec_stage.orphans import end_orphans
from condavision.exec_stage.run_folder import RunFolder, new_run_folder
from condavision.serving.arguments import arguments
from condavision.serving.catalog import Catalog
from condavision.serving.inputs import receive
from condavision.serving.local_runner import LocalRunner
from condavision.serving.metrics import Metrics
from condavision.serving.options import settings_of, state_folder
from condavision.serving.problems import Problem
from condavision.serving.runs import Run, RunState, RunStore
from condavision.serving.supervisor import Supervisor
from condavision.serving.survey import Question
from condavision.system.extras import Extra, require_extra
from condavision.system.file_lock import try_exclusive
from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from starlette.requests import Request

    from condavision.core.serving import Serving
    from condavision.serving.catalog import Ready
    from condavision.serving.inputs import Inputs
    from condavision.serving.options import Options
    from condavision.serving.running import Runner
    from condavision.serving.survey import Surveyed
    from condavision.serving.zygote.status import WarmStatus

_log = logging.getLogger(__name__)

_TIDIED = 60.0  # seconds between two looks for runs to forget


class Service:
    """One server's service; see :meth:`open` and :meth:`close`."""

    def __init__(self, options: Options) -> None:
        """Read the settings; nothing is started yet.

        Raises:
            UsageError: the options or the configuration are wrong.
        """
        self.options = options
        self.settings = settings_of(options)
        self._folder = state_folder(options)
        self.runner = _runner(options, self.settings, self._folder)
        self._runs = self._folder / "runs"
        self._closing = contextlib.ExitStack()
        self._tidying: asyncio.Task[None] | None = None
        self._stops: list[asyncio.Task[None]] = []
        self.stopping = asyncio.Event()
        self.failure: CondavisionError | None = None
        """Why it could not be opened."""
        self.metrics = Metrics()

    async def open(self) -> None:
        """Take up what an earlier server left, and begin to serve.

        Raises:
            CondavisionError: a path does not exist, another server has this state, or the state
                cannot be read or written.
        """
        try:
            await self._open()
        except CondavisionError as error:
            self.failure = error
            raise
        except (OSError, sqlite3.Error) as error:
            self.failure = CondavisionError(
                f"the runs in {self._folder} cannot be opened: {error}",
                "make the folder writable, or choose another with `--state`",
            )
            raise self.failure from error

    async def _open(self) -> None:
        await asyncio.to_thread(self._open_state)
        self.store = RunStore(self._folder / "runs.sqlite")
        options = self.options
        paths = tuple(path.absolute() for path in options.paths)
        self.catalog = Catalog(
            Question(paths, options.flags, options.lock, pack=bool(options.cluster))
        )
        self.supervisor = Supervisor(
            self.store, self.catalog.ready, self.runner, self.settings, self._observe
        )
        self.metrics.watch(self.supervisor)
        await self.runner.open(self.supervisor.slots.fill)
        await self.catalog.open()
        await self._take_up()
        self._tidying = asyncio.create_task(self._keep_tidy())

    def _open_state(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._runs.mkdir(mode=0o700, exist_ok=True)
        held = self._closing.enter_context(try_exclusive(self._folder / "server.lock"))
        if held is None:
            raise UsageError(
                f"another server keeps its runs in {self._folder}",
                "stop it, or choose another folder with `--state`",
            )
        end_orphans(self._runs)

    def stop(self, *, at_once: bool = False) -> None:
        """Refuse new runs from now on, and end those there are within the grace time."""
        self.stopping.set()
        grace = 0.0 if at_once else self.settings.grace
        self._stops.append(asyncio.create_task(self.supervisor.stop_all(grace)))

    async def close(self) -> None:
        """Stop, if that has not begun, and wait until everything has ended."""
        if not self._stops:
            self.stop()
        await asyncio.gather(*self._stops)
        if self._tidying is not None:
            self._tidying.cancel()
        await self.runner.close()
        await self.catalog.close()
        await asyncio.to_thread(self.store.close)
        self._closing.close()

    def warm_status(self, script: Surveyed | None) -> WarmStatus | None:
        """Return how runs of a script start; None if they are to start cold, or not at all."""
        return None if script is None else self.runner.warm_status(script)

    async def _take_up(self) -> None:
        """Start what an earlier server accepted and did not begin; report what it left undone."""
        known = await self.store.call(self.store.folders)
        await asyncio.to_thread(self._remove_others, known)
        for run in await self.store.call(self.store.unfinished):
            began = run.state is RunState.RUNNING
            if run.kept and (run.restart or not began):
                queued = await self._update(run, state=RunState.QUEUED, started=None)
                self.supervisor.launch(queued, self.folder_of(queued))
            else:
                await self._update(run, state=RunState.INTERRUPTED, ended=time.time())
                _log.warning("%s: interrupted", run.script, extra={"run": run.id})

    async def _update(self, run: Run, **changes: object) -> Run:
        return await self.store.call(self.store.update, run, **changes)

    def _remove_others(self, known: frozenset[str]) -> None:
        """Remove the folders of requests that a killed server was receiving."""
        self._remove(path.name for path in self._runs.iterdir() if path.name not in known)

    async def _keep_tidy(self) -> None:
        while True:
            await self.tidy()
            await asyncio.sleep(_TIDIED)

    async def tidy(self) -> None:
        """Forget runs that are too old or too large to keep, and remove their folders."""
        for run in await self.store.call(self.store.unmeasured):
            size = await asyncio.to_thread(self.folder_of(run).size)
            await self._update(run, size=size)
        keep, keep_size = self.settings.keep, self.settings.keep_size
        names = await self.store.call(self.store.remove_expired, keep, keep_size)
        await asyncio.to_thread(self._remove, names)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with contextlib.suppress(InstallError):
                remove_tree(self._runs / name)

    def folder_of(self, run: Run) -> RunFolder:
        """Return the folder of a run."""
        return RunFolder(self._runs / run.folder)

    async def find_run(self, run_id: str) -> Run | None:
        """Return a run, as it is now; None if there is none of that ID."""
        live = self.supervisor.live.get(run_id)
        if live is not None:
            await live.known.wait()
            return live.run
        return await self.store.call(self.store.find, run_id)

    async def require_run(self, run_id: str) -> Run:
        """Return a run, as it is now.

        Raises:
            Problem: there is none of that ID (404).
        """
        found = await self.find_run(run_id)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no run {run_id}", "it may have expired")
        return found

    async def submit(
        self,
        request: Request,
        script: str,
        run_id: str | None,
        *,
        kept: bool,
        read: Callable[[Ready, Inputs], tuple[tuple[str, ...], str | None]] = arguments,
    ) -> Run:
        """Accept a run of a script, or return the run that has this ID already.

        A run that is not ``kept`` is only for the client that waits for it. ``read`` makes
        arguments and the text of standard input of what the request has.

        Raises:
            Problem: the script cannot be run now, or not with these inputs.
        """
        if self.stopping.is_set():
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the server is about to stop",
                headers={"Retry-After": "5"},
            )
        if run_id is not None and (earlier := await self.find_run(run_id)):
            return _same_script(earlier, script)
        ready = await self.catalog.ready(script)
        self.supervisor.slots.require_room()
        folder = new_run_folder(self._runs)
        live = None
        try:
            settings = ready.surveyed.settings
            if self.runner.limit is not None:
                settings = replace(settings, upload=min(settings.upload, self.runner.limit))
            inputs = await receive(request, folder, settings)
            given, text = read(ready, inputs)
            stdin = inputs.stdin if text is None else text.encode(errors="surrogatepass")
            run_id = run_id or uuid.uuid4().hex
            if run_id not in self.supervisor.live:  # of two at once, the first runs
                slot = self.supervisor.take_slot(ready)
                begins = slot.granted.is_set()
                now = time.time()
                run = Run(
                    id=run_id,
                    script=script,
                    folder=folder.path.name,
                    state=RunState.RUNNING if begins else RunState.QUEUED,
                    arguments=given,
                    kept=kept,
                    restart=ready.surveyed.settings.restart,
                    accepted=now,
                    started=now if begins else None,
                )
                live = self.supervisor.launch(run, folder, ready, slot, stdin)
            found = await self.require_run(run_id)
        finally:
            if live is None or live.run.folder != folder.path.name:
                await asyncio.to_thread(remove_tree, folder.path)
        return _same_script(found, script)

    def _observe(self, run: Run) -> None:
        self.metrics.observe(run)
        seconds = (run.ended or 0) - (run.started or run.accepted)
        _log.info(
            "%s: %s",
            run.script,
            run.state,
            extra={
                "run": run.id,
                "script": run.script,
                "state": str(run.state),
                "exit_code": run.exit_code,
                "seconds": round(max(0, seconds), 4),
            },
        )


def _runner(options: Options, settings: Serving, folder: Path) -> Runner:
    """Return what executes runs.

    Raises:
        UsageError: options do not fit together, or this machine.
    """
    if not options.cluster:
        return LocalRunner(settings.concurrency, sandbox=options.sandbox, warm=options.warm)
    for is_given, name in ((options.sandbox, "--sandbox"), (options.warm, "--warm")):
        if is_given:
            raise UsageError(f"`{name}` is for this machine", "leave out `--cluster`, or this")
    require_extra(Extra.CLUSTER)
    from condavision.serving.cluster_runner import ClusterRunner  # noqa: PLC0415 - an extra

    return ClusterRunner(
        options.cluster, options.ship_limit, settings.concurrency, folder / "cluster"
    )


def _same_script(run: Run, script: str) -> Run:
    """Return the run of an ID, unless it is another script's.

    Raises:
        Problem: it is (409).
    """
    if run.script != script:
        raise Problem(HTTPStatus.CONFLICT, f"{run.id} is a run of {run.script}")
    return run
