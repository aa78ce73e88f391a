"""The commands that write files for other tools, other machines or a repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from condavision.cli import options
from condavision.cli.command import command
from condavision.export.formats import FORMATS
from condavision.export.scaffold import CI

if TYPE_CHECKING:
    from condavision.project.targets import Target

_EXPORT_HELP = """Write a lock in the format of another tool, for one platform.

\b
"""


@command(
    help=_EXPORT_HELP + "\n".join(f"{name:14}{summary}" for name, (_, summary) in FORMATS.items())
)
@options.name_argument(metavar="{SCRIPT|HASH|-m MODULE}")
@options.module_option()
@click.option("--format", "form", required=True, type=click.Choice([*FORMATS]))
@click.option(
    "--platform", metavar="PLATFORM", help="Platform to export (default: this machine's)."
)
@click.option(
    *("-o", "--output"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file (default: standard output).",
)
@options.locks_option()
@options.json_option()
def export(  # noqa: D103 - its help is above
    name: str | None,
    module: str | None,
    form: str,
    platform: str | None,
    output: Path | None,
    locks: Path | None,
    as_json: bool,
) -> None:
    from condavision.cli.output import print_diagnostics, print_json, wrote
    from condavision.cli.wording import diagnostic_words
    from condavision.export.exporting import export_named
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    target = options.as_name(name, module)
    exported = export_named(target, form, platform, Workspace(Flags(locks=locks)), output)
    files = exported.write(output) if output is not None else ()
    wrote(*files)
    print_diagnostics(exported.diagnostics)
    if as_json:
        document = {
            "hash": exported.lock,
            "format": exported.form,
            "platform": exported.platform,
            "output": str(output) if output else None,
            "files": list(map(str, files)),
            "text": None if output else exported.text,
            "cautions": list(map(diagnostic_words, exported.diagnostics)),
        }
        print_json(document)
    elif output is None:
        click.echo(exported.text, nl=False)


@command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@options.names_argument(metavar="[SCRIPT|HASH...]")
@options.modules_option()
@click.option(
    *("--platform", "platforms"),
    multiple=True,
    metavar="PLATFORM",
    help="Platform to copy packages for (default: all locked); repeatable.",
)
@options.locks_option()
@options.json_option()
def vendor(
    folder: Path,
    names: tuple[str, ...],
    modules: tuple[str, ...],
    platforms: tuple[str, ...],
    locks: Path | None,
    as_json: bool,
) -> None:
    """Copy all packages of locks into a folder for use without network.

    `run --vendored DIR` takes them from there. Without SCRIPT, HASH or -m, all locks of the project
    are used. Intact files in DIR are kept; missing and damaged ones are fetched.
    """
    from condavision.cli.output import note, print_json, say
    from condavision.cli.progress import choose_progress
    from condavision.export.vendor import vendor as fill
    from condavision.inference.lock_lookup import find_locks
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import Module
    from condavision.system.progress import counted

    wanted: list[str | Target] = [*names]
    wanted += (Module(module, Path.cwd()) for module in modules)
    found = find_locks(wanted, Workspace(Flags(locks=locks)))
    vendored = fill(folder, found, platforms, choose_progress())
    if as_json:
        document = {
            "folder": str(vendored.folder),
            "files": vendored.files,
            "fetched": list(vendored.fetched),
            "repaired": list(vendored.repaired),
            "to_build": list(vendored.to_build),
        }
        print_json(document)
    else:
        counts = f"{len(vendored.fetched)} fetched, {len(vendored.repaired)} repaired"
        say(f"{vendored.folder} has {counted(vendored.files, 'file')} ({counts})")
        if vendored.to_build:
            built = ", ".join(vendored.to_build)
            note(f"caution: source distributions, built with tools from the index: {built}")


@command()
@options.name_argument(metavar="{SCRIPT|HASH|-m MODULE}")
@options.module_option()
@options.locks_option()
@options.json_option()
def vscode(name: str | None, module: str | None, locks: Path | None, as_json: bool) -> None:
    """Make the environment of a script the interpreter of its project in VS Code.

    Writes `python.defaultInterpreterPath` in `.vscode/settings.json` at the project root; all other
    settings stay as they are. Run it again after locking.
    """
    from condavision.analysis.source.ignored import Ignored
    from condavision.cli.output import note, print_json, say
    from condavision.cli.progress import choose_progress
    from condavision.exec_stage.stage import install_named
    from condavision.export.scaffold import Placing
    from condavision.export.vscode import SETTING, interpreter, write_setting
    from condavision.inference.lock_lookup import config_of
    from condavision.inference.notebooks import is_notebook
    from condavision.inference.workspace import Workspace
    from condavision.inspection.interpreters import targets_with
    from condavision.project.config import Flags
    from condavision.project.targets import near
    from condavision.system.progress import few
    from condavision.system.terminal import shell_word

    target, workspace = options.as_name(name, module), Workspace(Flags(locks=locks))
    environment = install_named(target, workspace, choose_progress())
    python, config = environment.python, config_of(target, workspace)
    before = interpreter(config.root)
    done = write_setting(config.root, python)
    if as_json:
        print_json({"path": str(done.path), "state": done.state.value, "python": str(python)})
    else:
        verb = "is" if done.state is Placing.UNCHANGED else "is now"
        say(f"{near(done.path)}: {SETTING} {verb} {python}")
        if done.state is Placing.WRITTEN:
            others = targets_with(before, config, environment.home) if before else ()
            if others:
                note(f"it was that of {few(others)}: VS Code has one interpreter for a folder")
            elif before:
                note(f"before, it was {before}")
            if name is not None and is_notebook(Path(name)):
                register = f"condavision kernel {shell_word(name)}"
                note(f"a notebook has a kernel: to make one to choose for it, run `{register}`")
            if not Ignored().leaves_out(done.path):
                ignored = f"echo {shell_word(near(done.path))} >> .gitignore"
                note(f"that path is for this machine only; to keep it out of git, run `{ignored}`")


@command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@click.option(
    *("--ci", "hosts"),
    multiple=True,
    type=click.Choice([*CI]),
    help="Add a check of the locks for this host of repositories instead; repeatable.",
)
@options.json_option()
def init(folder: Path, hosts: tuple[str, ...], as_json: bool) -> None:
    """Add a noxfile and a Makefile for the two stages to a repository, or a check for CI.

    Overwrites nothing.
    """
    from condavision.cli.output import print_diagnostics, print_json
    from condavision.cli.tables import print_table
    from condavision.export.scaffold import left_to_do, scaffold
    from condavision.inference.uncommitted import locks_of_one_machine

    placed = scaffold(folder, hosts)
    if as_json:
        print_json([{"path": str(file.path), "state": file.state.value} for file in placed])
    else:
        print_table(("file", ""), [(str(file.path), file.state) for file in placed])
    print_diagnostics(left_to_do(placed))
    if hosts:
        print_diagnostics(locks_of_one_machine(folder.absolute()))
