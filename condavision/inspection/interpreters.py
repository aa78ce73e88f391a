"""The interpreter that an editor's settings name: which targets have it, or had it before."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.errors import CondavisionError
from condavision.export.vscode import FILE, interpreter
from condavision.inference.diagnostics import FormerInterpreter
from condavision.inference.known_locks import KnownLocks
from condavision.locks.index import read_index
from condavision.locks.lockfile import lock_path
from condavision.project.config import LOCAL
from condavision.project.targets import plainly_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.compile_stage.recording import LockedScript
    from condavision.core.model import Lock
    from condavision.project.config import Config


def targets_with(python: Path, config: Config, home: Path) -> tuple[str, ...]:
    """Return the keys in ``scripts.yml`` of the targets with this interpreter.

    ``home`` is the cache folder. Damaged files are left out: they are reported where locks are
    checked.
    """
    platform = current_subdir()
    return tuple(
        key
        for lock, keys in _locked(config)
        if lock.on(platform) and environment_of(lock, platform, home).python == python
        for key in keys
    )


def former_interpreters(locked: Iterable[LockedScript], home: Path) -> Iterator[FormerInterpreter]:
    """Yield which settings of VS Code name the interpreter of a lock that a target had before.

    Of each project the first such target is named. ``home`` is the cache folder.
    """
    platform = current_subdir()

    def python(lock: Lock) -> Path | None:
        return environment_of(lock, platform, home).python if lock.on(platform) else None

    named: dict[Path, Path | None] = {}
    for it in locked:
        project, before = it.inference.project, it.before
        root = project.config.root
        if root not in named:
            named[root] = interpreter(root)
        if named[root] is None or before is None:
            continue
        if python(before) == named[root] != python(it.lock):
            named[root] = None
            command = f"condavision vscode {plainly_typed(project.target)}"
            yield FormerInterpreter(root / FILE, project.key, command)


def _locked(config: Config) -> Iterator[tuple[Lock, list[str]]]:
    """Yield the locks of a project, each with the keys of its targets."""
    keys: dict[Path, list[str]] = {}
    for folder in (config.locks, config.locks / LOCAL):
        with suppress(CondavisionError):
            for key, entries in sorted(read_index(folder).entries.items()):
                for it in entries:
                    keys.setdefault(lock_path(folder, it.lock), []).append(key)
    locks = KnownLocks()
    locks.preload(keys)
    for path, found in keys.items():
        with suppress(CondavisionError):
            yield locks.read(path), found
    locks.save()
