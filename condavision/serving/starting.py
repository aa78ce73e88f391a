"""Starts the process of a run: what it gets, and the ways to start one.

A :class:`Starter` is handed a :class:`Job` and returns a :class:`Child`. The cold starter runs the
environment's Python anew; other starters must give a script the same process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from condavision.exec_stage.child_process import signal_group, start

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from condavision.exec_stage.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Job:
    """A process to be started.

    ``args`` follow the script's name in ``sys.argv``. ``environ`` are all its variables, before
    the environment's activation. ``stdin``, ``stdout`` and ``stderr`` are open descriptors, which
    stay the caller's; the process gets no others. ``rlimits`` maps resources (``RLIMIT_AS``) to
    their soft and hard limit. ``sandbox`` is put in front of the command: such a job needs a
    process started by it.
    """

    prepared: Prepared
    args: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: Path
    stdin: int
    stdout: int
    stderr: int
    rlimits: Mapping[int, int] = field(default_factory=dict)
    sandbox: tuple[str, ...] = ()

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return the command of the process, and its variables.

        Raises:
            InstallError: as :meth:`Prepared.command`.
        """
        command, variables = self.prepared.command(self.args, self.environ)
        return [*self.sandbox, *command], variables


class Child(Protocol):
    """A started process, which leads a session and a process group of its own."""

    @property
    def pid(self) -> int:
        """Its process ID, which is its group's too."""

    @property
    def warm(self) -> bool:
        """Whether it was forked from a process that had imported its modules."""

    @property
    def ended(self) -> asyncio.Future[int]:
        """The same as :meth:`wait`, never to be cancelled."""

    async def wait(self) -> int:
        """Wait for its end; return its exit code, negative for the signal that ended it.

        The rest of its group is killed. May be awaited more than once; a cancelled wait ends
        nothing.
        """

    def signal(self, number: int) -> None:
        """Send a signal to its whole group; nothing happens if that has ended."""


class Starter(Protocol):
    """A way to start processes."""

    async def start(self, job: Job) -> Child:
        """Start the process of a job.

        Raises:
            InstallError: it cannot be started.
        """


class ColdStarter:
    """Starts the environment's Python anew for each job."""

    async def start(self, job: Job) -> Child:
        """Start the process of a job: no shell, no descriptor but its three streams."""
        command, variables = job.command()
        streams = (job.stdin, job.stdout, job.stderr)
        return ChildProcess(start(command, variables, job.cwd, streams, job.rlimits))


class ChildProcess:
    """A child of this process."""

    warm = False

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Watch a process that leads its own group."""
        self.pid = process.pid
        self._process = process
        self.ended = asyncio.create_task(self._end())

    async def wait(self) -> int:
        """Wait for its end, as :meth:`Child.wait`."""
        return await asyncio.shield(self.ended)

    async def _end(self) -> int:
        """Wait for the process, kill what is left of its group, and only then reap it if possible.

        Until it is reaped, no other process can have its ID.
        """
        if hasattr(os, "pidfd_open"):
            await _ended(self.pid)
        else:
            await asyncio.to_thread(self._process.wait)
        signal_group(self.pid, signal.SIGKILL)
        return self._process.wait()

    def signal(self, number: int) -> None:
        """Send a signal to its group, as :meth:`Child.signal`."""
        if not self.ended.done():
            signal_group(self.pid, number)


async def _ended(pid: int) -> None:
    """Wait until a child has ended, without reaping it."""
    exited = asyncio.Event()
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(pid)
    try:
        loop.add_reader(descriptor, exited.set)
        await exited.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
