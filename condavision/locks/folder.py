"""The folder of a project's locks as a whole: one writer at a time, and its unused locks."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import companions, lock_path
from condavision.project.targets import is_there, target_of
from condavision.system.cache_dir import home
from condavision.system.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.locks.index import ScriptIndex
    from condavision.project.config import Config

_LOCK = ".conda-lock.yml"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from writing into a locks folder; the file lock is in the cache."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    guard = home() / "guards" / f"{name}.lock"
    guard.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(guard, lambda: None):
        yield


def unused_locks(folder: Path, index: ScriptIndex | None = None) -> tuple[str, ...]:
    """Return the hashes, sorted, of the locks that no script of ``scripts.yml`` uses.

    ``index`` is used in place of that file's.

    Raises:
        LockfileError: ``scripts.yml`` is damaged.
    """
    used = (index or read_index(folder)).hashes()
    present = (path.name.removesuffix(_LOCK) for path in folder.glob(f"*{_LOCK}"))
    return tuple(sorted(name for name in present if name not in used))


def remove_locks(folder: Path, hashes: Iterable[str]) -> tuple[str, ...]:
    """Remove unused locks with their environment files; return the removed ones."""
    removed = []
    with alone_in(folder):
        unused = unused_locks(folder)
        for name in sorted(set(hashes) & set(unused)):
            lock_path(folder, name).unlink(missing_ok=True)
            for path in companions(folder, name):
                path.unlink()
            removed.append(name)
    return tuple(removed)


def forget_scripts(folder: Path, config: Config) -> tuple[str, ...]:
    """Drop what :func:`gone_scripts` returns from ``scripts.yml``; return it."""
    with alone_in(folder):
        index = read_index(folder)
        gone = gone_scripts(index, config)
        if gone:
            write_index(index.updated({}, dropped=gone))
    return gone


def gone_scripts(index: ScriptIndex, config: Config) -> tuple[str, ...]:
    """Return the recorded scripts of a project that no longer exist, or that it excludes."""
    root, excluded = config.root, config.excluded(index.entries)
    return tuple(
        key
        for key, entries in index.entries.items()
        if key in excluded
        or not is_there(
            target_of(key, root),
            [*config.paths, *(root / path for entry in entries for path in entry.paths)],
        )
    )
