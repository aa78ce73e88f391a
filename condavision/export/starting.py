"""How a script or module is started in a copy of its project: what an image or a job is given."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.project.targets import Module

if TYPE_CHECKING:
    from condavision.export.share import Script


@dataclass(frozen=True, slots=True)
class Start:
    """The folder to start in, relative to the project's root, and the target's words there.

    ``words`` are what `condavision run`, `exec` and `install` take.
    """

    folder: PurePosixPath
    words: tuple[str, ...]


def start_of(script: Script) -> Start:
    """Return how a target is started; a module in its own folder, a script in the root.

    Raises:
        UsageError: files lie outside the project.
    """
    project = script.located.project
    target, root = project.target, project.config.root
    if isinstance(target, Module):
        words = (*locks_option(script, target.folder.resolve()), "-m", target.name)
        return Start(below(target.folder, root), words)
    key = f"./{project.key}" if project.key.startswith("-") else project.key
    return Start(PurePosixPath(), (*locks_option(script, root), key))


def below(path: Path, root: Path) -> PurePosixPath:
    """Return a path relative to the project's root.

    Raises:
        UsageError: it lies outside.
    """
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise UsageError(
            f"{path} is not below {root}, so a copy of the project lacks it",
            "move it into the project, then run `condavision lock SCRIPT`",
        )
    return PurePosixPath(resolved.relative_to(root.resolve()).as_posix())


def locks_option(script: Script, start: Path) -> tuple[str, ...]:
    """Return the option for a folder of locks that the project's configuration does not name.

    Its path is relative to the folder ``start``.
    """
    folder = script.located.path.parent
    if script.located.lock.is_local:
        folder = folder.parent
    if folder == script.locks:
        return ()
    below(folder, script.located.project.config.root)
    return ("--locks", Path(os.path.relpath(folder.resolve(), start.resolve())).as_posix())
