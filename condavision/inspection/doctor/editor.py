"""Whether the interpreter that the settings of VS Code name is that of a lock of the project."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.errors import CondavisionError
from condavision.export.vscode import FILE, interpreter
from condavision.inspection.doctor.finding import Finding, State
from condavision.locks.index import read_index
from condavision.locks.lockfile import lock_path, read_lock
from condavision.project.config import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import Lock
    from condavision.inspection.doctor.finding import Subject
    from condavision.project.config import Config


def check_editor(subject: Subject) -> Iterator[Finding]:
    """Yield whether an interpreter of ours is there, and of a lock that a script here uses."""
    python = interpreter(subject.config.root)
    if python is None or not python.is_relative_to(subject.home / "envs"):
        return
    platform, fix = current_subdir(), "condavision vscode SCRIPT"
    name = FILE.as_posix()
    ours = {
        environment_of(lock, platform, subject.home).python
        for lock in _locks(subject.config)
        if lock.on(platform)
    }
    if python not in ours:
        found = f"no script here has this interpreter: {python}"
        yield Finding("project", name, State.WARNING, found, fix)
    elif not python.exists():
        yield Finding("project", name, State.WARNING, f"{python} does not exist", fix)
    else:
        yield Finding("project", name, State.OK, f"{python}")


def _locks(config: Config) -> Iterator[Lock]:
    """Yield the locks that scripts use; damaged ones are reported where locks are checked."""
    for folder in (config.locks, config.locks / LOCAL):
        names: frozenset[str] = frozenset()
        with suppress(CondavisionError):
            names = read_index(folder).hashes()
        for path in (lock_path(folder, name) for name in sorted(names)):
            with suppress(CondavisionError):
                yield read_lock(path)
