"""A file's status as a sign of its content, as git's index has it.

Equal stamps mean equal content, unless the file was written so shortly before the stamp was taken
that a second write could have left its times as they were: such a stamp is racy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Size, modification and change time in nanoseconds, inode."""

COARSEST_NS = 2_000_000_000
"""The step of the coarsest file times in use, in nanoseconds: those of FAT."""


def stamp_of(path: str | Path) -> Stamp | None:
    """Return the stamp of a file or folder, links followed; None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - most paths are strings
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def is_racy(stamp: Stamp, since: int, step: int = COARSEST_NS) -> bool:
    """Return whether a file changed after ``since``, or too shortly before to be noticed again.

    ``since`` is in nanoseconds since the epoch, ``step`` the resolution of the file's times.
    """
    return max(stamp[1:3]) > since - step
