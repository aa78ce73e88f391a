"""The command line: its commands, and how errors become exit codes."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from condavision import __version__
from condavision.cli.compiling import check, diff, explain, lock
from condavision.cli.completion import complete, completion
from condavision.cli.declaring import annotate
from condavision.cli.exec_command import exec_
from condavision.cli.executing import install, path, run
from condavision.cli.filling import remember_arguments
from condavision.cli.handing_over import export, init, vendor, vscode
from condavision.cli.inspecting import outdated, tree, why
from condavision.cli.map_command import map_
from condavision.cli.notebooks import kernel
from condavision.cli.picturing import graph, report
from condavision.cli.serving import serve
from condavision.cli.stages import (
    Stage,
    Stages,
    change_folder,
    explained,
    show_colors,
)
from condavision.cli.upkeep import clean, doctor, list_
from condavision.cli.verbosity import add_verbosity
from condavision.errors import CondavisionError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


@click.group(cls=Stages, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    *("-C", "folder"),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    is_eager=True,
    expose_value=False,
    callback=change_folder,
    help="Run in this folder.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    expose_value=False,
    callback=show_colors,
    help="Whether output is in color (default: on terminals).",
)
@click.version_option(
    __version__, "-V", "--version", prog_name="condavision", message="%(prog)s %(version)s"
)
def group() -> None:
    """Give Python scripts the conda environments they need; nothing to declare.

    \b
      condavision lock report.py            read, solve once, write lock files to commit
      condavision run report.py --month 5   run from the lock; never solves
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace


group.show(
    (
        Stage(
            "Compile stage (scripts to lock files to commit)",
            (
                (lock, "report.py"),
                (check, "scripts/"),
                (explain, "report.py"),
                (tree, "report.py"),
                (why, "numpy"),
                (outdated, "scripts/"),
                (graph, "-o scripts.svg"),
                (report, "-o report.html"),
                (diff, "HEAD~1:report.py report.py"),
                (annotate, "--diff report.py"),
            ),
        ),
        Stage(
            "Exec stage (lock files to running scripts)",
            (
                (run, "report.py --month 5"),
                (exec_, "report.py -- pytest"),
                (kernel, "study.ipynb"),
                (install, "scripts/"),
                (path, "--python report.py"),
                (serve, "scripts/"),
                (map_, "report.py months.jsonl -o results/"),
            ),
        ),
        Stage(
            "For other tools and machines",
            (
                (init, "--ci github"),
                (export, "--format pylock report.py"),
                (vendor, "packages/ report.py"),
                (vscode, "report.py"),
            ),
        ),
        Stage(
            "Upkeep of this machine",
            (
                (list_, "--json"),
                (clean, "--unused-for 30"),
                (doctor, ""),
                (completion, "bash"),
            ),
        ),
    )
)
add_verbosity((group, *group.commands.values()))


def _fail(error: CondavisionError, *, as_json: bool) -> int:
    from condavision.cli.json_output import error_json
    from condavision.cli.output import print_error, print_json

    print_error(error)
    if as_json and not isinstance(error, OutputError):
        print_json(error_json(error))
    return error.code


def _command(arguments: list[str]) -> str | None:
    return next((it for it in arguments if it in group.commands), None)


def _is_json(arguments: list[str]) -> bool:
    """Return whether JSON is wanted, also where the rest cannot be parsed."""
    command = _command(arguments)
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in own and command not in {"run", "exec", "serve"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are printed, never raised."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    answered = complete(group)
    if answered is not None:
        return answered
    with ExitStack() as stack:  # errors are printed in the context of the command
        return _main(arguments or ["--help"], stack)


def _main(arguments: list[str], stack: ExitStack) -> int:
    as_json = _is_json(arguments)
    try:
        context = stack.enter_context(group.make_context("condavision", [*arguments]))
        remember_arguments(context, arguments)
        code = group.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except CondavisionError as error:
        return _fail(error, as_json=as_json)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in {"", "condavision"}:
            raise
        return _fail(
            CondavisionError(
                f"condavision's own installation lacks the package {package}",
                "install condavision again: pip install --force-reinstall condavision",
            ),
            as_json=as_json,
        )
    except MemoryError:
        return _fail(
            CondavisionError("there is not enough memory", "allow more: see `ulimit -v`"),
            as_json=as_json,
        )
    except BrokenPipeError:
        raise  # the reader closed the pipe; `entry` ends with the code for that
    except OSError as error:
        place, where = "", "the project's locks folder and CONDAVISION_HOME"
        if isinstance(error.filename, str):
            place, where = f"{error.filename}: ", str(Path(error.filename).parent)
        hint = f"check the permissions and the free space of {where}"
        failed = CondavisionError(f"{place}{error.strerror or error}", hint)
        return _fail(failed, as_json=as_json)
    except click.ClickException as error:
        return _fail(explained(error, _command(arguments), arguments), as_json=as_json)
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    return code if isinstance(code, int) else 0
