"""Workers in jobs of a batch queue, which dask-jobqueue submits.

The settings of a job are in dask-jobqueue's own configuration. While no worker is connected, the
queue is asked at intervals how its jobs are.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import threading
from collections import Counter
from importlib import import_module
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask

from condavision.cluster.dask_connection import ClusterError, StartedCluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from condavision.cluster.queues import JobState, Queue
    from condavision.system.progress import Progress

_LOOKS = (1.0, 2.0, 4.0)  # seconds between the first questions to the queue
_LOOK = 10.0  # between later ones
_FORMER = frozenset({"header-skip", "project"})  # settings without a default, still heeded


class QueueJobs(StartedCluster):
    """Jobs of a queue, each with workers, and the scheduler of these, in this process."""

    def __init__(self, queue: Queue, count: int, progress: Progress) -> None:
        """Submit so many jobs; they are cancelled with this.

        Raises:
            ClusterError: the queue accepts none, or it is not configured what a job is.
        """
        self._queue = queue
        self._progress = progress
        kind = getattr(dask_jobqueue(), queue.cluster)
        submit = shlex.split(kind.job_cls.submit_command)[0]
        if shutil.which(submit) is None:
            raise ClusterError(
                f"`{submit}` is not installed on this machine",
                f"run the command where jobs of {queue.name} are submitted",
            )
        self._check_settings()
        self._jobs: list[Any] = []
        self._closing = threading.Event()
        self._is_closed = False
        self._ended: tuple[str, str] | None = None
        self._said = ""
        self._over: set[str] = set()
        self._is_for_all = False
        job = _kept(kind.job_cls, self._jobs)
        try:
            job("tcp://host:8786", name="checked")  # a cluster that fails at this stays half-made
            super().__init__(kind(job_cls=job, worker_extra_args=worker_options(queue)))
        except Exception as error:  # whatever is wrong in the settings
            raise ClusterError(f"{queue.name} cannot be used: {error}", self._correct()) from error
        try:
            self.cluster.scale(jobs=count)
            self.cluster.sync(self._submit)
            self._require_jobs()
        except BaseException:
            self.close()
            raise

    def _check_settings(self) -> None:
        section = f"jobqueue.{self._queue.name}"
        given = dask.config.get(section, None) or {}
        lacking = [f"{section}.{it}" for it in self._queue.required if given.get(it) is None]
        if lacking:
            raise ClusterError(
                f"the configuration of jobs lacks {', '.join(lacking)}",
                f"set it in {_settings_file()}",
            )
        for name in ("cores", "processes"):
            if not isinstance(given.get(name) or 1, int):
                raise ClusterError(
                    f"{section}.{name} is not a number: {given[name]}",
                    f"correct it in {_settings_file()}",
                )
        known = set(_FORMER)
        for it in dask.config.defaults:
            known |= it.get("jobqueue", {}).get(self._queue.name, {}).keys()
        for name in sorted({str(it).replace("_", "-") for it in given} - known):
            self._progress.warning(
                f"{section}.{name} is no setting of dask-jobqueue, and has no effect"
            )

    def _correct(self) -> str:
        return f"correct jobqueue.{self._queue.name} in {_settings_file()}"

    async def _submit(self) -> None:
        await self.cluster

    def _require_jobs(self) -> None:
        errors = [it.error for it in self._jobs if it.error is not None]
        if not errors:
            return
        first, name = errors[0], self._queue.name
        said = str(first).partition("stderr:\n")[2].strip() or str(first)
        if len(errors) == len(self._jobs):
            raise ClusterError(
                f"{name} accepts no job:\n{said}",
                self._correct(),
            )
        self._progress.warning(f"{name} accepts {len(errors)} of {len(self._jobs)} not: {said}")

    @property
    def ended(self) -> tuple[str, str] | None:
        """Why no worker is left or will come, and what to do; None while there is hope."""
        return self._ended

    @property
    def is_incomplete(self) -> bool:
        """Whether there are jobs that can have workers, and have not; these are waited for then."""
        self._is_for_all = True
        return self._is_short

    @property
    def _is_short(self) -> bool:
        accepted = [it for it in self._jobs if it.job_id and str(it.job_id) not in self._over]
        workers = sum(it.worker_processes for it in accepted) if self._is_for_all else 1
        return len(self.cluster.scheduler.workers) < workers

    def watch(self, give_up: Callable[[], object]) -> None:
        """Say what the jobs are waited for; as :meth:`StartedCluster.watch`."""
        threading.Thread(target=self._watch, args=(give_up,), daemon=True).start()

    def _watch(self, give_up: Callable[[], object]) -> None:
        for seconds in chain(_LOOKS, repeat(_LOOK)):
            if self._closing.wait(seconds):
                return
            if self._is_short:
                self._look()
            if self._ended is not None:
                give_up()
                return

    def _look(self) -> None:
        """Ask the queue how the jobs are, and say what has changed."""
        jobs = [str(it.job_id) for it in self._jobs if it.job_id]
        if self._queue.states is None:
            self._say(f"jobs {', '.join(jobs)}; run `{self._queue.lists}` to see them")
            return
        try:
            states = self._queue.states(jobs)
            left = [it for it in states if not it.is_over]
            self._over = {it.job for it in states if it.is_over}
            if all(it.is_refused for it in left) and not self.cluster.scheduler.workers:
                self._ended = self._end(left or states)
            elif left:
                self._say(f"{_counted(left)}; {self._more_on(left[0])}")
        except subprocess.CalledProcessError as error:
            self._say(f"`{self._queue.lists}` fails: {error.stderr.strip()}")
        except (OSError, subprocess.SubprocessError) as error:
            self._say(f"`{self._queue.lists}` fails: {error}")

    def _end(self, states: list[JobState]) -> tuple[str, str]:
        name = self._queue.name
        if any(it.is_refused for it in states):
            return (
                f"{name} never starts what was submitted: {_counted(states)}",
                self._correct(),
            )
        what = f"no job of {name} is left: {_counted(states)}"
        again = "the same command submits new ones, and runs the rest"
        return what, f"{self._more_on(states[0])}; {again}" if states else again

    def _more_on(self, job: JobState) -> str:
        """Return where a person finds more about a job."""
        if job.is_waiting:
            return f"run `{self._queue.describes} {job.job}` for details"
        return f"see {self._queue.output_of(job.job)}"

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._progress.message(f"waiting for a worker: {text}")

    async def _cancel(self) -> None:
        for it in self._jobs:
            async with it.lock:  # it may still be submitted
                await it.close()

    def close(self) -> None:
        """Cancel the jobs, and end the scheduler."""
        self._closing.set()
        if not self._is_closed:
            self.cluster.sync(self._cancel)
            super().close()
            self._is_closed = True


def worker_options(queue: Queue) -> list[str]:
    """Return the options of ``dask worker``; those that are configured come last, and count.

    Dask's limit of memory is for objects that a worker keeps; these keep none. It does not count
    the processes of scripts, but ends a worker, again and again, in a job whose limit is smaller
    than a worker: Slurm sets 1 MB where the memory of nodes is not configured.
    """
    options = (f"jobqueue.{queue.name}.{it}" for it in ("worker-extra-args", "extra"))
    given = next(filter(None, map(dask.config.get, options)), ())
    return ["--memory-limit", "0", *given]


def dask_jobqueue() -> ModuleType:
    """Import dask-jobqueue, which would have SIGINT end the process with exit code 0."""
    given = signal.signal
    signal.signal = lambda *_: None
    try:
        return import_module("dask_jobqueue")
    finally:
        signal.signal = given


def _kept(kind: Any, jobs: list[Any]) -> Any:
    """Return a class of jobs that are added to ``jobs``, with the error if one is not accepted.

    A cluster with a job that was not accepted reports nothing, and cannot be closed: so here each
    starts, and ends.
    """
    from distributed.core import Status  # noqa: PLC0415

    class Job(kind):  # type: ignore[misc]
        error: Exception | None = None

        async def start(self) -> None:
            jobs.append(self)
            try:
                await super().start()
            except Exception as error:  # noqa: BLE001 - whatever the queue's commands do
                self.error = error
                self.status = Status.running

        async def close(self) -> None:
            if self.status is not Status.closed:
                self.status = Status.closed
                await super().close()

    return Job


def _counted(states: list[JobState]) -> str:
    """Return how many jobs are in which state: ``job 12 is PENDING (Resources)``."""
    first = {(it.state, it.reason): it.job for it in reversed(states)}
    parts = []
    for (state, reason), count in Counter((it.state, it.reason) for it in states).items():
        who = f"job {first[state, reason]} is" if count == 1 else f"{count:,} jobs are"
        parts.append(f"{who} {state}{f' ({reason})' if reason not in {'', 'None'} else ''}")
    return ", ".join(parts)


def _settings_file() -> str:
    return str(Path(dask.config.PATH) / "jobqueue.yaml")
