"""Scripts with equal requirements, and the locks that exist before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import require_script, script_file
from condavision.core.model import Manager
from condavision.core.pythons import shortest
from condavision.errors import CondavisionError, LockfileError, UnsolvableError
from condavision.inference.readable import infer_readable, require_lockable
from condavision.inference.recorded import recorded_reading
from condavision.locks.lockfile import lock_path
from condavision.project.targets import folder_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.core.model import Lock, Requirements
    from condavision.core.pythons import Minor, PythonRange
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.project.project import Project
    from condavision.project.solve_options import SolveOptions
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Group:
    """Scripts with equal requirements, which share one lock, by name.

    ``present`` is the valid lock, if any, and ``is_recorded`` whether all scripts were locked with
    it as they are now. ``former`` is the lock to start from otherwise. If there is none, ``shared``
    are: those of the scripts that a folder joins, and of a folder that they were locked together
    with. ``platforms`` are all that a script requests or the lock has.
    """

    folder: Path
    inferences: tuple[Inference, ...]
    present: Lock | None
    former: Lock | None
    shared: tuple[Lock, ...]
    platforms: tuple[str, ...]
    options: SolveOptions
    is_recorded: bool = False

    @property
    def earlier(self) -> tuple[Lock, ...]:
        """The locks to start from."""
        return (self.former,) if self.former else self.shared

    @property
    def path(self) -> Path:
        """The file of the group's lock, which may not exist yet."""
        return lock_path(self.folder, self.inferences[0].hash)

    @property
    def requirements(self) -> Requirements:
        """What the lock is solved for: the targets differ only in the places that require it."""
        return self.inferences[0].requirements

    @property
    def committed(self) -> Path:
        """The folder of committed locks; ``folder`` is below it for locks of this machine."""
        return self.inferences[0].project.locks(local=False)


Failures = list[tuple["Target", CondavisionError]]
"""Targets that could not be locked, each with its error."""


def group_targets(
    targets: Iterable[Target], workspace: Workspace, *, anew: bool = False
) -> tuple[list[Group], Failures]:
    """Infer every target and group those with equal requirements; return the failures too.

    ``anew`` ignores that a target was locked for Pythons below ``python-floor``.
    """
    failed: Failures = []
    projects = []
    for target in targets:
        try:
            project = workspace.project(target)
            if isinstance(target, Path) and not _is_recorded(project, workspace):
                require_script(script_file(target))
            projects.append(project)
        except CondavisionError as error:
            failed.append((target, error))
    workspace.prefetch(projects)
    joined: dict[tuple[Path, str], list[Inference]] = {}
    for project in projects:
        try:
            inference = _infer(project, workspace, anew=anew)
        except CondavisionError as error:
            failed.append((project.target, error))
        else:
            folder = project.locks(local=inference.local)
            joined.setdefault((folder, inference.hash), []).append(inference)
    workspace.save()
    workspace.prefetch_locks(lock_path(folder, hash_) for folder, hash_ in joined)
    groups = []
    for (folder, _), found in joined.items():
        try:
            groups.append(_group(folder, found, workspace))
        except CondavisionError as error:
            failed += [(inference.project.target, error) for inference in found]
    workspace.prefetch_analyses(group.inferences[0].project for group in groups)
    return groups, failed


def _is_recorded(project: Project, workspace: Workspace) -> bool:
    return any(
        workspace.index(project.locks(local=local)).of(project.key) for local in (False, True)
    )


def _infer(project: Project, workspace: Workspace, *, anew: bool) -> Inference:
    reading = recorded_reading(project, workspace)
    known = None if anew else reading.floor
    lowered = workspace.lowered_floor(project)
    asked = project.config.solve.python
    first = lowered if asked is not None or lowered is not None else known
    inference = infer_readable(project, workspace, replace(reading, floor=first))
    if asked is not None and not inference.requirements.python & asked:
        floor = _floor_for(asked, inference, known)
        inference = infer_readable(project, workspace, replace(reading, floor=floor))
    require_lockable(inference, workspace)
    return inference


def _floor_for(asked: PythonRange, inference: Inference, known: Minor | None) -> Minor:
    """Return the floor that admits Pythons that are asked for: the ``known`` one if it does.

    Raises:
        UnsolvableError: the code itself does not admit them; the message has the places.
    """
    pythons = inference.analysis.python
    possible = pythons & asked
    if possible:
        return known if known and pythons.raised(known) & asked else min(possible.minors)
    reasons = inference.analysis.reasons
    decisive = [it for it in reasons if not it.pythons & asked] or reasons
    places = "; ".join(f"{it.location}: {it.rule} means {it.pythons}" for it in decisive)
    raise UnsolvableError(
        f"no Python {shortest(asked)} runs it: {places}", "choose another `--python`"
    )


def _group(folder: Path, inferences: list[Inference], workspace: Workspace) -> Group:
    """Find the group's locks; the order in which scripts were given does not matter."""
    inferences = sorted(inferences, key=lambda inference: inference.project.key)
    first = inferences[0]
    present = valid_lock(lock_path(folder, first.hash), workspace)
    former = former_lock(folder, workspace, (it.project.key for it in inferences))
    joined = [key for it in inferences for key in it.keys[1:]]
    around = [key for it in inferences for key in folder_keys(it.project.key)]
    index = workspace.index(folder)
    return Group(
        folder=folder,
        inferences=tuple(inferences),
        present=present,
        former=present or former,
        shared=tuple(_former_locks(folder, workspace, [*joined, *around])),
        platforms=_platforms(inferences, present, workspace.platform),
        options=first.project.config.solve,
        is_recorded=all(
            any(it.digest == one.digest for it in index.of(one.project.key) if it.lock == one.hash)
            for one in inferences
        ),
    )


def former_lock(folder: Path, workspace: Workspace, keys: Iterable[str]) -> Lock | None:
    """Return the first valid lock of these keys of ``scripts.yml``."""
    return next(_former_locks(folder, workspace, keys), None)


def _former_locks(folder: Path, workspace: Workspace, keys: Iterable[str]) -> Iterator[Lock]:
    entries = (entry.lock for key in keys for entry in workspace.index(folder).of(key))
    for name in dict.fromkeys(entries):
        lock = valid_lock(lock_path(folder, name), workspace)
        if lock is not None:
            yield lock


def _platforms(inferences: list[Inference], lock: Lock | None, here: str) -> tuple[str, ...]:
    """Return every platform that a script requests, and those that the lock already has."""
    wanted = dict.fromkeys(
        platform for inference in inferences for platform in inference.platforms(here)
    )
    kept = lock.platforms if lock else ()
    return tuple(dict.fromkeys((*kept, *wanted))) if kept else tuple(wanted)


def valid_lock(path: Path, workspace: Workspace) -> Lock | None:
    """Return the lock at ``path``; None if there is none or it has to be solved again.

    Raises:
        UntrustedError: another user can change it.
    """
    if not path.exists():
        return None
    try:
        lock = workspace.lock(path)
    except LockfileError:
        return None
    embedded = [it for it in lock.packages if lock.is_local and it.manager is Manager.CONDA]
    return lock if all(workspace.has_interpreter(it.url, it.sha256) for it in embedded) else None
