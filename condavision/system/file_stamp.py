"""A file's status as a sign of its content, as git's index has it.

Equal stamps mean equal content, unless the file was written so shortly before the stamp was taken
that a second write could have left its times as they were: such a stamp is racy.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Size, modification and change time in nanoseconds, inode."""

COARSEST_NS = 2_000_000_000
"""The step of the coarsest file times in use, in nanoseconds: those of FAT."""

_TICK_NS = 50_000_000
"""More than the step, in nanoseconds, of clocks that tick in milliseconds."""

_ANY_LAG_NS = 60_000_000_000  # that an unreadable clock may be behind this machine's


def stamp_of(path: str | Path) -> Stamp | None:
    """Return the stamp of a file or folder, links followed; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - most paths are strings
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def changed_at(stamp: Stamp) -> int:
    """Return when a file or its status last changed, in nanoseconds by the file system's clock."""
    return max(stamp[1:3])


def step_of(stamp: Stamp) -> int:
    """Return a step, in nanoseconds, that a file's times may have: of seconds or milliseconds."""
    whole_seconds = not any(it % 1_000_000_000 for it in stamp[1:3])
    return COARSEST_NS if whole_seconds else _TICK_NS


class FileClocks:
    """The clocks that file times are read from: those of file systems.

    On a network they are the servers', which this machine's may be ahead of. Each is read once.
    """

    def __init__(self) -> None:
        self._lags: dict[int, int] = {}

    def is_racy(self, path: str, changed: int, since: int, step: int = COARSEST_NS) -> bool:
        """Return whether a file changed after ``since``, or too shortly before to be noticed again.

        All are in nanoseconds: ``changed`` is one of the file's times, ``since`` by this machine's
        clock, ``step`` the resolution of file times.
        """
        return changed > since - step - self._lag_of(path)

    def _lag_of(self, path: str) -> int:
        try:
            device = os.stat(path).st_dev  # noqa: PTH116 - paths are strings here
        except (OSError, ValueError):
            return _ANY_LAG_NS
        if device not in self._lags:
            now = _now_on(device, path)
            lag = _ANY_LAG_NS if now is None else time.time_ns() - now
            self._lags[device] = lag if abs(lag) > _TICK_NS else 0
        return self._lags[device]


def _now_on(device: int, path: str) -> int | None:
    """Return the time of the file system of ``path``, None if it cannot be had.

    It is that of a file without a name beside it, or where the file system has no such files, of
    one in our own cache, if that is on the same.
    """
    with suppress(OSError, AttributeError):
        folder = path if os.path.isdir(path) else os.path.dirname(path)  # noqa: PTH112, PTH120
        descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY)
        try:
            return os.fstat(descriptor).st_mtime_ns
        finally:
            os.close(descriptor)
    with suppress(OSError), tempfile.TemporaryFile(dir=home()) as file:
        status = os.fstat(file.fileno())
        return status.st_mtime_ns if status.st_dev == device else None
    return None
