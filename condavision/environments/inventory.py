"""The environments in a cache: their size, last use and scripts; and how they are removed."""

from __future__ import annotations

import os
import stat
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from condavision.environments.environment import Environment
from condavision.environments.package_cache import CACHES, RECORDS
from condavision.python2.tools import FOLDER as PYTHON2
from condavision.system.file_lock import try_exclusive
from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

USED = "condavision-used"
"""The file beside the marker whose modification time is the last use, and which lists scripts."""

LAUNCHED = "condavision-launched"
"""The file beside the marker that launchers truncate to set the time of use."""


@dataclass(frozen=True, slots=True)
class InstalledEnvironment:
    """An environment on disk.

    ``size`` is in bytes on disk, each inode counted once; ``freed`` is the part that is not shared
    with package caches or other environments, which removing it frees. Times are seconds since the
    epoch. ``ready`` is false if the build was interrupted.
    """

    prefix: Path
    key: str
    subdir: str
    hash: str
    python: str
    size: int
    freed: int
    created: float
    used: float
    scripts: tuple[str, ...]
    ready: bool


def list_environments(home: Path) -> tuple[InstalledEnvironment, ...]:
    """Return every environment in the cache, complete or not, least recently used first.

    Raises:
        OSError: the cache cannot be read; a missing one is empty.
    """
    found = []
    with suppress(FileNotFoundError):
        for prefix in (home / "envs").iterdir():
            if prefix.is_dir():
                with suppress(FileNotFoundError):  # another process is removing it
                    found.append(_inspect(prefix))
    return tuple(sorted(found, key=lambda item: (item.used, item.key)))


def record_use(environment: Environment, script: Path) -> None:
    """Note that ``script`` uses the environment now; ignored if the cache cannot be written."""
    path = environment.marker.with_name(USED)
    line = os.fsencode(f"{script.absolute()}\0")
    with suppress(OSError):
        with _opened(path) as stream:
            stream.seek(0)
            if line not in b"\0" + stream.read():
                stream.write(line)
        os.utime(path)


def record_launcher(environment: Environment) -> None:
    """Make the file that launchers truncate.

    Raises:
        OSError: it cannot be made.
    """
    _opened(environment.marker.with_name(LAUNCHED)).close()


def _opened(path: Path) -> BinaryIO:
    """Open a file of ours to append to it; never what a link of that name points to."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o666), "ab+")


def older_than(
    environments: Iterable[InstalledEnvironment], days: float
) -> tuple[InstalledEnvironment, ...]:
    """Return those not used for ``days``, and incomplete ones."""
    limit = time.time() - days * 86400
    return tuple(item for item in environments if item.used < limit or not item.ready)


def over_budget(
    environments: Iterable[InstalledEnvironment], size: int
) -> tuple[InstalledEnvironment, ...]:
    """Return the least recently used ones whose removal brings the total to ``size`` bytes."""
    ordered = sorted(environments, key=lambda item: item.used)
    excess = sum(item.freed for item in ordered) - size
    chosen = []
    for item in ordered:
        if excess <= 0:
            break
        chosen.append(item)
        excess -= item.freed
    return tuple(chosen)


def unreferenced(environments: Iterable[InstalledEnvironment]) -> tuple[InstalledEnvironment, ...]:
    """Return those without an existing script: all were deleted, or there never was one."""
    return tuple(
        item for item in environments if not any(Path(script).exists() for script in item.scripts)
    )


def cache_size(home: Path) -> int:
    """Return the bytes on disk that :func:`remove_caches` would free."""
    return sum(_sizes(str(folder))[1] for folder in _caches(home))


def remove_caches(home: Path) -> None:
    """Remove fetched packages, bytecode and warm records.

    Environments keep working: they keep the files they share with the caches. An installation
    running at the same time may fail and has to be repeated.

    Raises:
        InstallError: a file cannot be removed.
    """
    for folder in _caches(home):
        remove_tree(folder)


def _caches(home: Path) -> list[Path]:
    return [
        home / name
        for name in (*CACHES, "uv", PYTHON2, RECORDS, "pyc", "warm")
        if (home / name).is_dir()
    ]


def remove(environments: Iterable[InstalledEnvironment]) -> tuple[InstalledEnvironment, ...]:
    """Remove environments; return those removed. One that is being built is skipped.

    The marker is removed first: an interrupted removal leaves an incomplete environment, which the
    next run that needs it builds again.

    Raises:
        InstallError: a file cannot be removed.
        OSError: the cache cannot be written.
    """
    removed = []
    for item in environments:
        lock = item.prefix.with_name(f"{item.key}.lock")
        with try_exclusive(lock) as descriptor:
            if descriptor is None:
                continue
            Environment(item.prefix, item.key, item.subdir).marker.unlink(missing_ok=True)
            remove_tree(item.prefix)
            with suppress(PermissionError):  # Windows keeps an open file
                lock.unlink(missing_ok=True)
        removed.append(item)
    return tuple(removed)


def _inspect(prefix: Path) -> InstalledEnvironment:
    marker = Environment(prefix, prefix.name, "").marker
    ready = marker.is_file()
    facts = _facts(marker) if ready else {}
    size, freed = _sizes(prefix)
    created = float(facts.get("created", prefix.stat().st_mtime))
    used, scripts = _use(marker.with_name(USED))
    launched, _ = _use(marker.with_name(LAUNCHED))
    return InstalledEnvironment(
        prefix=prefix,
        key=prefix.name,
        subdir=facts.get("subdir", ""),
        hash=facts.get("hash", ""),
        python=_python_version(prefix),
        size=size,
        freed=freed,
        created=created,
        used=max(used, launched, created),
        scripts=scripts,
        ready=ready,
    )


def _facts(marker: Path) -> dict[str, str]:
    lines = marker.read_text(encoding="utf-8").splitlines()
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def _use(path: Path) -> tuple[float, tuple[str, ...]]:
    try:
        names = os.fsdecode(path.read_bytes()).split("\0")
        return path.stat().st_mtime, tuple(sorted(filter(None, names)))
    except OSError:
        return 0.0, ()


def _python_version(prefix: Path) -> str:
    names = (record.name for record in (prefix / "conda-meta").glob("python-[0-9]*.json"))
    return next((name.split("-")[1] for name in names if name.count("-") == 2), "")


def _sizes(prefix: Path | str) -> tuple[int, int]:
    """Return bytes on disk below, each inode once, and the part without links elsewhere."""
    seen: Counter[tuple[int, int]] = Counter()
    status_of: dict[tuple[int, int], os.stat_result] = {}
    for status in _statuses(str(prefix)):
        inode = (status.st_dev, status.st_ino)
        seen[inode] += 1
        status_of[inode] = status
    size = freed = 0
    for inode, status in status_of.items():
        used = 512 * getattr(status, "st_blocks", -(-status.st_size // 512))
        size += used
        if stat.S_ISDIR(status.st_mode) or status.st_nlink <= seen[inode]:
            freed += used
    return size, freed


def _statuses(folder: str) -> Iterator[os.stat_result]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    yield from _statuses(entry.path)
