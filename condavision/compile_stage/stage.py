"""The compile stage: scripts in, committed lock files out. Uses the network; installs nothing."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from condavision.compile_stage.groups import Group, Sources
from condavision.compile_stage.progress import LockProgress
from condavision.core.platforms import spell
from condavision.errors import CondavisionError, UsageError
from condavision.inference.diagnostics import cautions_of
from condavision.locks.diff import compare
from condavision.locks.folder import alone_in
from condavision.locks.index import read_index, write_index
from condavision.locks.lockfile import companions, lock_path, write_lock
from condavision.mapping.import_map import normalized
from condavision.project.targets import folder_keys, near
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.solving import LockSolver
    from condavision.core.model import Lock, LockedPackage
    from condavision.inference.infer import Flags, Reading
    from condavision.locks.diff import Change
    from condavision.locks.index import ScriptIndex
    from condavision.mapping.import_map import ImportMap
    from condavision.project.targets import Target

__all__ = ["LockedScript", "LockingReport", "Renewal", "lock_targets"]

_REMIND_SECONDS = 15.0
_NAME = re.compile(r"[\w.-]*\w", re.ASCII)


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which locks to make again though they are valid.

    ``everything`` drops all earlier versions; ``packages`` are the only ones that may move, their
    names spelt in any way that PEP 503 takes for the same. A lock with other versions than
    ``agreement`` has is made again with those that can be kept.
    """

    everything: bool = False
    packages: frozenset[str] = frozenset()
    agreement: Agreement | None = None

    def wanted(self, lock: Lock) -> bool:
        """Tell whether a valid lock is to be made again."""
        if self.agreement is not None and self.agreement.unkept(lock):
            return True
        return self.everything or any(map(self._moves, lock.packages))

    def kept(self, lock: Lock | None) -> tuple[LockedPackage, ...]:
        """Return what of an earlier lock the new one starts from."""
        if lock is None or self.everything:
            return ()
        return tuple(package for package in lock.packages if not self._moves(package))

    def _moves(self, package: LockedPackage) -> bool:
        return normalized(package.name) in map(normalized, self.packages)


@dataclass(frozen=True, slots=True)
class LockedScript:
    """A target and the lock it got; ``written`` unless a valid one was there.

    ``changes`` are against the lock it had before, if it had one. ``cautions`` are for whoever
    locks.
    """

    reading: Reading
    lock: Lock
    path: Path
    written: bool
    changes: tuple[Change, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(slots=True)
class LockingReport:
    """What became of each target: those locked, and the error of each that could not be.

    ``orphaned`` are the locks, by folder and hash, that these scripts used before and none does
    now. They are not removed. ``left_out`` has a sentence on each file that was passed over.
    """

    locked: list[LockedScript] = field(default_factory=list)
    failed: list[tuple[Target, CondavisionError]] = field(default_factory=list)
    orphaned: tuple[tuple[Path, str], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: the first error's."""
        return self.failed[0][1].code if self.failed else 0


def lock_targets(
    targets: Iterable[Target],
    flags: Flags,
    import_map: ImportMap,
    *,
    renewal: Renewal | None = None,
    progress: LockProgress | None = None,
) -> LockingReport:
    """Lock every target; one that fails does not keep the others from theirs.

    Each requirement set is solved once, whatever the number of scripts that share it, and not at
    all where a valid lock is there. A lock is written as soon as it is solved: who is interrupted
    goes on from there.

    Raises:
        UsageError: a package to upgrade is in no lock.
    """
    renewal, progress = renewal or Renewal(), progress or LockProgress()
    report = LockingReport()
    targets = tuple(targets)
    before = cache(read_index)  # as the locks folders are now, each read once
    sources = Sources(flags, import_map, before, datetime.now(UTC))
    groups = sources.groups(targets, report.failed)
    if renewal.packages:
        _require_known_packages(renewal, groups)
    earlier = {
        (group.folder, entry.lock)
        for group in groups
        for reading in group.readings
        for key in reading.keys
        for entry in before(group.folder).of(key)
    }
    own = frozenset((group.folder, one.project.key) for group in groups for one in group.readings)
    present, unsolved = _parted(groups, renewal)
    for folder, found in present.items():
        report.locked += _record(folder, found, own, written=False)
    if unsolved:
        from condavision.compile_stage.solving import LockSolver  # noqa: PLC0415 - only a solve pays for rattler

        solver = LockSolver(import_map, home(), offline=dict(flags.settings).get("offline", False))
        with progress.solving(len(unsolved)):
            asyncio.run(_solve_groups(unsolved, own, solver, renewal, progress, report))
    places = {target: place for place, target in enumerate(targets)}
    report.locked.sort(key=lambda locked: places[locked.reading.project.target])
    report.failed.sort(key=lambda failed: places[failed[0]])
    report.orphaned = tuple(_orphaned(earlier))
    return report


def _parted(
    groups: Iterable[Group], renewal: Renewal
) -> tuple[dict[Path, list[tuple[Group, Lock]]], list[Group]]:
    """Return the groups that have a valid lock, by folder, and those that have to be solved."""
    present: dict[Path, list[tuple[Group, Lock]]] = {}
    unsolved = []
    for group in groups:
        if group.present is None or _outdated(group, renewal):
            unsolved.append(group)
        else:
            present.setdefault(group.folder, []).append((group, group.present))
    return present, unsolved


def _orphaned(earlier: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    """Yield the locks, by folder and name, that nobody uses any more and that are still there."""
    after = cache(read_index)
    for folder, name in sorted(earlier):
        if name not in after(folder).hashes() and lock_path(folder, name).exists():
            yield folder, name


def _require_known_packages(renewal: Renewal, groups: list[Group]) -> None:
    for name in sorted(renewal.packages):
        alone = _NAME.match(name)
        if alone is None or alone[0] != name:
            typed = f": --upgrade-package {alone[0]}" if alone else ""
            raise UsageError(
                f"`{name}` is not the name of a package",
                f"type its name alone{typed}",
                "which versions are wanted is for the script to say: dependencies of its metadata",
            )
    locked = [package for group in groups if group.former for package in group.former.packages]
    known = {normalized(package.name) for package in locked}
    unknown = sorted(name for name in renewal.packages if normalized(name) not in known)
    if unknown and groups:
        raise UsageError(f"no lock of these scripts has {', '.join(unknown)}", "check the spelling")


def _outdated(group: Group, renewal: Renewal) -> bool:
    lock = group.present
    return (
        lock is None
        or set(group.platforms) != set(lock.platforms)
        or bool(group.terms.unmet(lock.metadata))
        or renewal.wanted(lock)
    )


async def _solve_groups(
    groups: list[Group],
    own: frozenset[tuple[Path, str]],
    solver: LockSolver,
    renewal: Renewal,
    progress: LockProgress,
    report: LockingReport,
) -> None:
    """Solve as many groups at a time as there are processors."""
    turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def solve(group: Group) -> None:
        first = group.readings[0]
        async with turns:
            progress.started(first.project.key)
            reminder = asyncio.create_task(_remind(first.project.key, progress))
            try:
                lock = await solver.solve(
                    first.requirements,
                    group.platforms,
                    group.terms,
                    renewal.kept(group.former or group.shared),
                    renewal.agreement,
                )
                made = (group, _with_overrides(lock, group))
                report.locked += _record(group.folder, [made], own, written=True)
            except CondavisionError as error:
                report.failed += [(reading.project.target, error) for reading in group.readings]
            finally:
                reminder.cancel()
            progress.finished(first.project.key)

    await asyncio.gather(*map(solve, groups))


async def _remind(script: str, progress: LockProgress) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(_REMIND_SECONDS)
        progress.waiting(script, time.monotonic() - started)


def _with_overrides(lock: Lock, group: Group) -> Lock:
    """Record the overrides that decided: whoever reviews the lock has to see them."""
    overrides = {
        module: text
        for reading in group.readings
        for module, text in sorted(reading.overrides.items())
    }
    if not overrides:
        return lock
    return replace(lock, metadata={**lock.metadata, "overrides": spell(overrides)})


def _record(
    folder: Path,
    locks: Iterable[tuple[Group, Lock]],
    own: frozenset[tuple[Path, str]],
    *,
    written: bool,
) -> list[LockedScript]:
    """Write new locks, and note in the index of their folder who uses them.

    A folder that is locked together replaces what its scripts had, but not what this very run locks
    by itself: ``own``, by locks folder and key.
    """
    locks = tuple(locks)
    readings = [one for group, _ in locks for one in group.readings]
    with alone_in(folder):
        for group, lock in locks:
            if written or not companions(folder, lock.hash):
                write_lock(folder, lock, group.readings[0].requirements)
        entries = {one.project.key: one.entry() for one in readings}
        shared = (key for one in readings for key in one.keys if (folder, key) not in own)
        write_index(read_index(folder).updated(entries, dropped=shared))
    return [it for group, lock in locks for it in _locked(group, lock, written=written)]


def _locked(group: Group, lock: Lock, *, written: bool) -> list[LockedScript]:
    changes = compare(group.former, lock) if group.former and written else ()
    committed = _committed(group)
    return [
        LockedScript(
            *(reading, lock, group.path, written, changes),
            cautions=(*cautions_of(reading), *_overshadowed(reading.project.key, committed)),
        )
        for reading in group.readings
    ]


def _committed(group: Group) -> ScriptIndex | None:
    """Return the entries that go before those of a group that only this machine has."""
    first = group.readings[0]
    return read_index(first.project.locks(local=False)) if first.local else None


def _overshadowed(key: str, committed: ScriptIndex | None) -> Iterator[str]:
    if committed is not None and any(map(committed.of, (key, *folder_keys(key)))):
        yield (
            f"{key}: {near(committed.path)} has another lock of it, and `run` takes that one as"
            " long as it fits; for this one, lock and run with --locks OTHER-FOLDER"
        )
