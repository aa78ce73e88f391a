"""The compile stage: scripts in, committed lock files out. Uses the network; installs nothing."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis import require_python
from condavision.analysis.readable import require_readable
from condavision.channel import INTERPRETERS
from condavision.config import home
from condavision.errors import CondavisionError, LockfileError
from condavision.lockfile import lock_path, read_lock, write_lock
from condavision.locking import exclusive
from condavision.model import Manager
from condavision.reading import open_project, read
from condavision.script_index import read_index, write_index
from condavision.subdir import current_subdir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from condavision.mapping.import_map import ImportMap
    from condavision.model import Lock
    from condavision.reading import Flags, Reading

__all__ = ["LockedScript", "LockingReport", "lock_scripts"]


@dataclass(frozen=True, slots=True)
class LockedScript:
    """A script and the lock it got; ``written`` unless a valid one was there."""

    reading: Reading
    lock: Lock
    path: Path
    written: bool


@dataclass(slots=True)
class LockingReport:
    """What became of each script: those locked, and the error of each that could not be."""

    locked: list[LockedScript] = field(default_factory=list)
    failed: list[tuple[Path, CondavisionError]] = field(default_factory=list)

    @property
    def errors(self) -> tuple[CondavisionError, ...]:
        """Each error once, though several scripts may share it."""
        return tuple(dict.fromkeys(error for _, error in self.failed))

    @property
    def code(self) -> int:
        """The exit code: the first error's."""
        return self.failed[0][1].code if self.failed else 0


def lock_scripts(
    scripts: Iterable[Path],
    flags: Flags,
    import_map: ImportMap,
    *,
    announce: Callable[[Reading], None] = lambda _: None,
) -> LockingReport:
    """Lock every script; one that fails does not keep the others from theirs.

    Each requirement set is solved once, whatever the number of scripts that share it, and not at
    all where a valid lock is there. ``announce`` is called before each solve.
    """
    report = LockingReport()
    groups: dict[tuple[Path, str], list[Reading]] = {}
    for script in scripts:
        try:
            reading = _read(script, flags, import_map)
        except CondavisionError as error:
            report.failed.append((script, error))
            continue
        folder = reading.project.locks(local=reading.local)
        groups.setdefault((folder, reading.hash), []).append(reading)
    for (folder, _), readings in groups.items():
        try:
            report.locked += _lock_group(folder, readings, import_map, announce)
        except CondavisionError as error:
            report.failed += [(reading.project.script, error) for reading in readings]
    return report


def _read(script: Path, flags: Flags, import_map: ImportMap) -> Reading:
    project = open_project(script, flags)
    recorded = tuple(
        path
        for local in (False, True)
        for entry in read_index(project.locks(local=local)).of(project.key)
        for path in entry.paths
    )
    reading = read(project, import_map, extra_paths=recorded)
    require_python(reading.analysis)
    require_readable(reading.analysis)
    reading.require_known(import_map)
    return reading


def _lock_group(
    folder: Path,
    readings: list[Reading],
    import_map: ImportMap,
    announce: Callable[[Reading], None],
) -> list[LockedScript]:
    """Make or reuse the one lock of scripts with equal requirements, and record who uses it."""
    first = readings[0]
    path = lock_path(folder, first.hash)
    with _alone_in(folder):
        lock = _valid_lock(path)
        wanted = _platforms(readings, lock)
        written = lock is None or set(wanted) != set(lock.platforms)
        if lock is None or written:
            from condavision.solving import solve  # noqa: PLC0415 - only a solve pays for rattler

            announce(first)
            lock = solve(first.requirements, wanted, first.project.config, import_map, home())
            write_lock(folder, lock, first.requirements)
        index = read_index(folder)
        write_index(index.updated({one.project.key: one.entry() for one in readings}))
    return [LockedScript(reading, lock, path, written) for reading in readings]


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from writing into a locks folder; the lock file lies in the cache."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    guard = home() / "guards" / f"{name}.lock"
    guard.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(guard, lambda: None):
        yield


def _platforms(readings: list[Reading], lock: Lock | None) -> tuple[str, ...]:
    """Return every platform some script asks for, and those the lock has already."""
    wanted = dict.fromkeys(
        platform for reading in readings for platform in reading.platforms(current_subdir())
    )
    kept = lock.platforms if lock else ()
    return tuple(dict.fromkeys((*kept, *wanted))) if kept else tuple(wanted)


def _valid_lock(path: Path) -> Lock | None:
    """Return the lock at ``path``, or None where there is none or it has to be made again."""
    if not path.exists():
        return None
    try:
        lock = read_lock(path)
    except LockfileError:
        return None
    if lock.metadata.get("channels") == INTERPRETERS:
        from condavision.interpreters import restore  # noqa: PLC0415 - rarely needed

        try:
            for package in lock.packages:
                if package.manager is Manager.CONDA:
                    restore(home() / "interpreters", package.url, package.sha256)
        except CondavisionError:
            return None
    return lock
