"""Finds the environments that processes run from, so that they are not removed.

On Linux ``/proc`` has this (proc(5)): the program, its first argument (an interpreter may be
outside the prefix that links to it), and its mapped libraries. Other systems have no such table
that anyone may read; there an environment counts as in use for an hour after its last start.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.last_use import LAUNCHED, USED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROCESSES = Path("/proc")
_RECENT = 3600.0  # seconds; the time of use is noted no more often


def users_of(prefixes: Iterable[Path]) -> dict[Path, str]:
    """Return the users of environments by prefix: processes, or a recent start."""
    if _PROCESSES.joinpath("self", "maps").exists():
        found = _processes(prefixes)
        return {prefix: f"process {', '.join(map(str, ids))}" for prefix, ids in found.items()}
    return {prefix: "a start less than an hour ago" for prefix in prefixes if _is_recent(prefix)}


def _is_recent(prefix: Path) -> bool:
    for name in (USED, LAUNCHED):
        with suppress(OSError):
            if (prefix / "conda-meta" / name).stat().st_mtime > time.time() - _RECENT:
                return True
    return False


def _processes(prefixes: Iterable[Path]) -> dict[Path, list[int]]:
    spellings = {
        os.fsencode(f"{spelling}/"): prefix
        for prefix in prefixes
        for spelling in (prefix.absolute(), Path(os.path.realpath(prefix)))
    }
    parents = {spelling.rstrip(b"/").rpartition(b"/")[0] for spelling in spellings}
    found: dict[Path, list[int]] = {}
    for folder in _PROCESSES.iterdir():
        if folder.name.isdigit():
            files = [file for file in _files(folder) if any(map(file.startswith, parents))]
            for spelling, prefix in spellings.items():
                if any(file.startswith(spelling) for file in files):
                    ids = found.setdefault(prefix, [])
                    ids += [] if int(folder.name) in ids else [int(folder.name)]
    return found


def _files(process: Path) -> Iterator[bytes]:
    """Yield the files a process runs from; none if it has ended or belongs to another user."""
    try:
        yield process.joinpath("cmdline").read_bytes().partition(b"\0")[0]
        yield os.fsencode(process.joinpath("exe").readlink())
        for line in process.joinpath("maps").read_bytes().splitlines():
            yield line[line.find(b"/") :] if b"/" in line else b""
    except OSError:
        return
