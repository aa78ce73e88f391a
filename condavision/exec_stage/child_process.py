"""A process in a session and a group of its own: started with limits, ended as a whole group."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

from condavision.errors import InstallError

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_LONGEST = 3600.0  # seconds that one wait of the system takes at most
_MEASURED = 1.0  # seconds between two looks at what a process has written
_POLL = 0.02  # seconds between two looks at a process that has no descriptor


class End(Enum):
    """What ended a process."""

    ITSELF = auto()
    TIMEOUT = auto()
    STOPPED = auto()
    EXCESS = auto()
    """It wrote more than it may."""


class Stop:
    """A request to end processes, which wakes those that wait for them."""

    def __init__(self) -> None:
        """Request nothing yet."""
        self.is_set = False
        self.descriptor, self._sender = os.pipe()

    def set(self) -> None:
        """Request the end; may be called from any thread, and again."""
        self.is_set = True
        os.write(self._sender, b"\0")

    def __del__(self) -> None:
        os.close(self.descriptor)
        os.close(self._sender)


def start(
    command: Sequence[str],
    variables: Mapping[str, str],
    cwd: Path,
    streams: tuple[int, int, int],
    rlimits: Mapping[int, int],
) -> subprocess.Popen[bytes]:
    """Start a process: no shell, no descriptor but its three streams, which stay the caller's.

    ``rlimits`` maps resources (``RLIMIT_AS``) to their soft and hard limit.

    Raises:
        InstallError: it cannot be started.
    """
    linux = sys.platform == "linux"
    stdin, stdout, stderr = streams
    try:
        process = subprocess.Popen(  # returns when the program has been loaded: 1 ms
            command,
            cwd=cwd,
            env=variables,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            # On Linux the limits are set from outside: a function to call would rule vfork out.
            preexec_fn=None if linux or not rlimits else partial(limit, 0, rlimits),  # noqa: PLW1509
        )
    except OSError as error:
        raise InstallError(
            f"{command[0]} cannot be started: {error.strerror}",
            "find the cause: run `condavision doctor`",
        ) from error
    if linux:
        with suppress(ProcessLookupError):
            limit(process.pid, rlimits)
    return process


def limit(pid: int, rlimits: Mapping[int, int]) -> None:
    """Set the limits of a process, this one's for 0, as far as its hard limits allow."""
    for number, value in rlimits.items():
        if sys.platform == "linux":
            _, hard = resource.prlimit(pid, number)
            limit = _at_most(value, hard)
            resource.prlimit(pid, number, (limit, limit))
        elif sys.platform != "win32":
            _, hard = resource.getrlimit(number)
            limit = _at_most(value, hard)
            resource.setrlimit(number, (limit, limit))


def _at_most(value: int, hard: int) -> int:
    return value if sys.platform == "win32" or hard == resource.RLIM_INFINITY else min(value, hard)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the group that a process leads; nothing happens if that has ended."""
    with suppress(ProcessLookupError, PermissionError):  # the second is macOS' for zombies
        os.killpg(pid, number)


def wait_for(
    process: subprocess.Popen[bytes],
    timeout: float | None,
    kill_after: float,
    stop: Stop,
    is_excessive: Callable[[], bool] | None = None,
) -> tuple[int, End]:
    """Wait for a process within its time; return its exit code, and what ended it.

    After ``timeout`` seconds, when it is to stop, or when it has written too much
    (``is_excessive`` is called each second), its group gets SIGTERM, and ``kill_after`` seconds
    later SIGKILL. What is left of the group is killed before the process is reaped: until
    then no other can have its ID. The exit code is negative for the signal that ended it.
    """
    end = _first(process, timeout, stop, is_excessive)
    if end is not End.ITSELF:
        signal_group(process.pid, signal.SIGTERM)
        _first(process, kill_after, None)
    signal_group(process.pid, signal.SIGKILL)
    return process.wait(), end


def _first(
    process: subprocess.Popen[bytes],
    timeout: float | None,
    stop: Stop | None,
    is_excessive: Callable[[], bool] | None = None,
) -> End:
    """Wait, without reaping the process, for what comes first."""
    deadline = None if timeout is None else time.monotonic() + timeout
    longest = _LONGEST if is_excessive is None else _MEASURED
    look = time.monotonic() + _MEASURED
    ended = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None
    try:
        while True:
            left = longest if deadline is None else max(0.0, deadline - time.monotonic())
            if ended is None:
                if process.poll() is not None:
                    return End.ITSELF
                time.sleep(min(left, _POLL))
            else:
                ready = _readable(min(left, longest), ended, stop)
                if ended in ready:
                    return End.ITSELF
            if stop is not None and stop.is_set:
                return End.STOPPED
            if deadline is not None and time.monotonic() >= deadline:
                return End.TIMEOUT
            if is_excessive is not None and time.monotonic() >= look:
                if is_excessive():
                    return End.EXCESS
                look = time.monotonic() + _MEASURED
    finally:
        if ended is not None:
            os.close(ended)


def _readable(seconds: float, ended: int, stop: Stop | None) -> set[int]:
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    if stop is not None:
        poll.register(stop.descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(seconds * 1000)}
