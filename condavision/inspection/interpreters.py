"""Which targets of a project have an interpreter, as the settings of an editor name it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.errors import CondavisionError
from condavision.inference.known_locks import KnownLocks
from condavision.locks.index import read_index
from condavision.locks.lockfile import lock_path
from condavision.project.config import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
