"""The engine of a Dask cluster: an executor over a client of Dask distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.cluster.bundle import pack
from condavision.cluster.dask_dispatcher import DaskDispatcher, Repeat
from condavision.cluster.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from condavision.cluster.bundle import Bundle
    from condavision.cluster.dask_workers import DaskWorkers
    from condavision.cluster.engine import LostWorker
    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace
    from condavision.system.progress import Progress


class DaskEngine(Engine):
    """Runs the tasks of one script on the workers of a cluster."""

    def __init__(self, workers: DaskWorkers, *, ship: bool, limit: int) -> None:
        """Use a cluster, as :class:`DaskDispatcher`."""
        self.workers = workers
        self.dispatcher = DaskDispatcher(workers, ship=ship, limit=limit)
        self._bundle: Bundle | None = None

    def prepare(self, found: Runnable, workspace: Workspace, progress: Progress) -> None:
        """Pack the script and its lock; a worker installs them with its first task."""
        del workspace, progress
        self._bundle = pack(found)

    def install(self, vendored: Path | None) -> Mapping[str, Exception | None]:
        """Install the environment on all workers, as :meth:`Engine.install`."""
        return self.workers.install(self._packed(), str(vendored.absolute()) if vendored else "")

    def _packed(self) -> Bundle:
        assert self._bundle is not None  # noqa: S101 - `prepare` comes first
        return self._bundle

    @property
    def capacity(self) -> int:
        """Three times the threads of all workers: a worker gets its next task while one runs."""
        return max(16, 3 * self.workers.threads)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of the workers' machines."""
        return self.workers.hosts

    @property
    def dashboard(self) -> str | None:
        """The address of Dask's dashboard."""
        return self.workers.dashboard

    @property
    def lost_workers(self) -> tuple[LostWorker, ...]:
        """The workers that have ended so far, as :meth:`Engine.lost_workers`."""
        return tuple(self.workers.lost)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a task on some worker: ``args`` are a job and a task.

        ``fn`` is ``run_task``, which every worker has for itself.
        """
        del fn, kwargs
        job, task = args
        return self.dispatcher.submit(self._packed(), job, task, Repeat.ALONE)

    def cancel_all(self) -> None:
        """End all tasks, as :meth:`Engine.cancel_all`."""
        self.dispatcher.cancel_all()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; one that was started for this ends."""
        if cancel_futures or not wait:
            self.cancel_all()
        self.dispatcher.close()
