"""The folder of a project's locks as a whole: one writer at a time, and its unused locks."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING

from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import companions, lock_path
from condavision.project.targets import Module, Together, file_of, is_module, target_of
from condavision.system.cache_dir import home
from condavision.system.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.locks.index import Entry, ScriptIndex
    from condavision.project.config import Config
    from condavision.project.targets import Target

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


class Gone(Enum):
    """Why what is recorded is to be forgotten."""

    ABSENT = "absent"
    EXCLUDED = "excluded"


def forget_scripts(folder: Path, config: Config) -> dict[str, Gone]:
    """Drop what :func:`gone_scripts` returns from ``scripts.yml``; return it."""
    with alone_in(folder):
        index = read_index(folder)
        gone = gone_scripts(index, config)
        if gone:
            write_index(index.updated({}, dropped=gone))
    return gone


def gone_scripts(index: ScriptIndex, config: Config) -> dict[str, Gone]:
    """Return the keys of recorded targets that no longer exist, or that the project excludes."""
    root = config.root
    files = {
        key: recorded_file(target_of(key, root), it, config) for key, it in index.entries.items()
    }
    excluded = excluded_keys(files, config)
    return {
        key: Gone.EXCLUDED if file else Gone.ABSENT
        for key, file in files.items()
        if file is None or key in excluded
    }


def excluded_locks(index: ScriptIndex, config: Config) -> Iterator[str]:
    """Yield the keys of recorded targets that exist, and that the project excludes."""
    for key, why in gone_scripts(index, config).items():
        if why is Gone.EXCLUDED:
            yield key


def excluded_keys(files: Mapping[str, Path | None], config: Config) -> frozenset[str]:
    """Return the keys of recorded targets that ``exclude`` names, by path."""
    names = {
        key: os.path.relpath(file, config.root) if file and is_module(key) else key
        for key, file in files.items()
    }
    excluded = config.excluded(names.values())
    return frozenset(key for key, name in names.items() if name in excluded)


def recorded_file(target: Target, entries: Iterable[Entry], config: Config) -> Path | None:
    """Return what a recorded target is run from; None if it no longer exists."""
    if isinstance(target, Module):
        recorded = (config.root / path for entry in entries for path in entry.paths)
        return file_of(target, [*config.paths, *recorded])
    path = target.folder if isinstance(target, Together) else target
    return path if path.exists() else None
