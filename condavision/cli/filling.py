"""The targets of a command in its hints, where the rooms below write SCRIPT."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.errors import CondavisionError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.project.targets import Target

_SCRIPT = re.compile(r"(?<![/\w-])SCRIPT\b")
_LOCK = "condavision lock"
_EXPLAIN = "condavision explain"
_COMMAND = "condavision.command"
_ARGUMENTS = "condavision.arguments"
_FOLDER = "condavision.folder"
_TYPED = re.compile(r"`condavision (?!-C )")
_AGAIN = re.compile(r"condavision COMMAND ([^`]+)")
_MANY = 3
_PARAMETERS = ("script", "name", "names", "paths", "words")
"""The parameters of commands that have targets, and no others before them."""


def remember(context: click.Context) -> None:
    """Keep the context of a command for the hints of its errors."""
    context.meta[_COMMAND] = context


def remember_arguments(context: click.Context, arguments: Sequence[str]) -> None:
    """Keep what was typed after the name of the command, for hints with another target."""
    context.meta[_ARGUMENTS] = tuple(arguments)


def remember_folder(context: click.Context, folder: Path) -> None:
    """Keep the folder of ``-C``, in which what is typed next has to be run too."""
    context.meta[_FOLDER] = folder


def from_here(text: str) -> str:
    """Return a text whose commands have the ``-C`` of this one."""
    context = click.get_current_context(silent=True)
    folder = context.meta.get(_FOLDER) if context else None
    if folder is None:
        return text
    return _TYPED.sub(lambda _: f"`condavision -C {shell_word(folder)} ", text)


def filled(hints: Iterable[str], targets: Sequence[str | Target]) -> tuple[str, ...]:
    """Return hints with the targets they are about, else those of the command, for SCRIPT.

    COMMAND and a target stand for what was typed, with that target.

    A hint to lock again has what the target was locked with: its channels, and the scripts that it
    is locked together with. Of several targets other hints have the first.
    """
    hints = tuple(_AGAIN.sub(_retyped, hint) for hint in hints)
    if not any(map(_SCRIPT.search, hints)):
        return hints
    given = [*_given()]
    if len(targets) > _MANY and not given:  # all of the project
        given = [_project()]
    known = [*map(_as_target, targets if len(targets) == 1 else given or targets)]
    return tuple(_filled(hint, [it for it in known if it is not None]) for hint in hints)


def _retyped(with_target: re.Match[str]) -> str:
    """Return the command as it was typed, with another target."""
    command = _command()
    words = command.meta.get(_ARGUMENTS, ()) if command else ()
    given = {str(it) for it in _given()}  # a module is two words
    shown: list[str] = []
    for word in words:
        if word in given:
            shown.append(with_target[1])
        elif shown and f"{shown[-1]} {word}" in given:
            shown[-1] = with_target[1]
        else:
            shown.append(shell_word(word))
    return " ".join(["condavision", *shown])


def _filled(hint: str, targets: Sequence[Target]) -> str:
    if not targets:
        return hint
    from condavision.project.targets import plainly_typed, typed

    if _LOCK not in hint:
        spell = typed if _EXPLAIN in hint else plainly_typed
        return _SCRIPT.sub(lambda _: spell(targets[0]), hint)
    words = [_locked_as(it) for it in targets]
    channels = () if " -c " in hint else next((it for _, it in words if it), ())
    options = "".join(f" -c {shell_word(name)}" for name in channels)
    names = " ".join(dict.fromkeys(typed(owner) for owner, _ in words))
    return _SCRIPT.sub(lambda _: names, hint).replace(_LOCK, f"{_LOCK}{options}")


def _locked_as(target: Target) -> tuple[Target, tuple[str, ...]]:
    """Return what to lock for a target, and with which channels."""
    from condavision.inference.lock_lookup import last_locked
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    parameters = _parameters()
    channels = parameters.get("channels") or ()
    if channels or (isinstance(target, Path) and target.is_dir()):
        return target, channels
    try:
        return last_locked(target, Workspace(Flags(locks=parameters.get("locks"))))
    except CondavisionError:
        return target, ()


def _as_target(name: str | Target) -> Target | None:
    """Return the target of a name; for a hash that of the first script with that lock."""
    if not isinstance(name, str):
        return name
    from condavision.inference.lock_lookup import is_hash

    return _of_hash(name) if is_hash(name) else Path(name)


def _of_hash(name: str) -> Target | None:
    from condavision.inference.workspace import Workspace
    from condavision.project.config import LOCAL, Flags
    from condavision.project.targets import near, target_of

    try:
        workspace = Workspace(Flags(locks=_parameters().get("locks")))
        config = workspace.config()
        for folder in (config.locks, config.locks / LOCAL):
            for key, entries in workspace.index(folder).entries.items():
                if any(it.lock.startswith(name) for it in entries):
                    return target_of(key, near(config.root))
    except CondavisionError:
        pass
    return None


def _project() -> Path:
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import near

    return near(Workspace(Flags()).config().root)


def command_path() -> str:
    """Return the words that started the command: ``condavision lock``."""
    command = _command()
    return command.command_path if command else "condavision"


def _parameters() -> dict[str, Any]:
    command = _command()
    return command.params if command else {}


def _command() -> click.Context | None:
    context = click.get_current_context(silent=True)
    return context.meta.get(_COMMAND) if context else None


def _given() -> Iterator[str | Target]:
    """Yield the targets of the command as they were given."""
    parameters = _parameters()
    modules = parameters.get("modules") or filter(None, [parameters.get("module")])
    from condavision.project.targets import Module

    yield from (Module(str(it), Path.cwd()) for it in modules)
    for name in _PARAMETERS:
        found = parameters.get(name)
        if found:
            yield from found if name in {"names", "paths"} else [_first(found)]
            return


def _first(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found
