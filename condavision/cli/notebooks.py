"""Notebooks: ``run`` executes them, ``kernel`` makes their environments kernels of Jupyter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.cli import options
from condavision.cli.command import command
from condavision.errors import NotebookError

if TYPE_CHECKING:
    from condavision.core.model import Lock
    from condavision.inference.workspace import Workspace
    from condavision.system.progress import Progress


def run_notebook(
    notebook: Path,
    output: Path | None,
    workspace: Workspace,
    progress: Progress,
    lock: Lock | None,
) -> int:
    """Execute a notebook; what its cells write is shown.

    Raises:
        NotebookError: a cell fails.
        UsageError: its lock has no kernel.
        MissingExtraError: the extra `notebook` is not installed.
    """
    from condavision.system.extras import Extra, require_extra

    require_extra(Extra.NOTEBOOK)
    from condavision.analysis.records import IMPORT_ERRORS
    from condavision.exec_stage.notebook import execute_notebook
    from condavision.exec_stage.stage import activate, require_kernel
    from condavision.system.progress import counted

    require_kernel("run", notebook, workspace, lock)
    found = activate(notebook, workspace, progress, lock)
    executed = execute_notebook(found, notebook, _show, output)
    if executed.failure is not None:
        failure = executed.failure
        click.echo(failure.traceback, err=True)
        said = f"{notebook}: cell {failure.cell}: {failure.exception}: {failure.message}"
        if failure.exception in IMPORT_ERRORS:
            raise NotebookError(
                said,
                "if a package is missing, add `%pip install PACKAGE` to a cell, "
                f"then run `{workspace.lock_command(notebook)}`",
            )
        raise NotebookError(said, "correct that cell")
    kept = f"wrote {output}" if output else "`--output FILE` keeps the outputs"
    progress.message(f"executed {counted(executed.cells, 'cell')} of {notebook}; {kept}")
    line = _excluding(output, notebook, workspace) if output else ""
    if line:
        progress.message(f"{line} keeps {output} out of what `lock` and `check` read")
    return 0


def _excluding(output: Path, notebook: Path, workspace: Workspace) -> str:
    """Return the setting that excludes an output from the scripts of its project.

    Empty where it is none of them, or the notebook itself.
    """
    from condavision.analysis.source.script_search import would_find

    config = workspace.config(workspace.place_of(notebook))
    file = workspace.real(output)
    if (
        file == workspace.real(notebook)
        or not file.is_relative_to(config.root)
        or not would_find(file, config.root, workspace.excludes)
    ):
        return ""
    return config.file.adding("exclude", file.relative_to(config.root).as_posix())


def _show(stream: str, text: str) -> None:
    to = sys.stdout if stream == "stdout" else sys.stderr
    to.write(text)
    to.flush()


@command()
@options.script_argument(metavar="{NOTEBOOK|SCRIPT}")
@click.option("--name", metavar="NAME", help="Name of the kernel (default: that of the script).")
@click.option(
    "--prefix",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Register it for the Jupyter installed in DIR (default: for this user).",
)
@click.option("--remove", is_flag=True, help="Remove the kernel; its environment stays.")
@options.lock_first_option()
@options.additions_option(
    help="Add a PyPI requirement, or `conda:` and a match spec, for the kernel alone; repeatable."
)
@options.locks_option()
@options.json_option()
def kernel(
    script: Path | None,
    name: str | None,
    prefix: Path | None,
    remove: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Make the environment of a notebook or script a kernel of Jupyter and VS Code.

    The notebook is not edited: choose the kernel when it is open. Register again after locking.
    """
    from condavision.cli.on_demand import locked_first, locked_with, offering_lock
    from condavision.cli.output import note, print_json, say
    from condavision.cli.progress import choose_progress
    from condavision.exec_stage import kernel as kernels
    from condavision.exec_stage.stage import activate, require_kernel
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    if script is None:
        raise click.UsageError("Give a notebook or a script.")
    folder, name = kernels.kernels_folder(prefix), name or kernels.kernel_name(script)
    if remove:
        done = kernels.remove(script.absolute(), folder, name)
    else:
        workspace = Workspace(Flags(locks=chosen["locks"]))
        progress = choose_progress()
        if chosen["lock_first"]:
            workspace = locked_first(script, workspace, progress)
        with offering_lock("kernel", script, workspace, chosen["additions"]):
            lock = locked_with(script, chosen["additions"], workspace, progress)
            require_kernel("kernel", script, workspace, lock)
            done = kernels.register(activate(script, workspace, progress, lock), folder, name)
    state = "removed" if remove else "registered"
    if as_json:
        print_json({"name": done.name, "folder": str(done.folder), "state": state})
    else:
        say(f"{state} kernel {done.name}: {done.folder}")
        if not remove:
            note(f"choose the kernel `{done.title}` in Jupyter or VS Code")
