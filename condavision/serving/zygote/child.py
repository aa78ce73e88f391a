"""A run that a zygote has forked."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

from condavision.serving.zygote.orphan import exit_status, kernel_reports_exit


class WarmChild:
    """A process that leads its own group; the zygote is its parent and reaps it."""

    warm = True

    def __init__(self, pid: int) -> None:
        """Watch a process that waits for permission to run.

        Raises:
            ProcessLookupError: it has ended.
        """
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._following: asyncio.Task[None] | None = None

    async def wait(self) -> int:
        """Wait for its end, as :meth:`condavision.serving.starting.Child.wait`."""
        return await asyncio.shield(self._ended)

    def signal(self, number: int) -> None:
        """Send a signal to its group; to it alone where it has not made that yet."""
        if self._ended.done():
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)
        except PermissionError:
            pass

    def ended(self, status: int) -> None:
        """Note the wait status that the zygote has reported."""
        os.close(self._pidfd)
        self._ended.set_result(os.waitstatus_to_exitcode(status))

    def orphaned(self) -> None:
        """Follow the process without its zygote.

        On kernels that keep its exit status to themselves it is killed: better an end that is
        known than one that is not.
        """
        if not kernel_reports_exit():
            self.signal(signal.SIGKILL)
        self._following = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        status = await exit_status(self._pidfd)
        self.signal(signal.SIGKILL)  # what is left of its group
        self.ended(signal.SIGKILL if status is None else status)
