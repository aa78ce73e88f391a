"""The functions that workers of a Dask cluster run: plain values in, plain values out."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import get_worker

from condavision import __version__
from condavision.cluster.attendant import attendant_of, find_attendant
from condavision.cluster.bundle import prepare_bundle, unpacked
from condavision.cluster.shipping import TooLargeError, with_contents, write_inputs
from condavision.cluster.task import Job, Outcome, Reason, Task
from condavision.cluster.worker import run_task
from condavision.errors import CondavisionError
from condavision.system.files import remove_tree
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from distributed import Worker

    from condavision.exec_stage.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Call:
    """A task for another machine.

    ``version`` is the client's, ``bundle`` a digest. ``mark`` is the name of a file in the job's
    folder: a worker that sees it shares the folder. ``contents`` are those of the task's files,
    None where they are on shared storage. A task may send ``limit`` bytes back. One that has a
    ``claim`` is begun once only, whichever workers it is given to.
    """

    version: str
    bundle: str
    mark: str
    limit: int
    job: Job
    task: Task
    contents: tuple[bytes, ...] | None = None
    claim: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Return this as a dictionary."""
        names = ("version", "bundle", "mark", "limit", "claim")
        values = {name: getattr(self, name) for name in names}
        contents = None if self.contents is None else list(self.contents)
        travelling = {"job": self.job.to_plain(), "task": self.task.to_plain()}
        return {**values, **travelling, "contents": contents}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Call:
        """Return the value of a dictionary."""
        made = {"job": Job.of_plain(plain["job"]), "task": Task.of_plain(plain["task"])}
        contents = None if plain["contents"] is None else tuple(plain["contents"])
        return cls(**{**plain, **made, "contents": contents})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker returns for a call: an outcome, or that it cannot run any.

    ``version`` is its own, ``worker`` its address. ``lacks`` is the bundle that it needs.
    """

    version: str
    worker: str
    lacks: str = ""
    outcome: Outcome | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return this as a dictionary."""
        outcome = None if self.outcome is None else self.outcome.to_plain()
        return {**asdict(self), "outcome": outcome}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Answer:
        """Return the value of a dictionary."""
        outcome = None if plain["outcome"] is None else Outcome.of_plain(plain["outcome"])
        return cls(**{**plain, "outcome": outcome})


def run(plain: dict[str, Any]) -> dict[str, Any]:
    """Run a task in a thread of a worker: take a :class:`Call`, return an :class:`Answer`."""
    worker = get_worker()
    answer = Answer(__version__, worker.address)
    if plain["version"] != __version__:  # whatever else is in it
        return answer.to_plain()
    call = Call.of_plain(plain)
    try:
        folder = unpacked(call.bundle)
        if folder is None:
            return replace(answer, lacks=call.bundle).to_plain()
        outcome = _run(call, folder, worker)
    except TooLargeError as error:
        outcome = _failed(call, Reason.TOO_LARGE, error.message)
    except CondavisionError as error:
        outcome = _failed(call, Reason.NOT_INSTALLED, error.message)
    except OSError as error:
        outcome = _failed(call, Reason.NOT_INSTALLED, f"{error.filename}: {error.strerror}")
    return replace(answer, outcome=outcome).to_plain()


def _failed(call: Call, reason: Reason, detail: str) -> Outcome:
    return Outcome(call.task.number, reason=reason, detail=detail, host=socket.gethostname())


def _run(call: Call, folder: Path, worker: Worker) -> Outcome:
    attendant = attendant_of(worker)
    task, job = call.task, call.job
    inputs = attendant.folder / f"inputs-{task.number}"
    shared = Path(job.folder)
    is_shared = shared.joinpath(call.mark).is_file()
    try:
        if call.contents is not None:
            task = write_inputs(task, call.contents, inputs)
        missing = [it for it in task.files if not Path(it).exists()]
        if missing:
            return _failed(call, Reason.FILE_MISSING, ", ".join(missing))
        if call.claim and not _is_first(call.claim, worker):
            return _failed(call, Reason.WORKER_LOST, "the worker that ran it has ended")
        own = attendant.folder_in(shared) if is_shared else attendant.folder
        job = replace(job, folder=str(own))
        with attendant.attending(worker, worker.get_current_task()) as stop:
            outcome = run_task(job, task, stop, lambda it: _prepared(folder, it.vendored))
    finally:
        remove_tree(inputs)
    return outcome if is_shared else with_contents(outcome, call.limit)


def _is_first(claim: str, worker: Worker) -> bool:
    """Claim a task, in the scheduler's memory; return whether no worker has done so before."""

    async def is_first() -> bool:
        if await worker.scheduler.event_is_set(name=claim):
            return False
        await worker.scheduler.event_set(name=claim)
        return True

    return asyncio.run_coroutine_threadsafe(is_first(), worker.loop.asyncio_loop).result()


def end(key: str, dask_worker: Worker) -> bool:
    """End the task of a key, if this worker runs it; return whether it does."""
    attendant = find_attendant(dask_worker)
    return attendant is not None and attendant.end(key)


@lru_cache(16)
def _prepared(folder: Path, vendored: str) -> Prepared:
    return prepare_bundle(folder, Path(vendored) if vendored else None, Progress())


async def install(digest: str, vendored: str) -> None:
    """Install the environment of a bundle that this machine has.

    Raises:
        CondavisionError: it cannot be installed.
    """
    folder = unpacked(digest)
    if folder is None:
        raise CondavisionError(f"the bundle {digest[:16]} is not here", "try again")
    await asyncio.to_thread(_prepared, folder, vendored)
