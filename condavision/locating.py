"""Finding the lock a script may run under: the committed one, as long as it still fits.

Both the exec stage and the commands that only look on start here. Nothing here solves.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.channel import INTERPRETERS
from condavision.config import find_root, load_config
from condavision.errors import LockfileError, MissingLockError, StaleLockError
from condavision.lockfile import lock_path, read_lock
from condavision.mapping.import_map import ImportMap
from condavision.reading import Flags, open_project, read
from condavision.requirements import differences
from condavision.script_index import LOCAL, read_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.config import Config
    from condavision.model import Lock
    from condavision.reading import Project, Reading
    from condavision.script_index import Entry

__all__ = ["Located", "config_of", "find_lock", "find_locks", "is_hash", "locate"]

_HASH = re.compile(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class Located:
    """A script with the lock it may run under.

    ``reading`` is what the script requires as read today. ``path`` is the lock's file.
    """

    project: Project
    reading: Reading
    entry: Entry
    lock: Lock
    path: Path

    @property
    def sources_changed(self) -> bool:
        """Whether the script or a module it reaches was edited since it was locked."""
        return self.entry.digest != self.reading.digest

    @property
    def python_paths(self) -> tuple[Path, ...]:
        """Return the folders that the script's process must find modules in."""
        root = self.project.config.root
        recorded = (root / path for path in self.entry.paths)
        return tuple(dict.fromkeys((*self.project.config.paths, *recorded)))


def locate(script: Path, flags: Flags) -> Located:
    """Find the lock of a script.

    The recorded hash is trusted while the sources are those that were locked: a newer map or rule
    never orphans an unchanged script. An edit that leaves the requirements as they were is fine.

    Raises:
        MissingLockError: the script was never locked.
        StaleLockError: it requires something else now; the message says what changed.
        LockfileError: the lock is damaged.
    """
    project = open_project(script, flags)
    import_map = ImportMap.bundled()
    candidates = list(_candidates(project, flags))
    if not candidates:
        raise MissingLockError(f"{script} has no lock", f"type: condavision lock {_typed(script)}")
    readings = [
        (entry, folder, _reread(script, flags, entry, import_map)) for entry, folder in candidates
    ]
    for fits in (_same_sources, _same_requirements):
        for entry, folder, reading in readings:
            if fits(entry, reading):
                path = lock_path(folder, entry.lock)
                return Located(project, reading, entry, _read(path, script), path)
    entry, folder, reading = readings[0]
    raise _stale(script, reading, _read(lock_path(folder, entry.lock), script))


def is_hash(name: str) -> bool:
    """Tell whether a name on the command line is a requirement hash and not a script."""
    return bool(_HASH.match(name)) and not Path(name).exists()


def find_lock(name: str, flags: Flags) -> Lock:
    """Return the lock of a script, or of a requirement hash locked in this project.

    Raises:
        MissingLockError: there is none.
        StaleLockError: the script requires something else now.
        LockfileError: the lock is damaged.
    """
    if not is_hash(name):
        return locate(Path(name), flags).lock
    config = config_of(name, flags)
    for folder in (config.locks, config.locks / LOCAL):
        path = lock_path(folder, name)
        if path.exists():
            return read_lock(path)
    raise MissingLockError(
        f"there is no lock {name} in {config.locks}", "lock its script: condavision lock SCRIPT"
    )


def find_locks(names: Sequence[str], flags: Flags) -> tuple[Lock, ...]:
    """Return the locks of scripts and hashes; all that the project commits where none is named.

    Raises:
        CondavisionError: as :func:`find_lock`; or the project has no locks.
    """
    if names:
        return tuple(find_lock(name, flags) for name in names)
    folder = load_config(find_root(Path.cwd())).with_flags(locks=flags.locks).locks
    paths = sorted(folder.glob("*.conda-lock.yml"))
    if not paths:
        raise MissingLockError(f"there are no locks in {folder}", "type: condavision lock SCRIPT")
    return tuple(read_lock(path) for path in paths)


def config_of(name: str, flags: Flags) -> Config:
    """Return the configuration of a script's project; of the current folder's for a hash.

    Raises:
        AnalysisError: there is no such script.
        ConfigError: the configuration or a flag is wrong.
    """
    if not is_hash(name):
        return open_project(Path(name), flags).config
    config = load_config(find_root(Path.cwd()))
    return config.with_flags(locks=flags.locks, vendored=flags.vendored)


def _candidates(project: Project, flags: Flags) -> Iterator[tuple[Entry, Path]]:
    """Yield the recorded entries: the committed ones, then those of this machine."""
    wanted = (False, True) if INTERPRETERS not in flags.channels else (True,)
    for local in wanted:
        folder = project.locks(local=local)
        for entry in read_index(folder).of(project.key):
            yield entry, folder


def _reread(script: Path, flags: Flags, entry: Entry, import_map: ImportMap) -> Reading:
    """Read the script as it was read when the entry was made: same channels, same paths."""
    recorded = replace(flags, channels=flags.channels or entry.channels)
    return read(open_project(script, recorded), import_map, extra_paths=entry.paths)


def _same_sources(entry: Entry, reading: Reading) -> bool:
    return entry.digest == reading.digest


def _same_requirements(entry: Entry, reading: Reading) -> bool:
    return entry.lock == reading.hash


def _read(path: Path, script: Path) -> Lock:
    if not path.exists():
        raise MissingLockError(
            f"{script} is locked as {path.name}, but that file is missing",
            "restore it from version control",
            f"or type: condavision lock {_typed(script)}",
        )
    try:
        return read_lock(path)
    except LockfileError as error:
        raise LockfileError(error.message, f"type: condavision lock {_typed(script)}") from error


def _stale(script: Path, reading: Reading, lock: Lock) -> StaleLockError:
    changes = (
        "; ".join(differences(lock.metadata, reading.requirements)) or "its requirements changed"
    )
    return StaleLockError(
        f"{script} no longer requires what it was locked for: {changes}",
        f"type: condavision lock {_typed(script)}",
    )


def _typed(script: Path) -> str:
    """Return a path as it can be typed into a shell."""
    return shlex.quote(str(script))
