"""Retire unused locks: of folders that are no longer locked together, and of deleted scripts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.locks.folder import (
    alone_in,
    forget_scripts,
    gone_scripts,
    remove_locks,
    unused_locks,
)
from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import lock_path
from condavision.project.targets import Together, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from condavision.compile_stage.groups import Failures
    from condavision.compile_stage.recording import LockingReport
    from condavision.inference.workspace import Workspace
    from condavision.locks.folder import Gone
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Retired:
    """What was dropped from ``scripts.yml``, and why, and the hashes of removed locks."""

    scripts: Mapping[str, Gone]
    locks: tuple[str, ...]


def prune(report: LockingReport, paths: Iterable[Path], workspace: Workspace) -> Retired:
    """Drop scripts that no longer exist or are excluded, and remove all locks that no script uses.

    This covers the projects of all locked targets and of the folders in ``paths``. After a
    dry run, nothing is removed.

    Raises:
        LockfileError: a ``scripts.yml`` is damaged.
    """
    configs = {locked.path.parent: locked.inference.project.config for locked in report.locked}
    for folder in filter(Path.is_dir, paths):
        project = workspace.project(Together(folder))
        configs |= {project.locks(local=local): project.config for local in (False, True)}
    scripts: dict[str, Gone] = {}
    locks: list[str] = []
    for folder, config in configs.items():
        if report.dry_run:
            index = report.indexes.get(folder) or read_index(folder)
            gone = gone_scripts(index, config)
            locks += unused_locks(folder, index.updated({}, dropped=gone))
        else:
            gone = forget_scripts(folder, config)
            locks += remove_locks(folder, unused_locks(folder))
        scripts |= gone
    return Retired(scripts, tuple(locks))


def part_folders(
    folders: Iterable[Path], workspace: Workspace, failed: Failures
) -> Iterator[tuple[Path, str]]:
    """Drop the shared locks of folders whose scripts have all been locked separately.

    A folder with a script that failed keeps its lock: that script still needs it. Yield the locks
    that are no longer used, by folder and hash.
    """
    for folder in folders:
        if not any(_is_in(folder, target) for target, _ in failed):
            yield from _part(Together(folder), workspace)


def _part(folder: Together, workspace: Workspace) -> Iterator[tuple[Path, str]]:
    """Drop a folder from the indexes of its project; yield the locks that are then unused."""
    project = workspace.project(folder)
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
