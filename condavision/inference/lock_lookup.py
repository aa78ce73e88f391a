"""Find the lock that a target may run under: the committed one, as long as it still fits.

Both the exec stage and the commands that only inspect start here. Nothing here solves.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import module_name
from condavision.core.model import INTERPRETERS
from condavision.errors import (
    LockfileError,
    MissingLockError,
    StaleLockError,
    UsageError,
)
from condavision.inference.missing_lock import missing
from condavision.inference.readable import infer_readable
from condavision.inference.relative_imports import relative_import_of
from condavision.inference.staleness import inference_changes
from condavision.locks.lockfile import lock_path
from condavision.project.config import LOCAL
from condavision.project.targets import (
    Module,
    Together,
    file_of,
    folder_keys,
    named_target,
    near,
    target_of,
)
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.core.model import Lock
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.locks.index import Entry, ScriptIndex
    from condavision.project.config import Config
    from condavision.project.project import Project
    from condavision.project.targets import Target

_log = logging.getLogger(__name__)
_HASH = re.compile(r"[0-9a-f]{6,16}\Z")


@dataclass(frozen=True, slots=True)
class Located:
    """A target with the lock it may run under.

    ``inference`` is what it requires today; that of its whole folder where a script is locked
    together with the others there. ``path`` is the lock's file.
    """

    project: Project
    inference: Inference
    entry: Entry
    lock: Lock
    path: Path

    @property
    def python_paths(self) -> tuple[Path, ...]:
        """The folders that the script's process must find modules in."""
        root = self.project.config.root
        recorded = (root / path for path in self.entry.paths)
        return tuple(dict.fromkeys((*self.project.config.paths, *recorded)))


def locate(target: Target, workspace: Workspace) -> Located:
    """Find the lock of a target: its own, that of its module, or of a folder that shares one.

    A script that imports relatively runs as its module.

    The recorded hash is trusted while the sources are those that were locked: a newer map or rule
    never orphans an unchanged script. An edit that leaves the requirements as they were is fine.

    Raises:
        MissingLockError: it was never locked.
        StaleLockError: its requirements have changed; ``reasons`` has how.
        AnalysisError: it cannot be read, or not after a change that makes its lock stale.
        LockfileError: the lock is damaged.
    """
    project = workspace.project(target)
    candidates = list(_candidates(project, workspace))
    if not candidates:
        raise missing(target, workspace)
    inferred = [(it, _infer_again(it, workspace)) for it in candidates]
    for fits in (_same_sources, _same_requirements):
        for it, inference in inferred:
            if fits(it.entry, inference):
                _log.info("%s runs under %s", project.key, it.path)
                return Located(project, inference, it.entry, _read(it, workspace), it.path)
    it, inference = inferred[0]
    infer_readable(inference.project, workspace, it.entry.reading)  # else all of it is "removed"
    raise StaleLockError(
        f"the lock of {it.owner} is stale",
        f"run `{it.lock_command(workspace)}`",
        reasons=tuple(inference_changes(_read(it, workspace).record, inference)),
    )


def is_recorded(target: Target, workspace: Workspace) -> bool:
    """Return whether a target has a lock, of its own or of its folder, that may not fit.

    Raises:
        AnalysisError: it does not exist.
        ConfigError: the configuration or a flag is wrong.
        LockfileError: ``scripts.yml`` is damaged.
    """
    return any(_candidates(workspace.project(target), workspace))


def last_locked(target: Target, workspace: Workspace) -> tuple[Target, tuple[str, ...]]:
    """Return what a target was locked as, whether that lock still fits or not, and the channels.

    That is the target itself or the folder it is locked together with; no channels are those of
    the configuration.

    Raises:
        MissingLockError: it was never locked.
        AnalysisError: it does not exist.
        LockfileError: ``scripts.yml`` is damaged.
    """
    for it in _candidates(workspace.project(target), workspace):
        return it.owner, it.entry.channels
    raise missing(target, workspace)


def is_hash(name: str) -> bool:
    """Return whether a name on the command line is a requirement hash and not a script.

    At least six digits of the sixteen are given.
    """
    return bool(_HASH.match(name)) and not Path(name).exists()


def find_lock(name: str | Target, workspace: Workspace) -> Lock:
    """Return the lock of a target, or of a requirement hash locked in this project.

    Raises:
        MissingLockError: there is none.
        UsageError: several hashes begin so.
        StaleLockError: the requirements of the script have changed.
        LockfileError: the lock is damaged.
    """
    if not isinstance(name, str) or not is_hash(name):
        return locate(named(name), workspace).lock
    config = workspace.config()
    for folder in (config.locks, config.locks / LOCAL):
        found = locks_named(name, folder)
        if found:
            return workspace.lock(found[0])
    raise MissingLockError(
        f"no lock {name} in {config.locks}", f"lock its script: run `{workspace.lock_command()}`"
    )


def locks_named(name: str, folder: Path) -> tuple[Path, ...]:
    """Return the lock in a folder whose hash is ``name`` or begins with it, or none.

    Raises:
        UsageError: there are several.
    """
    found = tuple(sorted(folder.glob(lock_path(folder, f"{name}*").name)))
    if len(found) > 1:
        hashes = ", ".join(path.name.partition(".")[0] for path in found)
        raise UsageError(f"several locks begin with {name}: {hashes}", "give more digits")
    return found


def named(name: str | Target) -> Target:
    """Return the target of a name on the command line that is no hash."""
    return named_target(Path(name)) if isinstance(name, str) else name


def find_locks(names: Sequence[str | Target], workspace: Workspace) -> tuple[Lock, ...]:
    """Return the locks of targets and hashes; without names, all committed ones of the project.

    Raises:
        CondavisionError: as :func:`find_lock`; or the project has no locks.
    """
    if names:
        return tuple(find_lock(name, workspace) for name in names)
    folder = workspace.config().locks
    paths = sorted(folder.glob("*.conda-lock.yml"))
    if paths:
        return tuple(map(workspace.lock, paths))
    if any(folder.joinpath(LOCAL).glob("*.conda-lock.yml")):
        first = min(workspace.index(folder / LOCAL).entries, default="a.py")
        raise MissingLockError(
            f"all locks in {folder} are made from this machine's interpreters",
            f"give a script, such as {shell_word(near(workspace.config().root / first))}",
            "or lock with a channel that has a URL: run `condavision lock -c conda-forge SCRIPT`",
        )
    hint = f"run `{workspace.lock_command(near(workspace.config().root))}`"
    raise MissingLockError(f"no locks in {folder}", hint)


def config_of(name: str | Target, workspace: Workspace) -> Config:
    """Return the configuration of a target's project; for a hash, of the current folder's.

    Raises:
        AnalysisError: the script does not exist.
        ConfigError: the configuration or a flag is wrong.
    """
    if isinstance(name, str) and is_hash(name):
        return workspace.config()
    return workspace.project(named(name)).config


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An entry in the index of ``folder``, and its owner: the target or a shared folder."""

    owner: Target
    entry: Entry
    folder: Path

    @property
    def path(self) -> Path:
        return lock_path(self.folder, self.entry.lock)

    def lock_command(self, workspace: Workspace) -> str:
        """Return the command that solves this lock again."""
        return workspace.lock_command(self.owner, self.entry.channels)


def _candidates(project: Project, workspace: Workspace) -> Iterator[_Candidate]:
    """Yield the recorded entries: the committed ones, then those of this machine."""
    wanted = (False, True) if INTERPRETERS not in workspace.flags.channels else (True,)
    for local in wanted:
        folder = project.locks(local=local)
        index = workspace.index(folder)
        owner: Target | None = project.target
        if not index.of(project.key):
            module = _module(project, index, workspace)
            owner = module or _sharing(project, index, workspace)
        if owner is not None:
            for entry in index.of(workspace.key(owner, project.config.root)):
                yield _Candidate(owner, entry, folder)
        elif isinstance(project.target, Module):
            yield from _of_script(project.target, project, folder, workspace)


def _of_script(
    module: Module, project: Project, folder: Path, workspace: Workspace
) -> Iterator[_Candidate]:
    """Yield the entries of a module's file as a script, where the module requires the same."""
    file = file_of(module, project.config.paths)
    if file is None or not file.is_relative_to(project.config.root):
        return
    for entry in workspace.index(folder).of(workspace.key(file, project.config.root)):
        found = _Candidate(module, entry, folder)
        if _same_requirements(entry, _infer_again(found, workspace)):
            yield found


def locked_module(script: Path, workspace: Workspace) -> Module | None:
    """Return the module that a script runs as, where that is locked.

    Raises:
        AnalysisError: the script does not exist, or cannot be read.
        ConfigError: the configuration or a flag is wrong.
        LockfileError: ``scripts.yml`` is damaged.
    """
    project = workspace.project(script)
    indexes = (workspace.index(project.locks(local=local)) for local in (False, True))
    return next(filter(None, (_module(project, it, workspace) for it in indexes)), None)


def _module(project: Project, index: ScriptIndex, workspace: Workspace) -> Module | None:
    """Return the module in an index that a script runs as, because it imports relatively."""
    if not isinstance(project.target, Path):
        return None
    root = project.config.root
    name, folder = module_name(workspace.real_of(project.target))
    module = Module(name, folder)
    if not name or not folder.is_relative_to(root) or not index.of(workspace.key(module, root)):
        return None
    return module if relative_import_of(project.target, workspace) else None


def _sharing(project: Project, index: ScriptIndex, workspace: Workspace) -> Together | None:
    """Return the nearest folder that a script or module is locked together with."""
    root, target = project.config.root, project.target
    if isinstance(target, Module):
        file = file_of(target, project.config.paths)
    else:
        file = workspace.real_of(target) if isinstance(target, Path) else None
    if file is None or not file.is_relative_to(root):
        return None
    for key in folder_keys(workspace.key(file, root)):
        if index.of(key):
            owner = target_of(key, root)
            if isinstance(owner, Together) and file in workspace.real_files(owner):
                return owner
    return None


def _infer_again(candidate: _Candidate, workspace: Workspace) -> Inference:
    """Infer a target as when the entry was made: with the same channels, paths and floor."""
    entry = candidate.entry
    return workspace.infer(workspace.project(candidate.owner, entry.channels), entry.reading)


def _same_sources(entry: Entry, inference: Inference) -> bool:
    return entry.digest == inference.digest


def _same_requirements(entry: Entry, inference: Inference) -> bool:
    return entry.lock == inference.hash


def _read(candidate: _Candidate, workspace: Workspace) -> Lock:
    path = candidate.path
    try:
        return workspace.lock(path)
    except LockfileError as error:
        command = candidate.lock_command(workspace)
        hints = ["restore it from version control", f"or run `{command}`"]
        if candidate.folder.name == LOCAL:  # which is in no version control
            hints = [f"run `{command}`"]
        if not path.exists():
            raise MissingLockError(
                f"{candidate.owner} is locked as {path.name}, but that file is missing", *hints
            ) from None
        raise LockfileError(error.message, *hints) from error
