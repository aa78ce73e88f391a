"""The command group: its commands by stage, its own options, and what to type instead."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.cli.command import OnceEach
from condavision.cli.filling import remember_folder
from condavision.errors import UsageError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DESTRUCTIVE = frozenset({"--all", "--caches", "--force", "--prune", "--reinstall", "clean"})
"""What is never suggested for a misspelt word."""

_NEVER_MEANT = _DESTRUCTIVE | {"--help"}

_SHOWN = 3
_SIMILAR = 0.7
"""The ratio of letters in order that two names have in common, above which one may be meant."""

_IMPORT = ("import it in the script, then run `condavision lock YOUR-SCRIPT`",)
_ONE_RUN = "for one run: `condavision run --with PACKAGE YOUR-SCRIPT`"
_REMOVE = (
    "remove the import, then run `condavision lock YOUR-SCRIPT`",
    "to forget a script, add it to `exclude`, then run `condavision lock --prune`",
)
_CLEAN = ("to remove environments: run `condavision clean`",)
_SHOW = (
    "what a script needs, and why: run `condavision explain YOUR-SCRIPT`",
    "what is installed: run `condavision list`",
)
_UPGRADE = ("for newer versions: run `condavision lock --upgrade YOUR-SCRIPT`",)
_INSTEAD: dict[str, tuple[str, ...]] = {
    "activate": ("to run a command in an environment: `condavision exec YOUR-SCRIPT -- COMMAND`",),
    "add": (*_IMPORT, _ONE_RUN),
    "build": ("to write a Dockerfile: `condavision export --format dockerfile YOUR-SCRIPT`",),
    "compile": ("run `condavision lock YOUR-SCRIPT`",),
    "create": _IMPORT,
    "env": ("run `condavision list`",),
    "freeze": ("run `condavision export --format requirements YOUR-SCRIPT`",),
    "info": _SHOW,
    "pip": (*_IMPORT, _ONE_RUN),
    "python": ("run `condavision exec YOUR-SCRIPT -- python`",),
    "remove": _REMOVE,
    "rm": _CLEAN,
    "shell": ("run `condavision exec YOUR-SCRIPT -- $SHELL`",),
    "show": _SHOW,
    "sync": ("run `condavision install`",),
    "test": ("run `condavision exec --with pytest YOUR-SCRIPT -- pytest`",),
    "uninstall": (*_REMOVE, *_CLEAN),
    "update": _UPGRADE,
    "upgrade": _UPGRADE,
    "venv": ("run `condavision path YOUR-SCRIPT`",),
    "version": ("run `condavision --version`",),
}
"""What does here what a command of conda, pip, uv and others does."""

_VERSIONS = "to keep the versions of a file: run `condavision lock --from FILE YOUR-SCRIPT`"
_OPTIONS_INSTEAD = {"-r": _VERSIONS, "--requirement": _VERSIONS, "--requirements": _VERSIONS}
"""What does here what an option of theirs does."""

VARIABLES = (
    ("CONDAVISION_HOME", "Folder of environments and caches."),
    ("CONDAVISION_TIMEOUT", "Seconds without progress after which a download ends (300)."),
    ("CONDAVISION_TRUSTED_FOLDERS", "Trusted folders of other users; separated as in PATH."),
    ("NO_COLOR, FORCE_COLOR", "As --color never and --color always."),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A heading of ``--help``, and its commands, each with the arguments of one example."""

    title: str
    commands: tuple[tuple[click.Command, str], ...]


class Stages(OnceEach, click.Group):
    """A group that lists its commands by stage."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.stages: Sequence[Stage] = ()

    def show(self, stages: Sequence[Stage]) -> None:
        """Add the commands of the stages, in their order."""
        self.stages = stages
        for stage in stages:
            for command, _ in stage.commands:
                self.add_command(command)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write an example of each command and what it does; nothing is truncated."""
        for stage in self.stages:
            rows = [
                (f"{command.name} {example}", command.get_short_help_str(limit=1000))
                for command, example in stage.commands
            ]
            with formatter.section(stage.title):
                formatter.write_dl(rows, col_max=34)
        with formatter.section("Environment variables"):
            formatter.write_dl(VARIABLES, col_max=34)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a script in its place gets the two commands for scripts.

        ``help COMMAND`` is ``COMMAND --help``.

        Raises:
            UsageError: the first word is a file, or a command of other tools.
        """
        word = args[0]
        if word in _INSTEAD and not Path(word).is_file():
            raise UsageError(f"`{word}` is not a command", *_INSTEAD[word])
        if word == "help" and not Path(word).is_file():
            if args[1:]:
                return super().resolve_command(ctx, [args[1], "--help"])
            click.echo(ctx.get_help())
            ctx.exit()
        if word not in self.commands and (word.endswith((".py", ".ipynb")) or Path(word).is_file()):
            typed = shell_word(Path(word))
            raise UsageError(
                f"`{word}` is a file, not a command",
                f"to lock it, once: run `condavision lock {typed}`",
                f"to run it from its lock: run `condavision run {typed}`",
            )
        return super().resolve_command(ctx, args)


_QUOTED = re.compile(r"(?<!\w)'([^'\s]*)'(?!\w)")


def explained(
    error: click.ClickException, command: str | None, arguments: Sequence[str]
) -> UsageError:
    """Return an error of the command line as one of ours; ``command`` is the one that was typed.

    ``arguments`` are all that were.

    It suggests nothing that removes or replaces what a person has.
    """
    possible = getattr(error, "possibilities", None) or ()
    if possible:
        error.possibilities = []  # type: ignore[attr-defined]
    wrong = str(getattr(error, "option_name", getattr(error, "command_name", "")))
    similar = [it for it in possible if _is_similar(wrong, it)]
    meant = [f"`{it}`" for it in similar if it not in _NEVER_MEANT]
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption) and context is not None:
        name = error.option_name.lstrip("-")
        owners = "" if meant else _owners(error.option_name, context)
        message = f"{context.command_path} has no option {error.option_name}"
        if name in _commands(context):
            return UsageError(message, f"run `condavision {name}`")
        if error.option_name in _OPTIONS_INSTEAD:
            return UsageError(message, _OPTIONS_INSTEAD[error.option_name])
        if error.option_name == "-m" and any(it.name == "paths" for it in context.command.params):
            typed = _with_file_of_module(arguments[arguments.index(context.info_name) + 1 :])
            if typed is not None:
                return UsageError(message, f"run `{context.command_path} {typed}`")
        if owners:
            return UsageError(
                message, f"it is an option of {owners}", f"see `{context.command_path} --help`"
            )
    path = context.command_path if context else " ".join(filter(None, ["condavision", command]))
    message = " ".join(error.format_message().split())  # choices have lines of their own
    hints = [f"did you mean {' or '.join(meant)}?"] if meant else []
    return UsageError(_in_our_style(message), *hints, f"see `{path} --help`")


def _with_file_of_module(words: Sequence[str]) -> str | None:
    """Return what was typed with the file of ``-m MODULE`` in place of that, if there is one."""
    from condavision.project.targets import Module, file_of, near

    if "-m" not in words[:-1]:
        return None
    at = words.index("-m")
    file = file_of(Module(words[at + 1], Path.cwd()), ())
    if file is None:
        return None
    shown = (*words[:at], str(near(file)), *words[at + 2 :])
    return " ".join(map(shell_word, shown))


def _is_similar(typed: str, name: str) -> bool:
    """Return whether a name may be meant, more strictly than click."""
    from condavision.mapping.similar_names import is_slip

    one, other = typed.strip("-"), name.strip("-")
    if is_slip(one, other) or one.startswith(other) or other.startswith(one):
        return True
    return SequenceMatcher(None, one, other).ratio() > _SIMILAR


def _in_our_style(message: str) -> str:
    """Return a message of click as ours are: names in backticks, a small letter first, no stop."""
    quoted = _QUOTED.sub(r"`\1`", message.rstrip("."))
    return quoted if quoted[:2].isupper() else quoted[:1].lower() + quoted[1:]


def _commands(context: click.Context) -> Mapping[str, click.Command]:
    group = context.find_root().command
    return group.commands if isinstance(group, click.Group) else {}


def _owners(option: str, context: click.Context) -> str:
    """Return the commands that have an option."""
    commands = _commands(context).values()
    names = [it.name for it in commands if any(option in found.opts for found in it.params)]
    return ", ".join(f"`condavision {name}`" for name in names[:_SHOWN])


def change_folder(context: click.Context, _: click.Parameter, folder: Path | None) -> None:
    """Make ``-C DIR`` the current folder."""
    if folder is not None:
        remember_folder(context, folder)
        os.chdir(folder)


def show_colors(ctx: click.Context, _: click.Parameter, when: str) -> None:
    """Decide with ``--color`` whether output has colors; ``auto`` leaves it to each stream."""
    ctx.color = {"always": True, "never": False}.get(when)
