"""The engine of this machine: threads of the standard library, each waiting for a process."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from condavision.cluster.engine import Engine
from condavision.exec_stage.child_process import Stop
from condavision.exec_stage.stage import prepare_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace
    from condavision.system.progress import Progress


class LocalEngine(Engine):
    """Runs so many processes at once; by default one for each processor this process may use."""

    def __init__(self, jobs: int | None = None) -> None:
        """Start nothing yet."""
        self.jobs = jobs or processors()
        self._threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="task")
        self._stop = Stop()

    def prepare(self, found: Runnable, workspace: Workspace, progress: Progress) -> None:
        """Install the environment, as :meth:`Engine.prepare`."""
        prepare_apart(found, workspace, progress)

    def install(self, vendored: Path | None) -> Mapping[str, Exception | None]:
        """Return that nothing is left to be done, as :meth:`Engine.install`."""
        del vendored
        return dict.fromkeys(self.hosts)

    @property
    def capacity(self) -> int:
        """Twice as many as run, so that each process is followed by one at once."""
        return 2 * self.jobs

    @property
    def hosts(self) -> tuple[str, ...]:
        """The name of this machine."""
        return (socket.gethostname(),)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn`` in a thread, with ``stop`` among its arguments."""
        return self._threads.submit(fn, *args, stop=self._stop, **kwargs)

    def cancel_all(self) -> None:
        """End all processes; those that have not started never will."""
        self._stop.set()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads, as soon as no process is left."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
