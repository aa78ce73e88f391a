"""Write locks, record which targets use them, and report the result of each target."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from condavision.compile_stage.groups import former_lock
from condavision.compile_stage.prereleases import prereleases
from condavision.core.channels import is_local
from condavision.errors import CondavisionError
from condavision.inference.diagnose import diagnose
from condavision.inference.diagnostics import (
    BelowFloor,
    LocksOfOneMachine,
    OvershadowedLock,
    Prerelease,
    SharedLockChanged,
)
from condavision.inference.runnable import run_as
from condavision.locks.accepted import record_accepted, require_same_files
from condavision.locks.diff import compare
from condavision.locks.folder import alone_in, recorded_file
from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import companions, write_lock
from condavision.locks.modules import record_modules
from condavision.mapping.decisions import Learned
from condavision.project.targets import Module, Together, folder_keys, is_module, target_of
from condavision.system.files import sweep

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.analysis.source.script_search import SkippedFile
    from condavision.compile_stage.groups import Failures, Group
    from condavision.core.model import Lock, Requirements
    from condavision.errors import Diagnostic
    from condavision.inference.diagnostics import SeparateProjects, UnlockedPrograms
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.locks.diff import Change
    from condavision.locks.index import ScriptIndex
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class LockedScript:
    """A target and its lock, in the file ``path``; ``written`` unless it was valid already.

    ``requirements`` are what was solved: those of one of the targets that share the lock.
    What is ``kept`` has the packages that it had, though it may say more about them now. ``before``
    is the lock that the target had, if it could be read. ``changes`` are those of a new lock
    against the one that it started from. ``diagnostics`` are likely mistakes in the target.
    """

    inference: Inference
    requirements: Requirements
    lock: Lock
    path: Path
    written: bool
    kept: bool = False
    before: Lock | None = None
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class LockingReport:
    """The result of each target: the locked ones, and those that failed with their errors.

    ``orphaned`` are the locks, by folder and hash, that these scripts used before and that no
    script uses now; they are not removed. ``skipped`` are files in the given folders that were not
    read. ``separate`` is set if scripts got separate folders of locks because no project joins
    them, ``programs`` if packages there have programs that nothing locks. ``indexes`` are the
    entries now in each locks folder; in a ``dry_run``, those that would be.
    """

    locked: tuple[LockedScript, ...] = ()
    failed: tuple[tuple[Target, CondavisionError], ...] = ()
    orphaned: tuple[tuple[Path, str], ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    separate: SeparateProjects | None = None
    programs: UnlockedPrograms | None = None
    indexes: Mapping[Path, ScriptIndex] = field(default_factory=dict)
    dry_run: bool = False

    @property
    def code(self) -> int:
        """The exit code: the first error's."""
        return self.failed[0][1].code if self.failed else 0


class Recorder:
    """Writes new locks, and records in the index of their folder which targets use them."""

    def __init__(
        self,
        groups: Iterable[Group],
        workspace: Workspace,
        failed: Failures,
        *,
        dry_run: bool = False,
    ) -> None:
        """Note what this run locks separately, by locks folder and key.

        ``indexes`` are those last written, by locks folder; in a ``dry_run``, those that would be.
        """
        self.locked: list[LockedScript] = []
        self.failed = list(failed)
        self.indexes: dict[Path, ScriptIndex] = {}
        self._workspace = workspace
        self._dry_run = dry_run
        for folder in () if dry_run else {group.folder for group in groups}:
            sweep(folder)
        self._own: defaultdict[Path, set[str]] = defaultdict(set)
        for group in groups:
            self._own[group.folder].update(it.project.key for it in group.inferences)

    def record(self, folder: Path, locks: Iterable[tuple[Group, Lock]], *, written: bool) -> None:
        """Record locks of one folder, and what is accepted for them.

        A folder that is locked together from now on replaces the entries of its scripts and
        modules, except those that this run locks separately.

        Raises:
            ConfigError: a URL in a new lock has credentials.
            InstallError: a new lock has another file than was accepted.
        """
        locks = tuple(locks)
        inferences = [one for group, _ in locks for one in group.inferences]
        for group, lock in locks if written else ():
            require_same_files(group.committed, lock)
        entries = {one.project.key: one.entry() for one in inferences}
        before = self._workspace.index(folder)
        keys = (
            key for one in inferences for key in (*self._joined(one, before), *self._script_of(one))
        )
        dropped = [key for key in keys if key not in self._own[folder]]
        for group, _ in () if self._dry_run else locks:
            self._learn(group)
        with alone_in(folder):
            self.indexes[folder] = read_index(folder).updated(entries, dropped=dropped)
            if not self._dry_run:
                for group, lock in locks:
                    if written or not companions(folder, lock.hash):
                        write_lock(folder, lock, group.requirements)
                write_index(self.indexes[folder])
        for group, lock in locks:
            if not self._dry_run:
                self._accept(group, lock)
            found = _locked(group, lock, self._workspace, self._own[folder], written=written)
            if found[0].changes:
                shared = self._shared(group, lock)
                found[0] = replace(found[0], diagnostics=(*found[0].diagnostics, *shared))
            self.locked += found

    def _joined(self, one: Inference, before: ScriptIndex) -> Iterator[str]:
        """Yield the keys of what a folder locks together from now on."""
        target, config = one.project.target, one.project.config
        if not isinstance(target, Together) or before.of(one.project.key):
            return
        yield from one.keys
        files = self._workspace.real_files(target)
        for key in filter(is_module, before.entries):
            module = target_of(key, config.root)
            if recorded_file(module, before.of(key), config) in files:
                yield key

    def _script_of(self, one: Inference) -> Iterator[str]:
        """Yield the key of a script that runs as a module, which its lock is then for."""
        project = one.project
        if not isinstance(project.target, Module):
            return
        file, root = one.analysis.files[0].path, project.config.root
        with suppress(CondavisionError):  # of the script: the module can run all the same
            runs = run_as(file, self._workspace)
            if file.is_relative_to(root) and self._workspace.key(runs, root) == project.key:
                yield self._workspace.key(file, root)

    def _learn(self, group: Group) -> None:
        """Record what this command has learned, of what decides for a group."""
        new = self._workspace.newly_learned(group.committed)
        if not new:
            return
        decisions = (it.decision for one in group.inferences for it in one.resolutions)
        modules = {it.module for it in decisions if isinstance(it, Learned)}
        modules |= {it.key for one in group.inferences for it in one.needs}
        used = {module: it for module, it in new.items() if module in modules}
        if used:
            with alone_in(group.committed):
                record_modules(group.committed, used)

    def _accept(self, group: Group, lock: Lock) -> None:
        now = self._workspace.accepted_now
        candidates = (it for one in group.inferences for it in one.candidates) if now else ()
        names = {it.distribution for it in candidates} & now
        if names:
            with alone_in(group.committed):
                record_accepted(group.committed, names, lock)

    def _shared(self, group: Group, lock: Lock) -> Iterator[SharedLockChanged]:
        """Yield who else has a lock that was changed, and is no target of this run."""
        others = tuple(
            key
            for key, entries in self.indexes[group.folder].entries.items()
            if key not in self._own[group.folder] and any(it.lock == lock.hash for it in entries)
        )
        if others:
            keys = tuple(it.project.key for it in group.inferences)
            yield SharedLockChanged(lock.hash, keys, others)

    def fail(self, group: Group, error: CondavisionError) -> None:
        """Record the error for every target of a group."""
        self.failed += [(it.project.target, error) for it in group.inferences]


def _locked(
    group: Group, lock: Lock, workspace: Workspace, run: Container[str], *, written: bool
) -> list[LockedScript]:
    """Return the targets of a group with their lock; ``run`` are the keys that this run locks."""
    kept = group.present is not None and group.present.packages == lock.packages
    changes = compare(group.former, lock) if group.former and written else ()
    committed = _committed(group, workspace)
    newer = tuple(_prereleases(lock, group.requirements))
    here = written and is_local(workspace.flags.channels)  # which no configuration says
    path = group.path
    return [
        LockedScript(
            *(inference, group.requirements, lock, path, written, kept),
            *(_before(inference, group, lock, workspace, run, written=written), changes),
            diagnostics=(
                *diagnose(inference, workspace, runnable=True),
                *_overshadowed(inference.project.key, committed),
                *newer,
                *_below_floor(inference, lock, workspace),
                *([LocksOfOneMachine(group.folder, configured=False)] if here else []),
            ),
        )
        for inference in group.inferences
    ]


def _before(
    inference: Inference,
    group: Group,
    lock: Lock,
    workspace: Workspace,
    run: Container[str],
    *,
    written: bool,
) -> Lock | None:
    """Return the lock that a target had before this command, as its index was first read.

    It may be that of a folder, unless others of that keep it.
    """
    key = inference.project.key
    if not written and any(it.lock == lock.hash for it in workspace.index(group.folder).of(key)):
        return lock
    parted = (it for it in folder_keys(key) if it not in run)
    return former_lock(group.folder, workspace, (*inference.keys, *parted))


def _committed(group: Group, workspace: Workspace) -> ScriptIndex | None:
    """Return the committed entries, which precede a group's local ones."""
    first = group.inferences[0]
    return workspace.index(first.project.locks(local=False)) if first.local else None


def _prereleases(lock: Lock, requirements: Requirements) -> Iterator[Prerelease]:
    platforms: dict[tuple[str, str], list[str]] = {}
    for package in prereleases(lock.packages, requirements.requirements):
        platforms.setdefault((package.name, package.version), []).append(package.platform)
    for (name, version), where in platforms.items():
        yield Prerelease(name, version, tuple(where))


def _below_floor(inference: Inference, lock: Lock, workspace: Workspace) -> Iterator[BelowFloor]:
    """Yield that this command had to admit older Pythons for a target."""
    if workspace.lowered_floor(inference.project) is not None:
        found = {package.version for package in lock.packages if package.name == "python"}
        project = inference.project
        yield BelowFloor(project.key, project.config.python_floor, tuple(sorted(found)))


def _overshadowed(key: str, committed: ScriptIndex | None) -> Iterator[OvershadowedLock]:
    if committed is not None and any(map(committed.of, (key, *folder_keys(key)))):
        yield OvershadowedLock(key, committed.path)
