"""What runs tasks, here or elsewhere: an executor of the standard library that can end them all."""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import Executor


class Engine(Executor):
    """Runs tasks: ``submit(run_task, job, task)`` returns a future of the task's outcome.

    A task that was ended with all others has the reason ``CANCELLED``, one whose worker ended
    ``WORKER_LOST``: futures raise only what is a bug. To be closed by ``shutdown``.
    """

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

    @abstractmethod
    def cancel_all(self) -> None:
        """End the processes of all tasks within seconds; may be called from any thread."""
