"""What runs tasks, here or elsewhere: an executor of the standard library that can end them all."""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace
    from condavision.system.progress import Progress


@dataclass(frozen=True, slots=True)
class LostWorker:
    """A worker that ended while tasks were run, on which host; others were given its ``tasks``."""

    host: str
    tasks: int


class Engine(Executor):
    """Runs tasks: ``submit(run_task, job, task)`` returns a future of the task's outcome.

    A task that :meth:`cancel_all` ended has the reason ``CANCELLED``; one that lost its worker at
    every attempt, ``WORKER_LOST``. Futures raise a CondavisionError if no task can be run any more;
    any other exception is a bug. ``shutdown`` closes it.
    """

    @abstractmethod
    def prepare(self, found: Runnable, workspace: Workspace, progress: Progress) -> None:
        """Get ready for tasks of this script, before the first is submitted.

        Raises:
            CondavisionError: there is no environment.
        """

    @abstractmethod
    def install(self, vendored: Path | None) -> Mapping[str, Exception | None]:
        """Install the environment of the prepared script; return what failed on which machine."""

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many tasks have to be submitted at once, so that no worker waits for one."""

    @property
    @abstractmethod
    def hosts(self) -> tuple[str, ...]:
        """The names of the machines that run tasks now, sorted."""

    @property
    def dashboard(self) -> str | None:
        """The address of a page that shows the work; None where there is none."""
        return None

    @property
    def lost_workers(self) -> tuple[LostWorker, ...]:
        """The workers that have ended so far."""
        return ()

    @abstractmethod
    def cancel_all(self) -> None:
        """End the processes of all tasks within seconds; may be called from any thread."""
