"""The commands; each reads as a table of contents of what it does and holds no logic of its own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from condavision import __version__
from condavision.errors import CondavisionError
from condavision.reading import Flags
from condavision.terms import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_EXPORT_FORMATS = ("explicit", "environment", "requirements", "pylock", "dockerfile")

_script = partial(click.argument, "script", type=click.Path(path_type=Path))
_scripts = partial(
    click.argument, "paths", nargs=-1, required=True, type=click.Path(path_type=Path)
)
_json = partial(click.option, "--json", "as_json", is_flag=True, help="Print JSON.")
_quiet = partial(click.option, "-q", "--quiet", is_flag=True, help="Show no progress.")


def _flags(command: _Command) -> _Command:
    """Give a command the options that win over scripts and configuration."""
    options = (
        click.option(
            *("-c", "--channel", "channels"),
            multiple=True,
            help="Channel: a name, URL, folder or `interpreters:`; in order, repeatable.",
        ),
        click.option(
            *("--platform", "platforms"), multiple=True, help="Platform to lock for; repeatable."
        ),
        _locks(),
    )
    for option in reversed(options):
        command = option(command)
    return command


_locks = partial(
    click.option,
    "--locks",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the lock files (default: `locks` in the project root).",
)

_vendored = partial(
    click.option,
    "--vendored",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take every artefact from this folder, which `vendor` filled; needs no network.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="condavision")
def _group() -> None:
    """Give Python scripts the conda environments they need, without declaring anything.

    \b
      condavision lock report.py            read, solve once, write lock files to commit
      condavision run report.py --month 5   run from the lock; never solves
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace


def _require_cutoff(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    from condavision.terms import cutoff

    try:
        cutoff(text, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is not {error}") from error
    return text


def _terms(command: _Command) -> _Command:
    """Give ``lock`` the options for the conditions of a solve; each is a setting too."""
    options = (
        click.option(
            "--exclude-newer",
            metavar="DATE|AGE",
            callback=_require_cutoff,
            help="Take nothing newer: 7d, 2026-01-31.",
        ),
        click.option("--engine", type=click.Choice(ENGINES), help="Who solves for conda packages."),
        click.option(
            "--conda", metavar="EXE", help="The conda, mamba or micromamba that conda-lock drives."
        ),
        click.option("--offline", is_flag=True, help="Solve from what is cached; no network."),
        click.option("--allow-sdist", is_flag=True, help="Take source distributions from PyPI."),
        click.option(
            "--allow-unverified", is_flag=True, help="Take unknown imports' own names on PyPI."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _as_flags(
    channels: tuple[str, ...], platforms: tuple[str, ...], locks: Path | None, **terms: Any
) -> Flags:
    given = sorted((name, value) for name, value in terms.items() if value)
    return Flags(channels, platforms, locks, settings=tuple(given))


@_group.command()
@_scripts()
@_flags
@_terms
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
@_quiet()
@_json()
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
        locked_script,
        print_changes,
        print_error,
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
        _as_flags(**flags),
        ImportMap.bundled(),
        renewal=Renewal(upgrade, frozenset(upgrades), agreement),
        progress=choose_lock_progress(quiet=quiet),
    )
    platform = current_subdir()
    if as_json:
        print_json([locked_script(locked, platform, agreement) for locked in report.locked])
    elif report.locked:
        rows = [summary(locked, platform) for locked in report.locked]
        print_table(("script", "python", "packages", "lock", ""), rows)
        print_changes(report.locked)
        print_unkept(report.locked, agreement)
    for error in report.errors:
        print_error(error)
    offer_to_prune(report, everything=prune, ask=click.confirm, say=partial(click.echo, err=True))
    return report.code


@_group.command()
@click.argument("before")
@click.argument("after")
@_locks()
@click.option("--markdown", is_flag=True, help="Print a table for a pull request.")
@_json()
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


@_group.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_locks()
@_vendored()
@_quiet()
@click.argument("script")  # as it was typed: Path would make -x.py of ./-x.py
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def run(
    script: str, args: tuple[str, ...], locks: Path | None, vendored: Path | None, quiet: bool
) -> int:
    """Run a locked script in its environment, with its ARGS.

    The environment is installed first where it is not there yet. Nothing is solved. The exit code
    is the script's own.
    """
    from condavision.exec_stage import run_script
    from condavision.progress import choose_progress

    flags = Flags(locks=locks, vendored=vendored)
    return run_script(script, args, flags, choose_progress(quiet=quiet))


@_group.command()
@_scripts()
@_flags
@_json()
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


@_group.command()
@_script()
@_flags
@_json()
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


@_group.command()
@click.argument("scripts", nargs=-1, required=True, metavar="SCRIPT|HASH...")
@click.option(
    *("--launcher", "launchers"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a small sh launcher for each script into DIR.",
)
@_locks()
@_vendored()
@_quiet()
@_json()
def install(
    scripts: tuple[str, ...],
    launchers: Path | None,
    locks: Path | None,
    vendored: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Install the environments of scripts or lock hashes ahead of time.

    A launcher starts its script without any Python of ours, as long as no file it was made from
    is newer (best effort: by modification time); otherwise it leaves it to `condavision run`.
    """
    from condavision.exec_stage import install_launcher, install_named
    from condavision.locating import is_hash
    from condavision.progress import choose_progress
    from condavision.report import print_json

    progress = choose_progress(quiet=quiet)
    flags = Flags(locks=locks, vendored=vendored)
    made: list[dict[str, str]] = []
    for name in scripts:
        made.append({"name": name, "prefix": str(install_named(name, flags, progress).prefix)})
        if launchers is not None and not is_hash(name):
            launcher = install_launcher(Path(name), launchers, flags, progress)
            made[-1]["launcher"] = str(launcher)
    if as_json:
        print_json(made)
    else:
        for one in made:
            click.echo(one.get("launcher", one["prefix"]))


@_group.command()
@_script()
@_locks()
@click.option("--python", is_flag=True, help="Print the interpreter instead of the prefix.")
@_quiet()
@_json()
def path(script: Path, locks: Path | None, python: bool, quiet: bool, as_json: bool) -> None:
    """Print where a script's environment is, for IDEs, systemd or a web server.

    The environment is installed first where it is not there yet.
    """
    from condavision.exec_stage import install_named
    from condavision.progress import choose_progress
    from condavision.report import print_json

    installed = install_named(str(script), Flags(locks=locks), choose_progress(quiet=quiet))
    if as_json:
        print_json({"prefix": str(installed.prefix), "python": str(installed.python)})
    else:
        click.echo(installed.python if python else installed.prefix)


@_group.command()
@click.argument("name", metavar="SCRIPT|HASH")
@click.option("--format", "form", required=True, type=click.Choice(_EXPORT_FORMATS))
@click.option("--platform", help="Platform to export (default: this machine's).")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File.")
@_locks()
def export(
    name: str, form: str, platform: str | None, output: Path | None, locks: Path | None
) -> None:
    """Write a lock in a format that another tool installs from; one platform at a time.

    explicit (conda, mamba, pixi) and environment (environment.yml, every package pinned);
    requirements and pylock (pip, uv) where all packages but Python come from PyPI; dockerfile (an
    image that runs the script).
    """
    from condavision.exporting import export_named
    from condavision.files import write_atomic

    text = export_named(name, form, platform, Flags(locks=locks), output)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomic(output, text)


@_group.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="[SCRIPT|HASH...]")
@click.option(
    "--platform", "platforms", multiple=True, help="Platform (default: all locked); repeatable."
)
@_locks()
@_quiet()
@_json()
def vendor(
    folder: Path,
    names: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Copy every artefact of locks into DIR, so that `run --vendored DIR` needs no network.

    Of all locks of the project where none is named. What is there and intact stays; what is
    missing or damaged is fetched.
    """
    from condavision.locating import find_locks
    from condavision.progress import choose_progress
    from condavision.report import print_json
    from condavision.vendoring import vendor as fill

    found = find_locks(names, Flags(locks=locks))
    vendored = fill(folder, found, platforms, choose_progress(quiet=quiet))
    if as_json:
        print_json(vendored.as_json())
    else:
        click.echo(vendored.summary())


@_group.command("list")
@_json()
def list_(as_json: bool) -> None:
    """List the environments in the cache: size, age, last use, scripts."""
    from condavision.config import home
    from condavision.prefixes import list_environments
    from condavision.report import environment_json, environment_row, print_json, print_table

    environments = list_environments(home())
    if as_json:
        print_json([environment_json(one) for one in environments])
    else:
        headings = ("environment", "python", "size", "last used", "scripts", "prefix")
        print_table(headings, [environment_row(one) for one in environments])


@_group.command()
@click.argument("keys", nargs=-1, metavar="[ENVIRONMENT|HASH...]")
@click.option("--all", "everything", is_flag=True, help="Remove every environment.")
@click.option("--unused-for", "days", type=click.FloatRange(min=0), metavar="DAYS", help="Age.")
@click.option("--keep", "megabytes", type=click.FloatRange(min=0), metavar="MB", help="Budget.")
@click.option("--unreferenced", is_flag=True, help="Remove those whose scripts are all gone.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, remove nothing.")
@_json()
def clean(
    keys: tuple[str, ...],
    everything: bool,
    days: float | None,
    megabytes: float | None,
    unreferenced: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove environments: named ones, all, those unused for some days, or down to a size.

    A removed environment is built again from its lock by the next run that wants it.
    """
    from condavision.cleaning import Selection, clean_environments
    from condavision.config import home
    from condavision.report import environment_json, environment_row, print_json, print_table

    selection = Selection(keys, everything, days, megabytes, unreferenced)
    removed = clean_environments(home(), selection, dry_run=dry_run)
    if as_json:
        print_json([environment_json(one) for one in removed])
    elif removed:
        headings = ("would remove" if dry_run else "removed", "python", "size", "last used")
        print_table(headings, [environment_row(one)[:4] for one in removed])
    else:
        click.echo("nothing to remove")


@_group.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@_json()
def init(folder: Path, as_json: bool) -> None:
    """Give a repository the noxfile and Makefile of the two stages; overwrite nothing."""
    from condavision.report import print_json, print_table
    from condavision.scaffold import scaffold

    placed = scaffold(folder)
    if as_json:
        print_json([{"path": str(file.path), "state": file.state} for file in placed])
    else:
        print_table(("file", ""), [(str(file.path), file.state) for file in placed])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are printed, never raised."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _group.main(arguments, prog_name="condavision", standalone_mode=False)
    except CondavisionError as error:
        from condavision.report import print_error, print_json

        print_error(error)
        if "--json" in arguments:
            print_json({"error": error.message, "hints": error.hints, "code": error.code})
        return error.code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    return code if isinstance(code, int) else 0
