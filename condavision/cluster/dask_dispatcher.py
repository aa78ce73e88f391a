"""Gets tasks of any script to workers of a Dask cluster that can run them, and their outcomes back.

A task is known to the scheduler for no longer than it takes. Failures on the way to a worker are
handled here: the worker is sent the bundle that it lacks, or is left out if it cannot run tasks.
What follows if a worker dies under a task depends on its :class:`Repeat`.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_all
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from distributed import CancelledError, KilledWorker

from condavision import __version__
from condavision.cluster.remote import Call
from condavision.cluster.shipping import TooLargeError, in_folder, read_inputs
from condavision.cluster.task import Outcome, Reason
from condavision.errors import CondavisionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distributed import Future as DaskFuture

    from condavision.cluster.bundle import Bundle
    from condavision.cluster.dask_workers import DaskWorkers
    from condavision.cluster.task import Job, Task

_ATTEMPTS = 10  # of one task to reach a worker that can run it


class Repeat(Enum):
    """What is done with a task whose worker dies."""

    NEVER = auto()
    """It is not run again if its process may have begun."""
    ELSEWHERE = auto()
    """Others run it, as many as the scheduler allows."""
    ALONE = auto()
    """So they do, then once more while no other task runs: one that kills its workers must not take
    its neighbours along."""


@dataclass(slots=True)
class _Pending:
    """A task that has no outcome yet; ``is_suspect`` if workers died of it, or beside it."""

    future: Future[Outcome]
    bundle: Bundle
    call: Call
    repeat: Repeat
    attempts: int = 0
    is_suspect: bool = False
    is_cancelled: bool = False

    def finish(self, outcome: Outcome) -> None:
        """Set the outcome."""
        self.future.set_result(outcome)

    def fail(self, reason: Reason, detail: str = "") -> None:
        """Set an outcome without an exit code."""
        self.finish(Outcome(self.call.task.number, reason=reason, detail=detail))


class DaskDispatcher:
    """Runs tasks on the workers of a cluster."""

    def __init__(self, workers: DaskWorkers, *, ship: bool, limit: int) -> None:
        """Use a cluster, which is closed with this.

        With ``ship`` a task's files go with it, at most ``limit`` bytes of them; what it writes
        comes back where machines share no folder, under the same limit.
        """
        self.workers = workers
        self._ship = ship
        self._limit = limit
        self._name = secrets.token_hex(4)
        self._marked: set[Path] = set()
        self._lock = threading.RLock()
        self._is_ended = False
        self._running: dict[str, tuple[DaskFuture, _Pending]] = {}
        self._waiting: deque[_Pending] = deque()
        self._suspects: deque[_Pending] = deque()
        self._alone: _Pending | None = None
        self._count = 0
        self._done: SimpleQueue[str | None] = SimpleQueue()
        self._settling = threading.Thread(target=self._settle_all, daemon=True)
        self._settling.start()

    def submit(self, bundle: Bundle, job: Job, task: Task, repeat: Repeat) -> Future[Outcome]:
        """Run a task of the script in a bundle on some worker."""
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # from now on only this class ends it
        mark = self._mark(Path(job.folder))
        claim = ""
        if repeat is Repeat.NEVER:
            claim = f"condavision-{self._name}-{secrets.token_hex(8)}"
        call = Call(__version__, bundle.digest, mark, self._limit, job, task, claim=claim)
        pending = _Pending(future, bundle, call, repeat)
        try:
            if self._ship:
                pending.call = replace(call, contents=read_inputs(task, self._limit))
        except TooLargeError as error:
            pending.fail(Reason.TOO_LARGE, error.message)
        except OSError as error:
            pending.fail(Reason.FILE_MISSING, f"{error.filename}: {error.strerror}")
        else:
            self._start(pending)
        return future

    def _mark(self, folder: Path) -> str:
        """Put a file into a job's folder, by which workers see that they share it."""
        name = f".shared-{self._name}"
        if folder not in self._marked:
            folder.mkdir(parents=True, exist_ok=True)
            folder.joinpath(name).touch()
            self._marked.add(folder)
        return name

    def _start(self, pending: _Pending) -> None:
        with self._lock:
            if self._is_ended or pending.is_cancelled:
                pending.fail(Reason.CANCELLED)
            elif self.workers.is_lost:
                pending.future.set_exception(self.workers.lost_error())
            elif self._alone is not None and not pending.is_suspect:
                self._waiting.append(pending)
            else:
                self._send(pending)

    def _send(self, pending: _Pending) -> None:
        pending.attempts += 1
        self._count += 1
        found = self.workers.submit(pending.call, self._count)
        key = str(found.key)
        self._running[key] = found, pending
        found.add_done_callback(lambda _: self._done.put(key))

    def _settle_all(self) -> None:
        """Settle, in a thread of its own, what is done until None follows."""
        while (key := self._done.get()) is not None:
            keys = {key}
            with suppress(Empty):
                while (more := self._done.get_nowait()) is not None:
                    keys.add(more)
                self._done.put(None)
            with self._lock:
                batch = [self._running[it] for it in keys]
            try:
                self._settle(batch)
            except Exception as error:  # noqa: BLE001 - each is raised by a future
                reason = self.workers.lost_error() if self.workers.is_lost else error
                for _, pending in batch:
                    if not pending.future.done():
                        pending.future.set_exception(reason)
            with self._lock:
                for it in keys:
                    del self._running[it]
                self._proceed()

    def _proceed(self) -> None:
        """Start a suspect once nothing else runs, then what had to wait for it."""
        if self._alone is not None and self._alone.future.done():
            self._alone = None
        if self._running or self._is_ended:
            return
        if self._suspects:
            self._alone = self._suspects.popleft()
            self._send(self._alone)
        while self._waiting and self._alone is None:
            self._send(self._waiting.popleft())

    def _settle(self, batch: list[tuple[DaskFuture, _Pending]]) -> None:
        again: list[_Pending] = []
        lacking: dict[Bundle, set[str]] = {}
        answers = self.workers.answers([it for it, _ in batch])
        for (_, pending), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                with self._lock:
                    again += self._failed(answer, pending)
            elif answer.outcome is not None:
                if self._is_unfit(answer.worker, answer.outcome, pending):
                    again.append(pending)
                else:
                    self._receive(answer.outcome, pending)
            else:
                again.append(pending)
                if answer.lacks:
                    lacking.setdefault(pending.bundle, set()).add(answer.worker)
                else:
                    self.workers.refuse(answer.worker, answer.version)
        for bundle, lacks in lacking.items():
            self.workers.store(bundle, lacks)
        self.workers.forget(
            [it.call.claim for _, it in batch if it.call.claim and it.future.done()]
        )
        for pending in again:
            if pending.attempts < _ATTEMPTS and self.workers.allowed != []:
                self._start(pending)
            else:
                pending.fail(Reason.NOT_INSTALLED, self.workers.refused)

    def _is_unfit(self, worker: str, outcome: Outcome, pending: _Pending) -> bool:
        """Return whether a worker is of a platform that the lock lacks, and there are others."""
        if outcome.reason is not Reason.PLATFORM_MISSING:
            return False
        return self.workers.exclude(pending.bundle.digest, worker, outcome.detail)

    def _failed(self, error: Exception, pending: _Pending) -> Iterable[_Pending]:
        """Settle a task without an answer, unless it is returned, to be started again."""
        if self._is_ended or pending.is_cancelled:
            pending.fail(Reason.CANCELLED)
        elif self.workers.is_lost:
            pending.future.set_exception(self.workers.lost_error())
        elif isinstance(error, KilledWorker):
            if pending.is_suspect or pending.repeat is not Repeat.ALONE:
                pending.fail(Reason.WORKER_LOST)
            else:
                pending.is_suspect = True
                self._suspects.append(pending)
        elif isinstance(error, CancelledError | TimeoutError):
            yield pending
        elif isinstance(error, ImportError):  # a worker without condavision, or with an old one
            self.workers.survey()
            yield pending
        else:
            pending.future.set_exception(error)

    def _receive(self, outcome: Outcome, pending: _Pending) -> None:
        job = pending.call.job
        try:
            pending.finish(in_folder(outcome, Path(job.folder), job.limits.inline))
        except OSError as error:
            pending.future.set_exception(
                CondavisionError(
                    f"a result cannot be written: {error.strerror} ({error.filename})",
                    "make room; the same command then runs what is left",
                )
            )

    def cancel(self, future: Future[Outcome]) -> None:
        """End one task, unless that has happened; what it has written comes with its outcome."""
        with self._lock:
            found = [it for it in self._running.items() if it[1][1].future is future]
            for _, (_, pending) in found:
                pending.is_cancelled = True
        for key, (running, _) in found:
            if not self.workers.end(key):  # it has not begun
                self.workers.cancel([running])

    def cancel_all(self) -> None:
        """End all tasks: a worker ends the processes of those that are no longer wanted."""
        with self._lock:
            self._is_ended = True
            running = [it for it, _ in self._running.values()]
            for pending in (*self._waiting, *self._suspects):
                pending.fail(Reason.CANCELLED)
            self._waiting.clear()
            self._suspects.clear()
        self.workers.cancel(running)

    def close(self) -> None:
        """Wait for all tasks, and leave the cluster; one that was started for this ends."""
        if self.workers.is_lost:  # no answer comes any more
            self.workers.close()
        with self._lock:
            left = [pending.future for _, pending in self._running.values()]
            left += [pending.future for pending in (*self._waiting, *self._suspects)]
        wait_for_all(left)
        self._done.put(None)
        self._settling.join()
        for folder in self._marked:
            folder.joinpath(f".shared-{self._name}").unlink(missing_ok=True)
        self.workers.close()
