"""The commands of the exec stage: they install environments and run scripts in them."""

from __future__ import annotations

from pathlib import Path

import click

from condavision.cli.options import (
    json_option,
    locks_option,
    quiet_option,
    script_argument,
    vendored_option,
)
from condavision.reading import Flags

__all__ = ["install", "path", "run"]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@locks_option()
@vendored_option()
@quiet_option()
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


@click.command()
@click.argument("scripts", nargs=-1, required=True, metavar="SCRIPT|HASH...")
@click.option(
    *("--launcher", "launchers"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a small sh launcher for each script into DIR.",
)
@locks_option()
@vendored_option()
@quiet_option()
@json_option()
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


@click.command()
@script_argument()
@locks_option()
@click.option("--python", is_flag=True, help="Print the interpreter instead of the prefix.")
@quiet_option()
@json_option()
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
