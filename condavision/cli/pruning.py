"""What `lock` removes with `--prune`, and what it offers to remove without."""

from __future__ import annotations

import sys
from itertools import groupby
from operator import itemgetter
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

    asks = not report.dry_run and sys.stdin.isatty() and sys.stderr.isatty()
    for folder, found in groupby(report.orphaned, itemgetter(0)):
        names = [name for _, name in found]
        one = len(names) == 1
        what = f"lock {names[0]} is" if one else f"{len(names)} locks are"
        if not asks:
            removal = _command(report, folder, workspace)
            note(f"{what} no longer used; to remove {'it' if one else 'them'}, run `{removal}`")
        elif click.confirm(
            f"{what.capitalize()} no longer used by any script. Remove {'it' if one else 'them'}?"
        ):
            for removed in remove_locks(folder, names):
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
