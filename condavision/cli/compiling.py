"""The commands of the compile stage: they read scripts and write or compare locks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.cli import options
from condavision.cli.command import command
from condavision.cli.headings import Headed

if TYPE_CHECKING:
    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.recording import LockingReport
    from condavision.compile_stage.renewal import Renewal


@click.command(
    cls=Headed,
    headings={
        "What is locked": ("modules", "together", "apart", "prune"),
        "What it is solved for": ("channels", "platforms", "python", "engine", "conda"),
        "Which versions": ("upgrade", "upgrades", "source", "exclude_newer"),
        "What is trusted": ("accept", "allow_unverified", "allow_sdist", "prove"),
    },
)
@options.scripts_argument(metavar="PATHS...")
@options.modules_option()
@click.option(
    "--together",
    multiple=True,
    metavar="FOLDER",
    type=options.FOLDER,
    help="Lock all scripts of this folder together, in one environment; repeatable.",
)
@click.option(
    "--apart",
    multiple=True,
    metavar="FOLDER",
    type=options.FOLDER,
    help="Undo --together: lock each script of this folder separately; repeatable.",
)
@options.flag_options
@options.solve_options
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Accept this PyPI distribution, which nobody has reviewed for the import that needs it,"
    " and record it in `locks/accepted.yml`; repeatable.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Follow imports into the files of the locked packages, solve again where one would fail,"
    " and record in the lock that all of them run.",
)
@click.option("--upgrade", is_flag=True, help="Ignore the locked versions and solve again.")
@click.option(
    *("--upgrade-package", "upgrades"),
    multiple=True,
    metavar="NAME",
    help="Upgrade only this package; repeatable.",
)
@click.option(
    *("--from", "source"),
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the versions of a requirements.txt, environment.yml, conda-lock.yml or pixi.lock.",
)
@click.option("--dry-run", is_flag=True, help="Solve, and show the result; write nothing.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove locks that no script uses; without PATHS, of the current project.",
)
@options.json_option()
def lock(
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    together: tuple[Path, ...],
    apart: tuple[Path, ...],
    prune: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Read scripts, solve their requirements and write lock files.

    \b
      condavision lock report.py
      condavision lock scripts/ --platform linux-64 --platform osx-arm64
      condavision lock --upgrade-package numpy report.py

    PATHS are scripts or folders of scripts. A valid lock is not solved again; scripts with equal
    requirements share one. When requirements change, the locked versions are kept where possible.
    Scripts locked `--together` stay together when their folder is locked, until `--apart`; a
    script given by its own path gets its own lock, and leaves those of its folder.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    from condavision.cli import pruning
    from condavision.cli.output import print_diagnostics
    from condavision.cli.progress import choose_progress
    from condavision.compile_stage.stage import lock as lock_named
    from condavision.inference.select import Named
    from condavision.inference.workspace import Workspace
    from condavision.inspection.interpreters import former_interpreters
    from condavision.system.cache_dir import home

    renewal = _renewal(*(settings.pop(name) for name in ("upgrade", "upgrades", "source")))
    accept, dry_run = settings.pop("accept"), settings.pop("dry_run")
    workspace = Workspace(replace(options.as_flags(**settings), accept=accept))
    if prune and not (together or apart):
        paths = options.given_or_project(paths, modules, workspace)
    report = lock_named(
        Named(paths, modules, together, apart),
        workspace,
        renewal=renewal,
        progress=choose_progress(),
        gone=prune,
        dry_run=dry_run,
    )
    print_diagnostics([*report.skipped, *([report.separate] if report.separate else [])])
    asked = workspace.flags.solve.python is not None
    _print_locked(report, renewal.agreement, python_asked=asked, as_json=as_json)
    if not dry_run:
        print_diagnostics(former_interpreters(report.locked, home()))
    if prune:
        pruning.prune(report, paths, workspace)
    else:
        pruning.offer_to_prune(report, workspace)
    return report.code


def _print_locked(
    report: LockingReport, agreement: Agreement | None, *, python_asked: bool, as_json: bool
) -> None:
    from condavision.cli import lock_output
    from condavision.cli.naming import target_names
    from condavision.cli.output import print_diagnostics, print_failures, print_json
    from condavision.cli.tables import print_table
    from condavision.cli.verbosity import is_quiet
    from condavision.core.platforms import current_subdir

    platform = current_subdir()
    if as_json:
        from condavision.cli.json_output import failed_json, locked_script_json

        made = [
            locked_script_json(locked, platform, agreement, dry_run=report.dry_run)
            for locked in report.locked
        ]
        print_json([*made, *failed_json(report.failed)])
    elif report.locked:
        projects = [locked.inference.project for locked in report.locked]
        names = target_names(projects)
        by_lock = {
            path: lock_output.lock_row(locked, platform, dry_run=report.dry_run)
            for path, locked in {it.path: it for it in report.locked}.items()
        }
        rows = [
            (name, *by_lock[locked.path])
            for name, locked in zip(names, report.locked, strict=True)
            if locked.written or not is_quiet()
        ]
        if rows:
            print_table(("script", "python", "packages", "lock", ""), rows)
        lock_output.print_changes(dict(zip(names, report.locked, strict=True)))
        lock_output.print_unkept(report.locked, agreement)
        lock_output.print_optional(report.locked)
        lock_output.print_lacking_extra(report.locked)
        if python_asked and not report.dry_run:
            lock_output.print_kept_python()
        lock_output.print_projects(projects)
    print_diagnostics([report.programs] if report.programs else [])
    print_failures(report.failed)
    lock_output.print_count(report)


def _renewal(upgrade: bool, upgrades: tuple[str, ...], source: Path | None) -> Renewal:
    from condavision.compile_stage.renewal import Renewal

    if source is None:
        return Renewal(upgrade, frozenset(upgrades))
    from condavision.compile_stage.preferred_versions import read_agreement

    return Renewal(upgrade, frozenset(upgrades), read_agreement(source))


@command()
@options.names_argument(metavar="BEFORE AFTER")
@options.modules_option()
@options.locks_option()
@click.option("--markdown", is_flag=True, help="Print a table for a pull request.")
@options.json_option()
def diff(
    names: tuple[str, ...],
    modules: tuple[str, ...],
    locks: Path | None,
    markdown: bool,
    as_json: bool,
) -> None:
    """Show which packages differ between two locks, by platform.

    BEFORE and AFTER are lock files, hashes or scripts; REVISION:SCRIPT is a script's lock in git.
    Modules (-m) follow the other names; with one module, REVISION: is that module's lock in git.
    """
    from condavision.cli.output import print_json, say
    from condavision.cli.tables import print_table
    from condavision.inference.references import named_pair
    from condavision.inference.workspace import Workspace
    from condavision.locks.diff import compare, diff_json, diff_markdown, diff_rows
    from condavision.project.config import Flags
    from condavision.project.targets import Module

    here, workspace = Path.cwd(), Workspace(Flags(locks=locks))
    before, after = named_pair(names, [Module(module, here) for module in modules], workspace)
    changes = compare(before, after)
    if as_json:
        print_json(diff_json(changes))
    elif markdown:
        say(diff_markdown(changes).rstrip("\n"))
    elif changes:
        print_table(("package", "before", "after", "platforms"), diff_rows(changes))
    else:
        say("no package differs")


@command()
@options.scripts_argument()
@options.modules_option()
@click.option(
    "--declared",
    is_flag=True,
    help="Report whether what scripts declare covers what they import.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there is a caution.")
@partial(options.flag_options, purpose="that a lock must be for")
@options.json_option()
def check(
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    declared: bool,
    strict: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Report whether scripts have locks that still fit.

    Without PATHS, those of the current project. Solves and installs nothing. With `--declared` the
    exit code is 1 if a script imports what it does not declare, unless it declares nothing; no lock
    is needed. With `--strict` it is 1 also for what is otherwise a caution: a program in a package
    that has no lock, a file that was skipped, a likely mistake in the notes of a script.
    """
    from condavision.cli.check_output import (
        checked_rows,
        print_check_count,
        print_why_missing,
        strict_code,
    )
    from condavision.cli.declaring import check_declared
    from condavision.cli.lock_output import print_projects
    from condavision.cli.naming import target_names
    from condavision.cli.output import print_diagnostics, print_json
    from condavision.cli.tables import print_table
    from condavision.cli.verbosity import is_quiet
    from condavision.inference.select import Named, select_targets
    from condavision.inference.workspace import Workspace
    from condavision.inspection.check import LockState, check_selected
    from condavision.project.config import Flags

    workspace = Workspace(Flags(**flags))
    paths = options.given_or_project(paths, modules, workspace)
    selection = select_targets(Named(paths, modules), workspace)
    print_diagnostics(selection.skipped)
    if declared:
        code = check_declared(selection.targets, workspace, as_json=as_json)
        return strict_code(code, selection.skipped) if strict else code
    report = check_selected(selection, workspace)
    if as_json:
        from condavision.cli.json_output import checked_json

        print_json([checked_json(checked) for checked in report.checked])
    else:
        projects = [workspace.valid_project(it) for it in selection.targets]
        names = target_names(
            [one or it for one, it in zip(projects, selection.targets, strict=True)]
        )
        rows = checked_rows(names, report.checked)
        shown = [row for row in rows if not is_quiet() or row[2:] != (LockState.OK, "")]
        if shown:
            print_table(("script", "lock", "state", "notes"), shown)
        print_projects(projects)
    print_diagnostics(report.unchecked)
    if not as_json:
        print_why_missing(report)
        print_check_count(report)
    return strict_code(report.code, report.cautions) if strict else report.code


@command()
@options.script_argument(metavar="{SCRIPT|-m MODULE|--together FOLDER}")
@options.module_option()
@click.option(
    "--together",
    metavar="FOLDER",
    type=options.FOLDER,
    help="Explain all scripts of a folder as one.",
)
@partial(options.flag_options, purpose="to explain for")
@options.json_option()
def explain(
    script: Path | None,
    module: str | None,
    together: Path | None,
    channels: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    as_json: bool,
) -> None:
    """Show each import, the package that supplies it, and why.

    Also shows what limits the Python range. Works offline and without a lock.
    """
    from condavision.cli.inspection_output import print_explanation
    from condavision.cli.json_output import explanation_json
    from condavision.cli.output import print_json
    from condavision.inference.workspace import Workspace
    from condavision.inspection.check import explain_target
    from condavision.project.config import Flags
    from condavision.project.targets import one_target

    target = one_target(script, module, together)
    explanation = explain_target(target, Workspace(Flags(channels, platforms, locks)))
    if as_json:
        print_json(explanation_json(explanation))
    else:
        print_explanation(explanation)
