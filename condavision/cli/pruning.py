"""What `lock` removes with `--prune`, and what it offers to remove without."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from condavision.cli.output import note
from condavision.locks.folder import Gone
from condavision.project.targets import near
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.compile_stage.recording import LockingReport
    from condavision.inference.workspace import Workspace

_WHY = {Gone.EXCLUDED: "`exclude` names it", Gone.ABSENT: "it no longer exists"}


def prune(report: LockingReport, paths: tuple[Path, ...], workspace: Workspace) -> None:
    """Remove what no script uses, and say what that was."""
    from condavision.compile_stage.retire import prune as retire

    retired = retire(report, paths, workspace)
    removed = "would remove" if report.dry_run else "removed"
    for script, why in retired.scripts.items():
        note(f"{removed} {script} from scripts.yml: {_WHY[why]}")
    for name in retired.locks:
        note(f"{removed} lock {name}")
    if not retired.scripts and not retired.locks:
        note(
            "nothing to remove; to forget what exists, add its file to `exclude` in the"
            " configuration"
        )


def offer_to_prune(report: LockingReport, workspace: Workspace) -> None:
    """Offer on a terminal to remove the locks that this run left unused; elsewhere, list them."""
    from condavision.locks.folder import remove_locks

    for folder, name in report.orphaned:
        if report.dry_run or not (sys.stdin.isatty() and sys.stderr.isatty()):
            removal = _command(report, folder, workspace)
            note(f"lock {name} is no longer used; to remove it, run `{removal}`")
        elif click.confirm(f"Lock {name} is no longer used by any script. Remove it?"):
            for removed in remove_locks(folder, (name,)):
                note(f"removed lock {removed}")


def _command(report: LockingReport, folder: Path, workspace: Workspace) -> str:
    """Return the command that prunes a locks folder, typed in the current folder."""
    roots = (it.inference.project.config.root for it in report.locked if it.path.parent == folder)
    here = workspace.config()
    root = next(roots, here.root)
    words = ["--prune"] if root == here.root else ["--prune", shell_word(near(root))]
    locks = workspace.flags.locks
    words += [] if locks is None else ["--locks", shell_word(locks)]
    return f"condavision lock {' '.join(words)}"
