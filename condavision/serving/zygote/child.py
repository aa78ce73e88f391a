"""A run that a zygote has forked."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.exec_stage.child_process import limit
from condavision.serving.zygote.orphan import exit_status, kernel_reports_exit

if TYPE_CHECKING:
    from collections.abc import Mapping

_INLINE = 1 << 14  # bytes of a request in one packet


class WarmChild:
    """A process that leads its own group; the zygote is its parent and reaps it."""

    warm = True

    def __init__(self, pid: int, control: socket.socket) -> None:
        """Watch a process that waits for its request on the other end of ``control``.

        Raises:
            ProcessLookupError: it has ended.
        """
        self.pid = pid
        self._control: socket.socket | None = control
        self._pidfd = os.pidfd_open(pid)
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._following: asyncio.Task[None] | None = None

    def begin(
        self, request: bytes, streams: tuple[int, int, int], rlimits: Mapping[int, int]
    ) -> None:
        """Let it run.

        Raises:
            OSError: it has ended, and has not run.
        """
        control, self._control = self._control, None
        assert control is not None  # noqa: S101 - each is begun once
        with control:
            limit(self.pid, rlimits)
            if len(request) <= _INLINE:
                socket.send_fds(control, [request], streams)
                return
            file = os.memfd_create("request")
            try:
                with open(file, "wb", closefd=False) as stream:
                    stream.write(request)
                socket.send_fds(control, [b"f"], (*streams, file))
            finally:
                os.close(file)

    def dismiss(self) -> None:
        """End it before it has begun."""
        if self._control is not None:
            self._control.close()
            self._control = None

    async def wait(self) -> int:
        """Wait for its end, as :meth:`condavision.serving.starting.Child.wait`."""
        return await asyncio.shield(self.ended)

    def signal(self, number: int) -> None:
        """Send a signal to its group; to it alone where it has not made that yet."""
        if self.ended.done():
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)
        except PermissionError:
            pass

    def end(self, status: int) -> None:
        """Note the wait status that the zygote has reported."""
        self.dismiss()
        os.close(self._pidfd)
        self.ended.set_result(os.waitstatus_to_exitcode(status))

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
        self.end(signal.SIGKILL if status is None else status)
