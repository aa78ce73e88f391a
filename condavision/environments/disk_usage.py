"""The files below a folder, and the space they take on disk."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def sizes_of(statuses: Iterable[os.stat_result]) -> tuple[int, int]:
    """Return bytes on disk, each inode once, and the part without links elsewhere."""
    linked: dict[tuple[int, int], list[os.stat_result]] = {}
    size = 0
    for status in statuses:
        if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):
            size += _on_disk(status)
        else:
            linked.setdefault((status.st_dev, status.st_ino), []).append(status)
    freed = size
    for same in linked.values():
        size += _on_disk(same[0])
        freed += _on_disk(same[0]) if len(same) >= same[0].st_nlink else 0
    return size, freed


def _on_disk(status: os.stat_result) -> int:
    return 512 * getattr(status, "st_blocks", -(-status.st_size // 512))


def statuses_below(
    folder: Path, linked: dict[int, os.stat_result] | None = None
) -> dict[str, os.stat_result]:
    """Return the statuses of everything below a folder that can be read, by relative path.

    ``linked`` are those of files with several links on the same file system, by inode, which are
    not read again: most files of an environment are in others too.
    """
    linked = {} if linked is None else linked
    top = str(folder)  # hundreds of thousands of files; pathlib takes twice the time
    found: dict[str, os.stat_result] = {}
    folders = [""]
    while folders:
        lead = folders.pop()
        with suppress(OSError), os.scandir(f"{top}/{lead}") as entries:
            for entry in entries:
                path = lead + entry.name
                status = linked.get(entry.inode())
                try:
                    found[path] = status = status or entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if status.st_nlink > 1 and stat.S_ISREG(status.st_mode):
                    linked[status.st_ino] = status
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")
    return found
