"""The compile stage, from scripts to committed lock files. It may use the network."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from condavision.compile_stage.groups import group_targets
from condavision.compile_stage.recording import LockingReport, Recorder
from condavision.compile_stage.renewal import Renewal
from condavision.compile_stage.retire import part_folders
from condavision.errors import UsageError
from condavision.inference.diagnostics import SeparateProjects
from condavision.inference.programs import unlocked_programs
from condavision.inference.select import select_to_lock
from condavision.locks.lockfile import lock_path
from condavision.system.limits import require_resources
from condavision.system.progress import Progress, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from condavision.compile_stage.groups import Group
    from condavision.core.model import Lock
    from condavision.inference.select import Named
    from condavision.inference.workspace import Workspace
    from condavision.locks.index import ScriptIndex
    from condavision.project.targets import Target

_log = logging.getLogger(__name__)


def lock(
    named: Named,
    workspace: Workspace,
    *,
    renewal: Renewal | None = None,
    progress: Progress | None = None,
    gone: bool = False,
    dry_run: bool = False,
) -> LockingReport:
    """Lock the given targets; a target that fails does not stop the others.

    Each requirement set is solved once, however many scripts share it, and not at all if it has a
    valid lock. A lock is written as soon as it is proved, so that an interrupted run resumes. With
    ``gone``, a given folder may have only deleted scripts. A ``dry_run`` writes no file of the
    project.

    Raises:
        UsageError: no target is given, a folder in ``apart`` is not locked together, a package to
            upgrade is in no lock, or no engine uses the option ``conda``.
        AnalysisError: a path does not exist, or a folder has no script and nothing recorded.
        LockfileError: the ``scripts.yml`` of a folder is damaged.
    """
    renewal, progress = renewal or Renewal(), progress or Progress()
    selection = select_to_lock(named, workspace, gone=gone)
    roots = _unmarked_roots(selection.targets, workspace)
    groups, failed = group_targets(selection.targets, workspace, anew=renewal.everything)
    for group in groups:
        group.options.require_used()
    renewal.require_known(groups)
    proving = any(group.options.prove for group in groups)  # which may need more
    if workspace.accepted_now and not failed and not proving:
        _require_candidates(workspace.accepted_now, groups)
    earlier = _earlier_locks(groups, workspace)
    present, others = _parted(groups, renewal)
    unsolved = [group for group in others if renewal.present(group) is None]
    _log.info("sets of requirements: %d, to solve: %d", len(groups), len(unsolved))
    recorder = Recorder(groups, workspace, failed, dry_run=dry_run)
    for folder, found in present.items():
        recorder.record(folder, found, written=False)
    if unsolved:
        require_resources()
    if others:
        from condavision.compile_stage.rounds import lock_groups  # noqa: PLC0415 - needs engines

        with progress.doing(Work.SOLVING, len(unsolved)) as task:
            lock_groups(others, workspace, renewal, task, recorder)
    programs = unlocked_programs(selection.modules, selection.targets, workspace)
    workspace.save()  # what follows from the scripts
    parted = () if dry_run else part_folders(named.apart, workspace, recorder.failed)
    places = {target: place for place, target in enumerate(selection.targets)}
    return LockingReport(
        locked=tuple(sorted(recorder.locked, key=lambda it: places[it.inference.project.target])),
        failed=tuple(sorted(recorder.failed, key=lambda it: places[it[0]])),
        orphaned=tuple(sorted({*_orphaned(earlier, recorder.indexes), *parted})),
        skipped=selection.skipped,
        separate=SeparateProjects(roots) if len(roots) > 1 else None,
        programs=programs,
        indexes=recorder.indexes,
        dry_run=dry_run,
    )


def _unmarked_roots(targets: Iterable[Target], workspace: Workspace) -> tuple[Path, ...]:
    """Return the project roots that nothing marks as such yet."""
    if workspace.flags.locks is not None:
        return ()
    places = dict.fromkeys(map(workspace.place_of, targets))
    roots = dict.fromkeys(map(workspace.settings.root_of, places))
    return tuple(root for root in roots if not workspace.settings.is_marked(root))


def _require_candidates(names: AbstractSet[str], groups: Iterable[Group]) -> None:
    """Refuse names to accept that no target has to have accepted.

    Raises:
        UsageError: there are such names.
    """
    inferences = (inference for group in groups for inference in group.inferences)
    needed = {it.distribution for inference in inferences for it in inference.candidates}
    if unknown := sorted(names - needed):
        raise UsageError(
            f"nothing here needs --accept {', '.join(unknown)}",
            "check the spelling, or omit it: what is reviewed or declared needs no acceptance",
        )


def _earlier_locks(groups: Iterable[Group], workspace: Workspace) -> set[tuple[Path, str]]:
    """Return the locks, by folder and hash, that the scripts of these groups have so far."""
    earlier: set[tuple[Path, str]] = set()
    for group in groups:
        index = workspace.index(group.folder)
        keys = (key for inference in group.inferences for key in inference.keys)
        locks = {entry.lock for key in keys for entry in index.of(key)}
        earlier.update((group.folder, it) for it in locks)
    return earlier


def _parted(
    groups: Iterable[Group], renewal: Renewal
) -> tuple[dict[Path, list[tuple[Group, Lock]]], list[Group]]:
    """Return the groups with a lock for their scripts as they are, by folder, and the others."""
    present: dict[Path, list[tuple[Group, Lock]]] = {}
    others = []
    for group in groups:
        lock = renewal.present(group)
        if lock is None or not group.is_recorded or not renewal.is_proved(group):
            others.append(group)
        else:
            present.setdefault(group.folder, []).append((group, lock))
    return present, others


def _orphaned(
    earlier: Iterable[tuple[Path, str]], after: Mapping[Path, ScriptIndex]
) -> Iterator[tuple[Path, str]]:
    """Yield the existing locks, by folder and name, that are no longer used."""
    used = {folder: index.hashes() for folder, index in after.items()}
    for folder, name in earlier:
        if folder in used and name not in used[folder] and lock_path(folder, name).exists():
            yield folder, name
