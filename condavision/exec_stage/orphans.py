"""Processes that a killed server left running: found by the run's folder, and ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = Path("/proc")
_PATIENCE = 5.0  # seconds that the system takes at most to end a process
_STREAMS = ("cwd", "fd/0", "fd/1", "fd/2")


def end_orphans(runs: Path) -> int:
    """Kill every process that works in a folder below ``runs``; return how many there were.

    Only on systems with ``/proc``. No server is running a script there: it would hold the lock.
    """
    killed: set[int] = set()
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        found = [*_working_below(runs)]
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.01)
    return len(killed)


def _working_below(runs: Path) -> Iterator[int]:
    prefix = f"{os.path.realpath(runs)}/"
    if not _PROCESSES.joinpath("self", "fd").is_dir():
        return
    for folder in _PROCESSES.iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            for name in _STREAMS:
                with suppress(OSError):  # ended, or another user's
                    if str((folder / name).readlink()).startswith(prefix):
                        yield int(folder.name)
                        break
