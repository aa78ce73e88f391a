"""Check and explain targets and their locks, without the network or any environment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.channels import is_local
from condavision.core.model import LockRecord
from condavision.errors import AnalysisError, CondavisionError, MissingLockError, StaleLockError
from condavision.inference.diagnose import diagnose
from condavision.inference.diagnostics import CandidateName, LocksOfEachMachine
from condavision.inference.inference import applying
from condavision.inference.lock_lookup import locate
from condavision.inference.programs import unlocked_programs
from condavision.inference.recorded import recorded_reading
from condavision.inference.staleness import NotLockedFor, inference_changes, option_changes
from condavision.project.targets import Together, named_target, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.analysis.source.script_search import SkippedFile
    from condavision.core.evidence import ProofLevel
    from condavision.errors import Diagnostic
    from condavision.inference.diagnostics import ExcludedLocks, UnlockedPrograms
    from condavision.inference.lock_lookup import Located
    from condavision.inference.select import Selection
    from condavision.inference.staleness import StaleReason
    from condavision.inference.workspace import Workspace
    from condavision.inspection.explain import Explanation
    from condavision.project.project import Project
    from condavision.project.targets import Target


class LockState(StrEnum):
    """Whether a target has a lock that fits."""

    OK = "ok"
    MISSING = "missing"
    STALE = "stale"
    UNREADABLE = "unreadable"
    """The target cannot be read as Python, or no Python can run it."""
    ERROR = "error"
    """Its configuration or lock cannot be read."""

    @classmethod
    def of(cls, error: CondavisionError) -> LockState:
        """Return the state of a target that has this error."""
        match error:
            case MissingLockError():
                return cls.MISSING
            case StaleLockError():
                return cls.STALE
            case AnalysisError():
                return cls.UNREADABLE
        return cls.ERROR


@dataclass(frozen=True, slots=True)
class Checked:
    """The state of one target's lock, and why.

    ``script`` is its key in ``scripts.yml``, or its path if it has no lock; ``hash`` is that of the
    lock, if any. ``error`` is why there is no lock to compare with. ``reasons`` are why an existing
    lock is stale, and ``command`` solves it again. If the state is ok, ``inferred_differently`` is
    what would be inferred differently today, ``record`` what the lock records about itself,
    ``proof`` how far it is proved, and ``diagnostics`` are likely mistakes; of a missing lock, why
    this machine may have none. ``code`` is the exit code. ``project`` is that of a lock that could
    be compared.
    """

    script: str
    hash: str
    state: LockState
    error: CondavisionError | None = None
    reasons: tuple[StaleReason, ...] = ()
    command: str = ""
    inferred_differently: tuple[StaleReason, ...] = ()
    record: LockRecord = field(default_factory=LockRecord)
    proof: ProofLevel | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    code: int = 0
    project: Project | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The state of each target, and the files in given folders that were skipped.

    ``programs`` is set if packages there have programs that nothing locks, and ``excluded`` are
    locks that nothing checks.
    """

    checked: tuple[Checked, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    programs: UnlockedPrograms | None = None
    excluded: tuple[ExcludedLocks, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: that of the first target whose state is not ok, else 0."""
        return next((checked.code for checked in self.checked if checked.code), 0)

    @property
    def cautions(self) -> tuple[Diagnostic, ...]:
        """All that is likely a mistake, once each: not what a person has decided, such as a name.

        What a lock records for reviews (``Checked.record``) is none either.
        """
        found = (it for checked in self.checked for it in checked.diagnostics)
        undecided = (it for it in found if not (isinstance(it, CandidateName) and it.accepted))
        return tuple(dict.fromkeys([*self.skipped, *undecided, *self.unchecked]))

    @property
    def unchecked(self) -> tuple[Diagnostic, ...]:
        """What nothing here was checked for: programs without a lock, locks that are excluded."""
        return (*([self.programs] if self.programs else []), *self.excluded)


def check_selected(selection: Selection, workspace: Workspace) -> CheckReport:
    """Check each target that was selected, and look for programs that nothing locks.

    Raises:
        LockfileError: a ``scripts.yml`` is damaged.
    """
    report = check_targets(selection.targets, workspace)
    programs = unlocked_programs(selection.modules, selection.targets, workspace)
    return replace(
        report, skipped=selection.skipped, programs=programs, excluded=selection.excluded
    )


def check_targets(targets: Iterable[Target], workspace: Workspace) -> CheckReport:
    """Check each target against its lock."""
    checked = tuple(_check(target, workspace) for target in targets)
    workspace.save()
    return CheckReport(checked)


def _check(target: Target, workspace: Workspace) -> Checked:
    try:
        return _check_located(locate(target, workspace), workspace)
    except MissingLockError as error:
        unreadable = error.obstacle if isinstance(error.obstacle, AnalysisError) else None
        failed = _failed(target, unreadable or error)
        return replace(failed, diagnostics=tuple(_of_each_machine(target, workspace)))
    except CondavisionError as error:
        return _failed(target, error)


def _of_each_machine(target: Target, workspace: Workspace) -> Iterator[LocksOfEachMachine]:
    """Yield why nothing of a project is locked on this machine, though it is on another."""
    project = workspace.project(target)
    config = project.config
    if config.source is None or config.flag_channels or not is_local(config.channels):
        return
    if not workspace.index(project.locks(local=True)).entries:
        yield LocksOfEachMachine(config.source)


def _failed(target: Target, error: CondavisionError) -> Checked:
    return Checked(str(target), "", LockState.of(error), error=error, code=error.code)


def _check_located(located: Located, workspace: Workspace) -> Checked:
    """Compare a target with its lock: what is missing, and what would be inferred today."""
    inference, lock = located.inference, located.lock
    own = located.project.target
    inference.require_runnable(workspace.require_readable, own if isinstance(own, Path) else None)
    key = located.project.key
    wanted = inference.platforms(workspace.platform)
    lacking = tuple(platform for platform in wanted if platform not in lock.platforms)
    reasons: tuple[StaleReason, ...] = (
        *([NotLockedFor(lacking)] if lacking else []),
        *option_changes(lock.record, located.project.config.solve),
    )
    if reasons:
        command = workspace.lock_command(inference.project.target, located.entry.channels)
        return Checked(
            *(key, lock.hash, LockState.STALE),
            reasons=reasons,
            command=command,
            code=StaleLockError.code,
            project=located.project,
        )
    same = inference.hash == lock.hash
    return Checked(
        *(key, lock.hash, LockState.OK),
        inferred_differently=() if same else tuple(inference_changes(lock.record, inference)),
        record=applying(lock.record, inference),
        proof=inference.proof(lock.record),
        diagnostics=diagnose(inference, workspace, runnable=True),
        project=located.project,
    )


def explain_target(target: Target, workspace: Workspace) -> Explanation:
    """Return everything known about a target, with the versions of its lock if it has one.

    Raises:
        AnalysisError: it cannot be read.
        ConfigError: the configuration or a declared dependency is wrong.
    """
    from condavision.inspection.explain import explain  # noqa: PLC0415 - `check` needs none of it

    if isinstance(target, Path) and isinstance(named_target(target), Together):
        raise AnalysisError(
            f"{target} is a folder without __main__.py",
            "give one of its scripts",
            f"or explain them together: run `condavision explain {typed(Together(target))}`",
        )
    try:
        located = locate(target, workspace)
    except StaleLockError:  # explain the target without its lock
        project = workspace.project(target)
        return explain(workspace.infer(project, recorded_reading(project, workspace)), workspace)
    except CondavisionError:  # it has no lock that can be read
        return explain(workspace.infer(workspace.project(target)), workspace)
    inference, owner = located.inference, located.inference.project
    if owner.target != target:
        entry = located.entry
        own = workspace.infer(workspace.project(target, entry.channels), entry.reading)
        return explain(own, workspace, located.lock, together=owner.key)
    lock = located.lock if located.lock.hash == inference.hash else None
    return explain(inference, workspace, lock)
