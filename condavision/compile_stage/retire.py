"""Locks that nobody uses any more are removed when somebody says so, and never otherwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.inference.infer import open_project
from condavision.locks.folder import forget_scripts, remove_locks, unused_locks
from condavision.project.targets import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from condavision.compile_stage.stage import LockingReport
    from condavision.inference.infer import Flags

__all__ = ["offer_to_prune", "prune_locks"]


def prune_locks(
    report: LockingReport, paths: Iterable[Path], flags: Flags, say: Callable[[str], object]
) -> None:
    """Forget scripts that no longer exist, and remove all locks that no script uses.

    Of the projects of what was locked, and of the folders among ``paths``.
    """
    roots = {locked.path.parent: locked.reading.project.config.root for locked in report.locked}
    for folder in filter(Path.is_dir, paths):
        project = open_project(Together(folder), flags)
        roots |= {project.locks(local=local): project.config.root for local in (False, True)}
    for folder, root in roots.items():
        _forget(folder, root, say)
        _remove(folder, unused_locks(folder), say)


def offer_to_prune(
    report: LockingReport, *, ask: Callable[[str], bool], say: Callable[[str], object]
) -> None:
    """Remove locks that were just orphaned, on a terminal and if the answer to ``ask`` is yes.

    Elsewhere ``say`` tells how to remove them.
    """
    for folder, name in report.orphaned:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            say(f"the lock {name} is no longer used; to remove it: condavision lock --prune SCRIPT")
        elif ask(f"The lock {name} is no longer used by any script. Remove it?"):
            _remove(folder, (name,), say)


def _forget(folder: Path, root: Path, say: Callable[[str], object]) -> None:
    for script in forget_scripts(folder, root):
        say(f"forgot {script}, which no longer exists")


def _remove(folder: Path, hashes: tuple[str, ...], say: Callable[[str], object]) -> None:
    for name in remove_locks(folder, hashes):
        say(f"removed the lock {name}")
