"""The command line: its commands, and how errors become exit codes."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import click

from condavision import __version__
from condavision.cli.compiling import check, diff, explain, lock
from condavision.cli.executing import install, path, run
from condavision.cli.handing_over import export, init, vendor
from condavision.cli.upkeep import clean, doctor, list_
from condavision.cli.verbosity import add_verbose_option
from condavision.errors import CondavisionError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="condavision")
def _group() -> None:
    """Give Python scripts the conda environments they need; nothing to declare.

    \b
      condavision lock report.py            read, solve once, write lock files to commit
      condavision run report.py --month 5   run from the lock; never solves
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace


_COMMANDS = (
    *(lock, run, check, explain, diff),
    *(install, path, list_, clean, doctor),
    *(export, vendor, init),
)
add_verbose_option(_COMMANDS)
for _command in _COMMANDS:
    _group.add_command(_command)


def _fail(error: CondavisionError, *, as_json: bool = False) -> int:
    from condavision.cli.json_output import error_json
    from condavision.cli.output import print_error, print_json

    print_error(error)
    if as_json and not isinstance(error, OutputError):
        print_json(error_json(error))
    return error.code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are printed, never raised."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in arguments and arguments[0] != "run"
    try:
        code = _group.main(arguments, prog_name="condavision", standalone_mode=False)
        sys.stdout.flush()
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
        place = f"{error.filename}: " if error.filename else ""
        return _fail(
            CondavisionError(
                f"{place}{error.strerror or error}",
                "check that the project's locks folder and CONDAVISION_HOME are writable",
            ),
            as_json=as_json,
        )
    except click.ClickException as error:
        from condavision.system.terminal import shown

        text = io.StringIO()
        error.show(text)
        sys.stderr.write(shown(text.getvalue()))
        if as_json:
            from condavision.cli.json_output import error_json
            from condavision.cli.output import print_json

            print_json(error_json(UsageError(error.format_message())))
        return error.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    return code if isinstance(code, int) else 0
