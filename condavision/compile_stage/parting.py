"""``lock --apart FOLDER``: the scripts of a folder that shared one lock have their own again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.inference.infer import open_project
from condavision.locks.folder import alone_in
from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import lock_path
from condavision.project.targets import Together, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.compile_stage.stage import LockingReport
    from condavision.inference.infer import Flags
    from condavision.project.targets import Target

__all__ = ["part_folders"]


def part_folders(folders: Iterable[Path], flags: Flags, report: LockingReport) -> None:
    """Forget the locks that folders share, once all of their scripts have been locked.

    A folder with a script that could not be locked keeps its lock: without it that script would
    have none. Locks that nobody uses any more are added to ``report.orphaned``.
    """
    orphaned = set(report.orphaned)
    for folder in folders:
        if not any(_is_in(folder, target) for target, _ in report.failed):
            orphaned.update(_part(Together(folder), flags))
    report.orphaned = tuple(sorted(orphaned))


def _part(folder: Together, flags: Flags) -> Iterator[tuple[Path, str]]:
    """Drop a folder from the indexes of its project; yield the locks left unused."""
    project = open_project(folder, flags)
    for locks in (project.locks(local=local) for local in (False, True)):
        with alone_in(locks):
            before = read_index(locks)
            after = before.updated({}, dropped=[project.key])
            if after != before:
                write_index(after)
        for entry in before.of(project.key):
            if entry.lock not in after.hashes() and lock_path(locks, entry.lock).exists():
                yield locks, entry.lock


def _is_in(folder: Path, target: Target) -> bool:
    return place_of(target).is_relative_to(folder.resolve())
