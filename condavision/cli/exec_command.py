"""``exec``: any command in a script's environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click

from condavision.cli import options
from condavision.cli.command import OnceEach
from condavision.cli.completion import complete_names
from condavision.errors import CommandError, UsageError
from condavision.system.terminal import shell_word


class _Exec(OnceEach):
    """The command, which sees whether a separator is in the place of the script."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options and words.

        Raises:
            UsageError: a command is given behind the separator, but no script before it.
        """
        from condavision.inference.lock_lookup import is_hash

        given = [*args]
        rest = super().parse_args(ctx, args)
        words = ctx.params.get("words", ())
        if (
            words
            and ctx.params["module"] is None
            and given[: -len(words)][-1:] == ["--"]  # which click takes away
            and not (Path(words[0]).exists() or is_hash(words[0]))
        ):
            typed = " ".join(map(shell_word, words))
            raise UsageError("no script given", f"run `condavision exec YOUR-SCRIPT -- {typed}`")
        return rest


@click.command(
    "exec",
    cls=_Exec,
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@options.module_option()
@options.locks_option()
@options.vendored_option()
@options.lock_first_option()
@options.additions_option()
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="{SCRIPT|FOLDER|HASH|-m MODULE} -- COMMAND [ARGS]...",
    shell_complete=complete_names,
)
def exec_(
    words: tuple[str, ...],
    module: str | None,
    locks: Path | None,
    vendored: Path | None,
    lock_first: bool,
    additions: tuple[str, ...],
) -> None:
    """Run any command in the environment of a locked script, module or hash.

    \b
      condavision exec --with pytest report.py -- pytest tests/
      condavision exec report.py -- python -i report.py

    For pytest, a debugger, a web server, a language server: COMMAND is found in the environment
    first, then on PATH, where tools of another Python are refused. The environment is installed
    first if it is missing; nothing is solved, unless `--lock` or `--with` is given. The exit code
    is the command's own.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    from condavision.cli.on_demand import locked_first, locked_with, offering_lock
    from condavision.cli.progress import choose_progress
    from condavision.exec_stage.process import become_command
    from condavision.exec_stage.stage import activate
    from condavision.inference.lock_lookup import is_hash, named
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    name = None if module is not None or not words else words[0]
    if name == "":
        raise UsageError("SCRIPT is empty", "give a script, a lock's hash or -m MODULE")
    target = options.as_name(name, module)
    command = words if name is None else words[1:]
    separated = command[:1] == ("--",)
    command = command[separated:]
    typed = f"-m {module}" if name is None else shell_word(Path(name))
    if not command:
        raise UsageError("no command given", f"run `condavision exec {typed} -- COMMAND`")
    if command[0].startswith("-") and not separated:
        raise UsageError(
            f"`{command[0]}` is in the place of the command; put options before the script",
            "see `condavision exec --help`",
        )
    script = None if isinstance(target, str) and is_hash(target) else named(target)
    if script is None and (lock_first or additions):
        raise UsageError(
            f"--lock and --with solve the requirements of a script, and {target} is a lock",
            "give the script or -m MODULE",
        )
    workspace = Workspace(Flags(locks=locks, vendored=vendored))
    progress, lock = choose_progress(), None
    with offering_lock("exec", script, workspace, additions, ("--", *command)):
        if script is not None:
            if lock_first:
                workspace = locked_first(script, workspace, progress)
            lock = locked_with(script, additions, workspace, progress)
        activated = activate(target, workspace, progress, lock)
    other = activated.other_python(command[0], os.environ)
    if other is not None:
        known = script is not None and workspace.import_map.knows(command[0])
        _refuse_other_python(command, other, typed, additions, known=known)
    become_command(activated, command)


def _refuse_other_python(
    command: tuple[str, ...], found: str, typed: str, additions: tuple[str, ...], *, known: bool
) -> NoReturn:
    """Refuse a program that another Python runs, which has other packages than the environment.

    ``found`` is its path; ``known`` is whether a package of its name is.

    Raises:
        CommandError: always.
    """

    def instead(program: str, *added: str) -> str:
        options = [f"--with {shell_word(it)}" for it in (*added, *additions)]
        words = map(shell_word, (program, *command[1:]))
        return " ".join(["condavision exec", *options, typed, "--", *words])

    raise CommandError(
        f"the environment of {typed} has no `{command[0]}`; {found} is of another Python, with"
        " other packages",
        *([f"add it: run `{instead(command[0], command[0])}`"] if known else []),
        f"to start that one anyway, give its path: run `{instead(found)}`",
    )
