"""The options and arguments that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from condavision.cli.completion import complete_names
from condavision.core.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.pythons import PythonRange
    from condavision.inference.select import Named
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import Target

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_Name = TypeVar("_Name", bound="str | Path")


class _Named(click.ParamType[str | Path]):
    """A name or path; an empty one, as from an unset shell variable, is refused."""

    name = "text"

    def __init__(self, *, path: bool = False) -> None:
        self.path = path

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | Path:
        if not value:
            self.fail("must not be empty", param, ctx)
        return Path(value) if self.path else str(value)


named = _Named()
named_path = _Named(path=True)

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

script_argument = partial(
    click.argument,
    "script",
    required=False,
    type=named_path,
    shell_complete=complete_names,
)
name_argument = partial(
    click.argument, "name", required=False, type=named, shell_complete=complete_names
)
names_argument = partial(
    click.argument, "names", nargs=-1, type=named, shell_complete=complete_names
)
scripts_argument = partial(
    click.argument,
    "paths",
    nargs=-1,
    metavar="[PATHS]...",
    type=named_path,
    shell_complete=complete_names,
)
module_option = partial(
    click.option,
    *("-m", "module"),
    metavar="MODULE",
    type=named,
    help="A module, found from the current folder as by `python -m`.",
)
modules_option = partial(
    click.option,
    *("-m", "modules"),
    multiple=True,
    metavar="MODULE",
    type=named,
    help="A module, found from the current folder as by `python -m`; repeatable.",
)
json_option = partial(click.option, "--json", "as_json", is_flag=True, help="Print JSON.")
lock_first_option = partial(
    click.option, "--lock", "lock_first", is_flag=True, help="Lock it first, if no lock fits."
)
additions_option = partial(
    click.option,
    *("--with", "additions"),
    multiple=True,
    metavar="PACKAGE",
    type=named,
    help="Add a PyPI requirement, or `conda:` and a match spec, for this run alone; repeatable.",
)


def flag_options(command: _Command, purpose: str = "to lock for") -> _Command:
    """Add the options that override scripts and configuration.

    ``purpose`` is what the command does with a platform.
    """
    options = (
        click.option(
            *("-c", "--channel", "channels"),
            multiple=True,
            metavar="CHANNEL",
            type=named,
            help="Channel: a name, URL, folder or `interpreters:`; repeatable, by priority.",
        ),
        click.option(
            *("--platform", "platforms"),
            multiple=True,
            metavar="PLATFORM",
            help=f"Platform {purpose} (default: those configured and this machine's); repeatable.",
        ),
        locks_option(),
    )
    for option in reversed(options):
        command = option(command)
    return command


locks_option = partial(
    click.option,
    "--locks",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the lock files (default: `locks` in the project root).",
)

vendored_option = partial(
    click.option,
    "--vendored",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Take all packages from this folder, filled by `vendor`; needs no network.",
)

cluster_option = partial(
    click.option,
    "--cluster",
    default="",
    metavar="ADDRESS",
    help="Run on the workers of a Dask scheduler (tcp://HOST:8786), or start some: slurm:JOBS,"
    " ssh:HOST,HOST.",
)

ship_limit_option = partial(
    click.option,
    "--ship-limit",
    type=click.IntRange(1),
    default=100,
    metavar="MB",
    callback=lambda _, __, megabytes: megabytes * 1_000_000,
    help="Limit of the files sent with a task, each way (default: 100).",
)


def _read_cutoff(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    from condavision.project.solve_options import cutoff

    try:
        return cutoff(text, datetime.now(UTC))
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is not {error}") from error


def _read_python(_: click.Context, __: click.Parameter, text: str | None) -> PythonRange | None:
    if text is None:
        return None
    from packaging.specifiers import InvalidSpecifier

    from condavision.core.pythons import PythonRange

    plain = text.strip().removesuffix(".*")
    is_version = plain.replace(".", "").isdigit()
    try:
        found = PythonRange.from_specifier(f"=={plain}.*" if is_version else text or "empty")
    except InvalidSpecifier:
        found = PythonRange.of(())
    if not found:
        raise click.BadParameter(f"`{text}` is no version of Python, or range of versions")
    return found


def solve_options(command: _Command) -> _Command:
    """Add the options of a solve.

    Each but ``--python``, ``--conda`` and ``--offline`` is a setting too.
    """
    options = (
        click.option(
            "--exclude-newer",
            metavar="DATE|AGE",
            callback=_read_cutoff,
            help="Use no package newer than this: 7d, 2026-01-31.",
        ),
        click.option(
            "--engine",
            type=click.Choice([*map(str, Engine)]),
            callback=lambda _, __, name: name and Engine(name),
            help="Solver for conda packages.",
        ),
        click.option(
            "--conda", metavar="EXE", help="The conda, mamba or micromamba that conda-lock uses."
        ),
        click.option(
            "--python",
            metavar="VERSION",
            callback=_read_python,
            help="Use this Python where a script can run on it, and keep it until --upgrade: 3.11,"
            " '>=3.10,<3.13'.",
        ),
        click.option("--offline", is_flag=True, help="Solve from cached data, without network."),
        click.option("--allow-sdist", is_flag=True, help="Allow source distributions from PyPI."),
        click.option(
            "--allow-unverified",
            is_flag=True,
            help="Install an import that no map knows from PyPI under its own name, which anybody"
            " may have registered.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def as_name(name: str | None, module: str | None) -> str | Target:
    """Return the script or hash that was given, or the module, found from the current folder.

    Raises:
        UsageError: neither was given, or both were.
    """
    if (name is None) == (module is None):
        raise click.UsageError("Give exactly one: a script, a lock's hash or -m MODULE.")
    from condavision.project.targets import Module

    return name if module is None else Module(module, Path.cwd())  # type: ignore[return-value]


def given_or_project(
    names: tuple[_Name, ...], modules: tuple[str, ...], workspace: Workspace
) -> tuple[_Name | Path, ...]:
    """Return the given names; the current project's root if no module is given either."""
    from condavision.project.targets import near

    return names if names or modules else (near(workspace.config().root),)


def named_or_project(
    workspace: Workspace,
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    together: tuple[Path, ...],
) -> Named:
    """Return what is given; the current project's root if nothing is."""
    from condavision.inference.select import Named

    if not together:
        paths = given_or_project(paths, modules, workspace)
    return Named(paths, modules, together)


def as_flags(
    channels: tuple[str, ...], platforms: tuple[str, ...], locks: Path | None, **options: Any
) -> Flags:
    """Return the options as flags; ``options`` are those of :func:`solve_options`."""
    from condavision.project.config import Flags
    from condavision.project.solve_options import SolveOptions

    return Flags(channels, platforms, locks, solve=SolveOptions(**options))
