"""Commands that look at what is locked, and what could be."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from condavision.cli import options
from condavision.cli.command import command

if TYPE_CHECKING:
    from pathlib import Path


_together_option = click.option(
    "--together",
    multiple=True,
    metavar="FOLDER",
    type=options.FOLDER,
    help="The lock that all scripts of this folder share; repeatable.",
)


@command()
@options.scripts_argument()
@options.modules_option()
@_together_option
@partial(options.flag_options, purpose="to solve for")
@options.json_option()
def outdated(
    as_json: bool,
    channels: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    **given: Any,
) -> int:
    """Show which locked versions `lock --upgrade` would change.

    PATHS are scripts or folders; without them, the current project. Everything is solved again, as
    newer versions may exclude each other, with the channels of the locks; nothing is written.
    """
    from condavision.cli.json_output import failed_json, outdated_json
    from condavision.cli.output import print_failures, print_json, say
    from condavision.cli.progress import choose_progress
    from condavision.cli.tables import print_table
    from condavision.compile_stage.outdated import solve_anew
    from condavision.inference.workspace import Workspace
    from condavision.locks.diff import diff_rows
    from condavision.project.config import Flags

    workspace = Workspace(Flags(channels, platforms, locks))
    named = options.named_or_project(workspace, **given)
    report = solve_anew(named, workspace, choose_progress())
    by_lock = {locked.lock.hash: locked.changes for locked in report.locked}
    if as_json:
        print_json([*outdated_json(report.locked), *failed_json(report.failed)])
    elif any(by_lock.values()):
        rows = [(*row, name) for name, changes in by_lock.items() for row in diff_rows(changes)]
        print_table(("package", "locked", "newest", "platforms", "lock"), rows)
    elif report.locked:
        say("no package would change")
    print_failures(report.failed)
    return report.code


_platform_option = click.option(
    "--platform", metavar="PLATFORM", help="Platform to show (default: this machine's)."
)
_offline_option = click.option(
    "--offline", is_flag=True, help="Ask no index for what distributions require."
)


@command()
@options.scripts_argument()
@options.modules_option()
@_together_option
@_platform_option
@_offline_option
@options.locks_option()
@options.json_option()
def tree(
    platform: str | None,
    offline: bool,
    locks: Path | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Show the locked packages of scripts as a tree: which requires which.

    PATHS are scripts or folders; without them, the current project. Scripts that share a lock share
    a tree. A package whose dependencies are shown already is marked (*).
    """
    from condavision.cli.dependencies import dependencies_json, print_tree
    from condavision.cli.output import print_failures, print_json
    from condavision.inference.select import select_targets
    from condavision.inference.workspace import Workspace
    from condavision.inspection.dependencies import dependencies_of, locate_each
    from condavision.project.config import Flags

    workspace = Workspace(Flags(locks=locks))
    named = options.named_or_project(workspace, **given)
    targets = select_targets(named, workspace, join=True).targets
    by_lock, failed = locate_each(targets, workspace)
    if len(targets) == len(failed) == 1:
        raise failed[0][1]
    shown = [
        (scripts, dependencies_of(scripts[0], platform, workspace, offline=offline))
        for scripts in by_lock.values()
    ]
    if as_json:
        trees = [dependencies_json(one, it) for scripts, it in shown for one in scripts]
        print_json(trees[0] if len(targets) == 1 else trees)
    else:
        for scripts, found in shown:
            print_tree(scripts, found)
    print_failures(failed)
    return failed[0][1].code if failed else 0


@command()
@click.argument("package", type=options.named)
@options.scripts_argument()
@options.modules_option()
@_together_option
@_platform_option
@_offline_option
@options.locks_option()
@options.json_option()
def why(
    package: str,
    platform: str | None,
    offline: bool,
    locks: Path | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Show why a package is locked: the imports and packages that require it.

    PACKAGE can also be a module that one supplies.
    PATHS are scripts or folders; without them, the current project.
    """
    from condavision.cli.dependencies import note_suppliers, print_reasons, reasons_json
    from condavision.cli.output import print_failures, print_json
    from condavision.inference.select import select_targets
    from condavision.inference.workspace import Workspace
    from condavision.inspection.why import find_reasons
    from condavision.project.config import Flags

    workspace = Workspace(Flags(locks=locks))
    named = options.named_or_project(workspace, **given)
    targets = select_targets(named, workspace, join=True).targets
    reasons, failed = find_reasons(package, targets, platform, workspace, offline=offline)
    if as_json:
        print_json([reasons_json(it) for it in reasons])
    else:
        note_suppliers(package, reasons)
        print_reasons(reasons)
    print_failures(failed)
    return failed[0][1].code if failed else 0
