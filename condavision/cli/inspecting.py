"""Commands that look at what is locked, and what could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from condavision.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@options.scripts_argument()
@options.modules_option()
@options.flag_options
@options.quiet_option()
@options.json_option()
def outdated(
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    **settings: object,
) -> int:
    """Show which locked versions `lock --upgrade` would change.

    PATHS are scripts or folders; without them, the current project. Everything is solved again, as
    newer versions may exclude each other; nothing is written.
    """
    from condavision.cli.json_output import failed_json, outdated_json
    from condavision.cli.output import print_failures, print_json, say
    from condavision.cli.progress import choose_progress
    from condavision.cli.tables import print_table
    from condavision.compile_stage.renewal import Renewal
    from condavision.compile_stage.stage import lock
    from condavision.inference.select import Named
    from condavision.inference.workspace import Workspace
    from condavision.locks.diff import diff_rows

    workspace = Workspace(options.as_flags(**settings))  # type: ignore[arg-type]
    named = Named(paths or (() if modules else (options.project_folder(workspace),)), modules)
    renewal, progress = Renewal(everything=True), choose_progress(quiet=quiet)
    report = lock(named, workspace, renewal=renewal, progress=progress, dry_run=True)
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
