"""The commands of the exec stage: they install environments and run scripts in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from condavision.cli import options
from condavision.cli.command import OnceEach, command
from condavision.cli.completion import complete_names
from condavision.errors import UsageError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


class _Run(OnceEach):
    """A command whose options end at ``-m MODULE``, as Python's own do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        params = [it for it in self.get_params(ctx) if isinstance(it, click.Option)]
        known = {name for option in params for name in option.opts}
        valued = {name for option in params if not option.is_flag for name in option.opts}
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            if args[at] not in known:
                _refuse_script_as_option(args[at])
            if args[at].startswith("-m"):  # everything after the name is the module's
                end = at + 1 + (args[at] == "-m")
                args = [*args[:end], *(["--"] if end <= len(args) else []), *args[end:]]
                break
            at += 2 if args[at] in valued else 1
        if at < len(args) and _is_notebook(args[at]):  # which has no arguments of its own
            ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


def _is_notebook(word: str) -> bool:
    return word.endswith(".ipynb")


def _refuse_script_as_option(word: str) -> None:
    """Refuse a script whose name would be parsed as options: ``-hi.py`` as ``-h``, ``-i``.

    Raises:
        UsageError: ``word`` is such a name.
    """
    if (word.endswith(".py") and "=" not in word) or Path(word).exists():
        raise UsageError(
            f"`{word}` starts with a dash, like an option",
            f"run `condavision run {shell_word(f'./{word}')}`",
        )


@click.command(
    cls=_Run, context_settings={"allow_interspersed_args": False}, options_metavar="[OPTIONS]"
)
@options.locks_option()
@options.vendored_option()
@options.lock_first_option()
@options.additions_option()
@options.module_option()
@click.option(  # how a stale launcher starts its script
    "--launcher", type=click.Path(file_okay=False, path_type=Path), hidden=True
)
@click.option(
    *("-o", "--output"),
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the notebook with its outputs to this file.",
)
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="{SCRIPT|NOTEBOOK|-m MODULE} [ARGS]...",
    shell_complete=complete_names,
)
def run(
    words: tuple[str, ...],
    module: str | None,
    lock_first: bool,
    additions: tuple[str, ...],
    launcher: Path | None,
    output: Path | None,
    **folders: Path | None,
) -> int:
    """Run a locked script or module in its environment.

    \b
      condavision run report.py --month 5
      condavision run --with rich report.py
      condavision run -m package.module

    ARGS are passed to it. The environment is installed first if it is missing; nothing is solved,
    unless `--lock` or `--with` is given. The exit code is the script's own. A notebook is executed
    in its folder, and not changed. A script that imports relatively runs as its module.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    if module is None and not (words and words[0]):
        raise click.UsageError("SCRIPT is empty." if words else "Give a script or -m MODULE.")
    from condavision.cli.notebooks import run_notebook
    from condavision.cli.on_demand import locked_first, locked_with, offering_lock
    from condavision.cli.progress import choose_progress
    from condavision.exec_stage.stage import run as run_target
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import Module

    is_notebook = module is None and _is_notebook(words[0])
    if is_notebook and words[1:]:
        raise UsageError(
            f"`{words[1]}`: a notebook takes no arguments",
            "put options before the notebook; pass values in environment variables",
        )
    if output is not None and not is_notebook:
        raise UsageError("--output is for notebooks", "redirect what a script writes: `> FILE`")
    workspace = Workspace(Flags(**folders))  # type: ignore[arg-type]
    progress = choose_progress()
    target = Path(words[0]) if module is None else Module(module, Path.cwd())
    script, *args = ("", *words) if module is not None else words  # Path turns ./-x.py into -x.py
    if lock_first:
        workspace = locked_first(target, workspace, progress)
    with offering_lock("run", target, workspace, additions, args):
        lock = locked_with(target, additions, workspace, progress)
        if isinstance(target, Path) and _is_notebook(target.name):
            return run_notebook(target, output, workspace, progress, lock)
        return run_target(target, args, workspace, progress, script, launcher, lock)


@command()
@options.names_argument(metavar="[SCRIPT|FOLDER|HASH...]")
@options.modules_option()
@click.option(
    *("--launcher", "launchers"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write a small sh launcher for each script into DIR.",
)
@click.option("--verify", is_flag=True, help="Check the digest of every file, not only sizes.")
@click.option("--reinstall", is_flag=True, help="Build the environments again in any case.")
@options.locks_option()
@options.vendored_option()
@options.json_option()
def install(
    names: tuple[str, ...],
    modules: tuple[str, ...],
    launchers: Path | None,
    verify: bool,
    reinstall: bool,
    as_json: bool,
    **folders: Path | None,
) -> int:
    """Install the environments of scripts, folders, modules or hashes.

    Without any, those of the current project. All modules are compiled, where a run leaves that to
    Python. An existing environment is built again if files of its packages are missing or have
    another size. One that fails does not stop the others.

    A launcher starts its script without condavision, as long as no file it was made from is newer
    (best effort, by modification time); otherwise it calls `condavision run`.
    """
    from condavision.cli.environment_output import print_install_count, print_installed
    from condavision.cli.json_output import installed_json, not_installed_json
    from condavision.cli.output import print_diagnostics, print_failures, print_json
    from condavision.cli.progress import choose_progress
    from condavision.environments.install import Care
    from condavision.exec_stage.shell_launchers import make_folder
    from condavision.exec_stage.stage import install_each
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import Module

    if modules and launchers is not None:
        raise UsageError(
            "a module cannot have a launcher: -m finds it from the current folder only",
            f"run `condavision run -m {modules[0]}` there",
            "or write a script that imports the module, and install a launcher for it",
        )
    if launchers is not None:
        make_folder(launchers)  # before it is read whether such a folder is beside the script
    workspace = Workspace(Flags(**folders))  # type: ignore[arg-type]
    care = Care.ANEW if reinstall else Care.DIGESTS if verify else Care.SIZES
    wanted: list[str | Target] = [Module(module, Path.cwd()) for module in modules]
    for name in options.given_or_project(names, modules, workspace):
        wanted += _meant(name, workspace, join=launchers is None)
    report = install_each(wanted, workspace, choose_progress(), care, launchers)
    if len(wanted) == len(report.failed) == 1:
        raise report.failed[0][1]
    if as_json:
        print_json([*map(installed_json, report.installed), *not_installed_json(report.failed)])
    else:
        print_installed(report)
    print_diagnostics(report.failing)
    print_failures(report.failed)
    print_install_count(report)
    return report.code


def _meant(name: str | Path, workspace: Workspace, *, join: bool) -> tuple[str | Target, ...]:
    """Return what a name stands for: itself, or the scripts of a folder that cannot be run."""
    from condavision.cli.output import print_diagnostics
    from condavision.inference.lock_lookup import is_hash
    from condavision.inference.select import Named, select_targets
    from condavision.project.targets import Together, named_target

    if isinstance(name, str) and (
        is_hash(name) or not isinstance(named_target(Path(name)), Together)
    ):
        return (name,)
    selection = select_targets(Named((Path(name),)), workspace, join=join)
    print_diagnostics(selection.skipped)
    return selection.targets


@command()
@options.name_argument(metavar="{SCRIPT|FOLDER|HASH|-m MODULE}")
@options.module_option()
@options.locks_option()
@click.option("--python", is_flag=True, help="Print the interpreter instead of the prefix.")
@options.json_option()
def path(
    name: str | None,
    module: str | None,
    locks: Path | None,
    python: bool,
    as_json: bool,
) -> None:
    """Print the path of the environment of a script, module or hash.

    IDEs, systemd or web servers can use it. The environment is installed first if it is missing.
    """
    from condavision.cli.output import print_json
    from condavision.cli.progress import choose_progress
    from condavision.exec_stage.stage import install_named
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    target = options.as_name(name, module)
    installed = install_named(target, Workspace(Flags(locks=locks)), choose_progress())
    if as_json:
        print_json({"prefix": str(installed.prefix), "python": str(installed.python)})
    else:
        click.echo(installed.python if python else installed.prefix)
