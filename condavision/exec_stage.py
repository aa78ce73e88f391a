"""The exec stage: a script's committed lock is found, trusted, installed. Nothing here solves."""

from __future__ import annotations

import os
import re
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from condavision.activation import load as load_activation
from condavision.channel import INTERPRETERS
from condavision.config import SETTINGS_FILES, find_root, home, load_config
from condavision.environment import install
from condavision.errors import LockfileError, MissingLockError, StaleLockError
from condavision.execution import run
from condavision.lockfile import lock_path, read_lock
from condavision.mapping.import_map import ImportMap
from condavision.prefixes import record_use
from condavision.reading import Flags, open_project, read
from condavision.requirements import differences
from condavision.script_index import FILE_NAME, LOCAL, read_index
from condavision.subdir import current_subdir
from condavision.warm_record import WarmInputs, write_warm_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.environment import Environment
    from condavision.model import Lock
    from condavision.progress import Progress
    from condavision.reading import Project, Reading
    from condavision.script_index import Entry

__all__ = ["Located", "find_lock", "install_named", "is_hash", "locate", "run_script"]

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


def run_script(name: str, args: Sequence[str], flags: Flags, progress: Progress) -> NoReturn:
    """Replace this process by a locked script; install its environment first if need be.

    ``name`` is the script as it was typed, which is what it sees as ``sys.argv[0]``.

    Raises:
        CondavisionError: there is no lock that fits, or the environment cannot be made.
    """
    started = time.time_ns()
    script = Path(name)
    located = locate(script, flags)
    environment = install(located.lock, current_subdir(), home=home(), progress=progress)
    activation = load_activation(environment.prefix)
    record_use(environment, script)
    paths = located.python_paths
    if flags == Flags():  # the launcher knows scripts by their path alone
        inputs = _warm_inputs(located, started)
        write_warm_record(home(), script, inputs, environment, activation, paths)
    run(name, args, environment, activation, paths)


def _warm_inputs(located: Located, started: int) -> WarmInputs:
    """Return everything that was read to come to this environment."""
    root = located.project.config.root
    analysis = located.reading.analysis
    indexes = (located.project.locks(local=local) / FILE_NAME for local in (False, True))
    folders = {root, *(folder for folder in analysis.files[0].path.parents if folder > root)}
    settings = (folder / name for folder in folders for name in SETTINGS_FILES)
    return WarmInputs(
        files=(*(file.path for file in analysis.files), located.path, *indexes, *sorted(settings)),
        folders=analysis.searched,
        variables={name: os.environ.get(name) for name in ("PYTHONPATH", "CONDAVISION_HOME")},
        started=started,
    )


def install_named(name: str, flags: Flags, progress: Progress) -> Environment:
    """Install the environment of a script, or of a requirement hash locked in this project.

    Raises:
        CondavisionError: there is no such lock, or the environment cannot be made.
    """
    lock = find_lock(name, flags)
    return install(lock, current_subdir(), home=home(), progress=progress)


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
    config = load_config(find_root(Path.cwd())).with_flags(locks=flags.locks)
    for folder in (config.locks, config.locks / LOCAL):
        path = lock_path(folder, name)
        if path.exists():
            return read_lock(path)
    raise MissingLockError(
        f"there is no lock {name} in {config.locks}", "lock its script: condavision lock SCRIPT"
    )


def _candidates(project: Project, flags: Flags) -> Iterator[tuple[Entry, Path]]:
    """Yield the recorded entries: the committed ones, then those of this machine."""
    wanted = (False, True) if INTERPRETERS not in flags.channels else (True,)
    for local in wanted:
        folder = project.locks(local=local)
        for entry in read_index(folder).of(project.key):
            yield entry, folder


def _reread(script: Path, flags: Flags, entry: Entry, import_map: ImportMap) -> Reading:
    """Read the script as it was read when the entry was made: same channels, same paths."""
    recorded = Flags(flags.channels or entry.channels, flags.platforms, flags.locks)
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
