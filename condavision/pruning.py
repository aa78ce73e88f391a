"""Locks that nobody uses any more are removed when somebody says so, and never otherwise."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from condavision.locks_folder import forget_scripts, remove_locks, unused_locks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.compile_stage import LockingReport

__all__ = ["offer_to_prune"]


def offer_to_prune(
    report: LockingReport,
    *,
    everything: bool,
    ask: Callable[[str], bool],
    say: Callable[[str], object],
) -> None:
    """Remove unused locks: all where ``everything`` is asked for, else those just orphaned.

    The latter on a terminal only, and only if the answer to ``ask`` is yes; elsewhere ``say`` tells
    how to remove them. With ``everything``, scripts that no longer exist are forgotten first.
    """
    if everything:
        roots = {locked.path.parent: locked.reading.project.config.root for locked in report.locked}
        for folder, root in roots.items():
            _forget(folder, root, say)
            _remove(folder, unused_locks(folder), say)
        return
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
