"""Finding the lock a target may run under: the committed one, as long as it still fits.

Both the exec stage and the commands that only look on start here. Nothing here solves.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis import new_reader
from condavision.analysis.source.scripts import script_file
from condavision.core.channels import INTERPRETERS
from condavision.errors import LockfileError, MissingLockError, StaleLockError
from condavision.inference.infer import (
    Flags,
    lock_command,
    open_project,
    read,
    unused_configuration,
)
from condavision.inference.requirements import differences
from condavision.locks.index import LOCAL, read_index
from condavision.locks.lockfile import lock_path, read_lock
from condavision.mapping.import_map import ImportMap
from condavision.project.config import find_root, load_config
from condavision.project.targets import (
    Module,
    Together,
    folder_keys,
    key_of,
    named_target,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from condavision.analysis import Reader
    from condavision.core.model import Lock
    from condavision.inference.infer import Project, Reading
    from condavision.locks.index import Entry, ScriptIndex
    from condavision.project.config import Config
    from condavision.project.targets import Target

__all__ = ["Known", "Located", "config_of", "find_lock", "find_locks", "is_hash", "locate"]

_HASH = re.compile(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What one command has read so far: it reads no index, lock, file or shared folder twice."""

    import_map: ImportMap = field(default_factory=lambda: ImportMap.bundled())  # noqa: PLW0108
    index_of: Callable[[Path], ScriptIndex] = field(default_factory=lambda: cache(read_index))
    lock_of: Callable[[Path], Lock] = field(default_factory=lambda: cache(read_lock))
    scripts_of: Callable[[Together], frozenset[Path]] = field(
        default_factory=lambda: cache(_scripts_of)
    )
    readers: dict[Path, Reader] = field(default_factory=dict)
    shared: dict[tuple[Path, Entry], Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Located:
    """A target with the lock it may run under.

    ``reading`` is what it requires as read today; that of its whole folder where a script is locked
    together with the others there. ``path`` is the lock's file.
    """

    project: Project
    reading: Reading
    entry: Entry
    lock: Lock
    path: Path

    @property
    def python_paths(self) -> tuple[Path, ...]:
        """Return the folders that the script's process must find modules in."""
        root = self.project.config.root
        recorded = (root / path for path in self.entry.paths)
        return tuple(dict.fromkeys((*self.project.config.paths, *recorded)))


def locate(target: Target, flags: Flags, known: Known | None = None) -> Located:
    """Find the lock of a target: its own, else that of a folder whose scripts share one.

    The recorded hash is trusted while the sources are those that were locked: a newer map or rule
    never orphans an unchanged script. An edit that leaves the requirements as they were is fine.

    Raises:
        MissingLockError: it was never locked.
        StaleLockError: it requires something else now; the message says what changed.
        LockfileError: the lock is damaged.
    """
    known = known or Known()
    project = open_project(target, flags)
    candidates = list(_candidates(project, flags, known))
    if not candidates and isinstance(target, Together):
        folder = shlex.quote(str(target.folder))
        raise MissingLockError(
            f"the scripts of {target.folder} are not locked together",
            f"name one of them: {folder}/SCRIPT",
            f"or give them all one environment: {lock_command(target, flags)}",
            *unused_configuration(target),
        )
    if not candidates:
        where = f" in {target.folder}" if isinstance(target, Module) else ""
        raise MissingLockError(
            f"{target} has no lock{where}",
            f"type: {lock_command(target, flags)}",
            *unused_configuration(target),
        )
    readings = [(it, _reread(it.owner, flags, it.entry, known)) for it in candidates]
    for fits in (_same_sources, _same_requirements):
        for it, reading in readings:
            if fits(it.entry, reading):
                lock = _read(it, flags, known)
                return Located(project, reading, it.entry, lock, it.path)
    it, reading = readings[0]
    raise _stale(it, reading, _read(it, flags, known), flags)


def is_hash(name: str) -> bool:
    """Tell whether a name on the command line is a requirement hash and not a script."""
    return bool(_HASH.match(name)) and not Path(name).exists()


def find_lock(name: str | Target, flags: Flags) -> Lock:
    """Return the lock of a target, or of a requirement hash locked in this project.

    Raises:
        MissingLockError: there is none.
        StaleLockError: the script requires something else now.
        LockfileError: the lock is damaged.
    """
    if not isinstance(name, str) or not is_hash(name):
        return locate(_named(name), flags).lock
    config = config_of(name, flags)
    for folder in (config.locks, config.locks / LOCAL):
        path = lock_path(folder, name)
        if path.exists():
            return read_lock(path)
    raise MissingLockError(
        f"there is no lock {name} in {config.locks}",
        f"lock its script: {lock_command(None, flags)}",
    )


def _named(name: str | Target) -> Target:
    return named_target(Path(name)) if isinstance(name, str) else name


def find_locks(names: Sequence[str | Target], flags: Flags) -> tuple[Lock, ...]:
    """Return the locks of targets and hashes; all that the project commits where none is named.

    Raises:
        CondavisionError: as :func:`find_lock`; or the project has no locks.
    """
    if names:
        return tuple(find_lock(name, flags) for name in names)
    folder = load_config(find_root(Path.cwd())).with_flags(locks=flags.locks).locks
    paths = sorted(folder.glob("*.conda-lock.yml"))
    if not paths and any(folder.joinpath(LOCAL).glob("*.conda-lock.yml")):
        raise MissingLockError(
            f"the locks in {folder} are all made from this machine's interpreters",
            "name whose are wanted: condavision vendor DIR SCRIPT",
            f"or lock with a channel: {lock_command(None, replace(flags, channels=('CHANNEL',)))}",
        )
    if not paths:
        hint = f"type: {lock_command(None, flags)}"
        raise MissingLockError(f"there are no locks in {folder}", hint)
    return tuple(read_lock(path) for path in paths)


def config_of(name: str | Target, flags: Flags) -> Config:
    """Return the configuration of a target's project; of the current folder's for a hash.

    Raises:
        AnalysisError: there is no such script.
        ConfigError: the configuration or a flag is wrong.
    """
    if not isinstance(name, str) or not is_hash(name):
        return open_project(_named(name), flags).config
    config = load_config(find_root(Path.cwd()))
    return config.with_flags(locks=flags.locks, vendored=flags.vendored)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An entry in the index of ``folder``, and whose it is: the target's, or a shared folder's."""

    owner: Target
    entry: Entry
    folder: Path

    @property
    def path(self) -> Path:
        return lock_path(self.folder, self.entry.lock)

    def lock_command(self, flags: Flags) -> str:
        """Return what to type to make this lock again."""
        return lock_command(self.owner, flags, self.entry.channels)


def _candidates(project: Project, flags: Flags, known: Known) -> Iterator[_Candidate]:
    """Yield the recorded entries: the committed ones, then those of this machine."""
    wanted = (False, True) if INTERPRETERS not in flags.channels else (True,)
    for local in wanted:
        folder = project.locks(local=local)
        index = known.index_of(folder)
        owner = project.target if index.of(project.key) else _sharing(project, index, known)
        if owner is not None:
            for entry in index.of(key_of(owner, project.config.root)):
                yield _Candidate(owner, entry, folder)


def _sharing(project: Project, index: ScriptIndex, known: Known) -> Together | None:
    """Return the nearest folder that a script is locked together with."""
    if not isinstance(project.target, Path):
        return None
    script = script_file(project.target).resolve()
    for key in folder_keys(project.key):
        if index.of(key):
            owner = target_of(key, project.config.root)
            if isinstance(owner, Together) and script in known.scripts_of(owner):
                return owner
    return None


def _scripts_of(folder: Together) -> frozenset[Path]:
    return frozenset(script.resolve() for script in folder.scripts())


def _reread(owner: Target, flags: Flags, entry: Entry, known: Known) -> Reading:
    """Read the target as it was read when the entry was made: same channels, same paths."""
    recorded = replace(flags, channels=flags.channels or entry.channels)
    project = open_project(owner, recorded)
    root = project.config.root
    if root not in known.readers:
        known.readers[root] = new_reader(root)
    if not isinstance(owner, Together):
        reader = known.readers[root]
        return read(project, known.import_map, extra_paths=entry.paths, reader=reader)
    place = (owner.folder, entry)
    if place not in known.shared:
        known.shared[place] = read(
            project, known.import_map, extra_paths=entry.paths, reader=known.readers[root]
        )
    return known.shared[place]


def _same_sources(entry: Entry, reading: Reading) -> bool:
    return entry.digest == reading.digest


def _same_requirements(entry: Entry, reading: Reading) -> bool:
    return entry.lock == reading.hash


def _read(candidate: _Candidate, flags: Flags, known: Known) -> Lock:
    path, command = candidate.path, candidate.lock_command(flags)
    mend = ["restore it from version control", f"or type: {command}"]
    if candidate.folder.name == LOCAL:  # which is in no version control
        mend = [f"type: {command}"]
    if not path.exists():
        raise MissingLockError(
            f"{candidate.owner} is locked as {path.name}, but that file is missing", *mend
        )
    try:
        return known.lock_of(path)
    except LockfileError as error:
        raise LockfileError(error.message, *mend) from error


def _stale(candidate: _Candidate, reading: Reading, lock: Lock, flags: Flags) -> StaleLockError:
    changes = (
        "; ".join(differences(lock.metadata, reading.requirements)) or "its requirements changed"
    )
    return StaleLockError(
        f"{candidate.owner} no longer requires what it was locked for: {changes}",
        f"type: {candidate.lock_command(flags)}",
    )
