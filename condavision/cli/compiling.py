"""The commands of the compile stage: they read scripts and write or compare locks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from condavision.cli.options import (
    as_flags,
    flag_options,
    json_option,
    locks_option,
    quiet_option,
    script_argument,
    scripts_argument,
    term_options,
)
from condavision.reading import Flags

__all__ = ["check", "diff", "explain", "lock"]


@click.command()
@scripts_argument()
@flag_options
@term_options
@click.option("--upgrade", is_flag=True, help="Forget the locked versions and solve again.")
@click.option(
    *("--upgrade-package", "upgrades"),
    multiple=True,
    metavar="NAME",
    help="Let this package move, keep the others; repeatable.",
)
@click.option(
    *("--from", "source"),
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the versions of an environment.yml, conda-lock.yml or pixi.lock where possible.",
)
@click.option("--prune", is_flag=True, help="Remove locks that no script uses any more.")
@quiet_option()
@json_option()
def lock(
    paths: tuple[Path, ...],
    upgrade: bool,
    upgrades: tuple[str, ...],
    source: Path | None,
    prune: bool,
    quiet: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Read scripts, solve what they require, write lock files.

    PATHS are scripts or folders of scripts. A valid lock is not solved again; scripts with equal
    requirements share one. Where requirements have changed, the versions locked before are kept
    where they can be.
    """
    from condavision.compile_stage import Renewal, lock_scripts
    from condavision.lock_progress import choose_lock_progress
    from condavision.mapping.import_map import ImportMap
    from condavision.pruning import offer_to_prune
    from condavision.report import (
        failed_json,
        locked_script,
        print_changes,
        print_failures,
        print_json,
        print_table,
        print_unkept,
        summary,
    )
    from condavision.selection import select_scripts
    from condavision.subdir import current_subdir

    agreement = None
    if source is not None:
        from condavision.agreed import read_agreement

        agreement = read_agreement(source)
    report = lock_scripts(
        select_scripts(paths),
        as_flags(**flags),
        ImportMap.bundled(),
        renewal=Renewal(upgrade, frozenset(upgrades), agreement),
        progress=choose_lock_progress(quiet=quiet),
    )
    platform = current_subdir()
    if as_json:
        made = [locked_script(locked, platform, agreement) for locked in report.locked]
        print_json([*made, *failed_json(report.failed)])
    elif report.locked:
        rows = [summary(locked, platform) for locked in report.locked]
        print_table(("script", "python", "packages", "lock", ""), rows)
        print_changes(report.locked)
        print_unkept(report.locked, agreement)
    print_failures(report.failed)
    offer_to_prune(report, everything=prune, ask=click.confirm, say=partial(click.echo, err=True))
    return report.code


@click.command()
@click.argument("before")
@click.argument("after")
@locks_option()
@click.option("--markdown", is_flag=True, help="Print a table for a pull request.")
@json_option()
def diff(before: str, after: str, locks: Path | None, markdown: bool, as_json: bool) -> None:
    """Show which packages differ between two locks, and on which platforms.

    BEFORE and AFTER are lock files, their hashes, or scripts; in git, as REVISION:SCRIPT.
    """
    from condavision.lock_diff import compare, diff_json, diff_markdown, diff_rows
    from condavision.lock_naming import named_lock
    from condavision.report import print_json, print_table

    changes = compare(named_lock(before, locks), named_lock(after, locks))
    if as_json:
        print_json(diff_json(changes))
    elif markdown:
        click.echo(diff_markdown(changes), nl=False)
    elif changes:
        print_table(("package", "before", "after", "platforms"), diff_rows(changes))
    else:
        click.echo("no package differs")


@click.command()
@scripts_argument()
@flag_options
@json_option()
def check(
    paths: tuple[Path, ...],
    channels: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    as_json: bool,
) -> int:
    """Say whether the locks of scripts are there and still fit; solves and installs nothing."""
    from condavision.checking import check_scripts
    from condavision.report import print_json, print_table
    from condavision.selection import select_scripts

    report = check_scripts(select_scripts(paths), Flags(channels, platforms, locks))
    if as_json:
        print_json([checked.as_json() for checked in report.checked])
    else:
        rows = [checked.row() for checked in report.checked]
        print_table(("script", "lock", "state", "what to know"), rows)
    return report.code


@click.command()
@script_argument()
@flag_options
@json_option()
def explain(
    script: Path,
    channels: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    as_json: bool,
) -> None:
    """Show each import, the package that supplies it and why, and what narrows the Pythons.

    Works offline and without a lock.
    """
    from condavision.checking import explain_script
    from condavision.report import print_explanation, print_json

    explanation = explain_script(script, Flags(channels, platforms, locks))
    if as_json:
        print_json(explanation)
    else:
        print_explanation(explanation)
