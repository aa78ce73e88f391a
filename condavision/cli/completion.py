"""Shell completion: click's own, with the names of locked scripts and of their locks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    shell_complete,
)

from condavision.cli.command import command
from condavision.errors import CondavisionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.locks.index import ScriptIndex

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_VARIABLE = "_CONDAVISION_COMPLETE"


@command()
@click.argument("shell", type=click.Choice([*_SHELLS]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, scripts and hashes.

    \b
      bash:  condavision completion bash > ~/.local/share/bash-completion/completions/condavision
      zsh:   condavision completion zsh > ~/.zfunc/_condavision   (a folder of $fpath)
      fish:  condavision completion fish > ~/.config/fish/completions/condavision.fish
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    group = context.find_root().command
    click.echo(_SHELLS[shell](group, {}, "condavision", _VARIABLE).source())


def complete(group: click.Command) -> int | None:
    """Answer a shell that completes a command line; return None if none does.

    The variable is click's protocol: https://click.palletsprojects.com/shell-completion/
    """
    asked = os.environ.get(_VARIABLE)
    return None if asked is None else shell_complete(group, {}, "condavision", _VARIABLE, asked)


def complete_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> Sequence[CompletionItem]:
    """Return the locked scripts, modules and hashes that begin so; files are left to the shell."""
    given = context.params.get(parameter.name or "") or ()
    if context.command.name in {"run", "exec", "map"} and given:  # the rest is no script
        return [CompletionItem(incomplete, type="file")]
    found: dict[str, None] = {}
    with suppress(CondavisionError, OSError):
        for index, root in _indexes():
            found |= dict.fromkeys(_names(index, root))
            if context.command.name not in {"run", "map"}:
                found |= dict.fromkeys(sorted(index.hashes()))
    items = [CompletionItem(it) for it in found if it.startswith(incomplete)]
    return [*items, CompletionItem(incomplete, type="file")]


def _indexes() -> Iterator[tuple[ScriptIndex, Path]]:
    from condavision.inference.workspace import Workspace
    from condavision.project.config import LOCAL

    workspace = Workspace()
    config = workspace.config()
    for folder in (config.locks, config.locks / LOCAL):
        yield workspace.index(folder), config.root


def _names(index: ScriptIndex, root: Path) -> Iterator[str]:
    """Yield the recorded scripts and folders, relative to the current folder."""
    from condavision.project.targets import Module, place_of, target_of

    for key in index.entries:
        target = target_of(key, root)
        if not isinstance(target, Module):
            place = target if isinstance(target, Path) else place_of(target)
            yield os.path.relpath(place)
