"""Runs one task on this machine: in a process group and a folder of its own, within its time."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.cluster.job import describe
from condavision.cluster.task import File, Outcome, Reason
from condavision.core.platforms import current_subdir
from condavision.environments.last_use import record_use
from condavision.errors import CondavisionError, InstallError
from condavision.exec_stage.child_process import End, Stop, start, wait_for
from condavision.exec_stage.process_environment import rlimits, variables
from condavision.exec_stage.run_folder import RunFolder, new_run_folder, read_piece
from condavision.exec_stage.stage import prepare_apart
from condavision.exec_stage.warm_record import checks_of
from condavision.inference.workspace import Workspace
from condavision.project.config import Flags
from condavision.project.targets import typed
from condavision.system.files import remove_tree
from condavision.system.progress import Progress
from condavision.warm import is_unchanged

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from condavision.cluster.task import Job, Task
    from condavision.core.serving import Serving
    from condavision.exec_stage.prepared import Prepared
    from condavision.project.targets import Module

_REASONS = {
    End.ITSELF: None,
    End.TIMEOUT: Reason.TIMEOUT,
    End.STOPPED: Reason.CANCELLED,
    End.EXCESS: Reason.OUTPUT,
}
_preparing = threading.Lock()


class MissingPlatformError(CondavisionError):
    """A lock has no part for this machine's platform."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A script that can be started, as long as its ``checks`` hold."""

    prepared: Prepared
    checks: tuple[tuple[str, str, str], ...]


def prepared(job: Job) -> Prepared:
    """Return the script of a job, ready to start; its environment is installed if need be.

    Raises:
        MissingPlatformError: the lock is not for this machine.
        InstallError: the script or its lock is not that of the job.
        CondavisionError: there is no lock that fits, or the environment cannot be made.
    """
    with _preparing:
        ready = _ready(job)
    if not all(is_unchanged(*it) for it in ready.checks):
        raise _changed(job)
    return ready.prepared


@lru_cache(16)
def _ready(job: Job) -> _Ready:
    locks, vendored = (Path(it) if it else None for it in (job.locks, job.vendored))
    workspace = Workspace(Flags(locks=locks, vendored=vendored))
    described = describe(job.target, workspace, Path(job.folder), job.limits)
    found = described.runnable
    files = [it.path for it in found.analysis.files]
    checks = tuple(checks_of((found.located.path, *files), ()))
    if described.job.digest != job.digest:
        raise _changed(job)
    require_platform(found.located.lock.platforms, job.target)
    made = prepare_apart(found, workspace, Progress())
    record_use(made.environment, files[0])
    return _Ready(made, checks)


def _changed(job: Job) -> InstallError:
    return InstallError(
        f"{job.target}, a module of it or its lock has changed meanwhile", "run `map` again"
    )


def require_platform(platforms: Sequence[str], target: Path | Module) -> None:
    """Refuse a target whose lock is for other ``platforms`` than this machine's.

    Raises:
        MissingPlatformError: this one is not among them.
    """
    here = current_subdir()
    if here not in platforms:
        raise MissingPlatformError(
            f"the lock of {target} is for {', '.join(platforms)}, not for {here}",
            f"add it: run `condavision lock --platform {here} {typed(target)}`",
        )


def run_task(
    job: Job, task: Task, stop: Stop | None = None, ready: Callable[[Job], Prepared] = prepared
) -> Outcome:
    """Run a task; ``stop`` ends it. Every error of the machine is an outcome too.

    ``ready`` returns the job's script, ready to start.
    """
    host = socket.gethostname()
    if stop is not None and stop.is_set:
        return Outcome(task.number, reason=Reason.CANCELLED, host=host)
    stop = stop or Stop()
    folder = new_run_folder(Path(job.folder))
    try:
        found = ready(job)
        if stop.is_set:  # while the environment was installed
            return Outcome(task.number, reason=Reason.CANCELLED, host=host)
        return _run(found, job, task, folder, stop)
    except MissingPlatformError as error:
        reason, detail = Reason.PLATFORM_MISSING, error.message
    except CondavisionError as error:
        reason, detail = Reason.NOT_INSTALLED, error.message
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason, detail = Reason.NOT_INSTALLED, f"{place}{error.strerror or error}"
    remove_tree(folder.path)
    return Outcome(task.number, reason=reason, detail=detail, host=host)


def _run(ready: Prepared, job: Job, task: Task, folder: RunFolder, stop: Stop) -> Outcome:
    folder.make()
    if task.stdin is not None:
        folder.stdin.write_bytes(task.stdin)
    limits, serving = job.limits, job.serving
    started = time.monotonic()
    process = _started(ready, serving, task, folder)
    is_excessive = None if serving is None else lambda: folder.size() > serving.output
    code, end = wait_for(process, limits.timeout, limits.kill_after, stop, is_excessive)
    seconds = time.monotonic() - started
    folder.stdin.unlink(missing_ok=True)
    stdout, stderr = (_stream(it, limits.inline) for it in (folder.stdout, folder.stderr))
    files = (File(f"work/{it.name}", it.size) for it in folder.files())
    written = tuple(sorted(files, key=lambda it: it.name))
    is_empty = not written and None not in {stdout.content, stderr.content}
    if is_empty:
        remove_tree(folder.path)
    return Outcome(
        task.number,
        exit_code=code if end is End.ITSELF else None,
        reason=_REASONS[end],
        stdout=stdout,
        stderr=stderr,
        files=written,
        seconds=seconds,
        host=socket.gethostname(),
        folder="" if is_empty else str(folder.path),
    )


def _started(
    ready: Prepared, serving: Serving | None, task: Task, folder: RunFolder
) -> subprocess.Popen[bytes]:
    environ = os.environ if serving is None else variables(task.run, serving, os.environ)
    command, environ = ready.command(task.arguments, environ)
    streams = folder.open_streams()
    try:
        limits = {} if serving is None else rlimits(serving)
        return start(command, environ, folder.work, streams, limits)
    finally:
        for descriptor in streams:
            os.close(descriptor)


def _stream(path: Path, inline: int) -> File:
    """Return a stream of a process: its content if that is small, else its file."""
    size = path.lstat().st_size
    if size > inline:
        return File(path.name, size)
    content = read_piece(path, 0, size)
    path.unlink()
    return File(path.name, size, content)
