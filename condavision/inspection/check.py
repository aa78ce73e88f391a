"""Looking at targets and their locks without touching the network or any environment."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.core.platforms import current_subdir
from condavision.errors import AnalysisError, CondavisionError, MissingLockError, StaleLockError
from condavision.inference.diagnostics import cautions_of
from condavision.inference.infer import lock_command, open_project, read
from condavision.inference.lock_lookup import Known, locate
from condavision.inference.requirements import differences
from condavision.inspection.explain import explain
from condavision.locks.lockfile import cautions
from condavision.mapping.import_map import ImportMap
from condavision.project.config import terms_of
from condavision.project.targets import Together, named_target, typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.inference.infer import Flags
    from condavision.inference.lock_lookup import Located
    from condavision.project.targets import Target

__all__ = ["CheckReport", "Checked", "check_targets", "explain_target"]


@dataclass(frozen=True, slots=True)
class Checked:
    """The state of one target: ``ok``, ``missing``, ``stale`` or ``error``, and notes on it."""

    script: str
    hash: str
    state: str
    notes: tuple[str, ...] = ()
    code: int = 0

    def row(self) -> tuple[str, str, str, str]:
        """Return the row of ``check``'s table."""
        return (self.script, self.hash, self.state, "; ".join(self.notes))

    def as_json(self) -> dict[str, Any]:
        """Return what ``check --json`` says."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The state of each target; ``left_out`` has a sentence on each file that was passed over."""

    checked: tuple[Checked, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: that of the first script whose lock is not in order."""
        return next((checked.code for checked in self.checked if checked.code), 0)


def check_targets(targets: Iterable[Target], flags: Flags) -> CheckReport:
    """Check each target against its lock."""
    known = Known()
    return CheckReport(tuple(_check(target, flags, known) for target in targets))


def _check(target: Target, flags: Flags, known: Known) -> Checked:
    try:
        return _check_located(locate(target, flags, known), flags)
    except MissingLockError as error:
        return _failed(target, "missing", error)
    except StaleLockError as error:
        return _failed(target, "stale", error)
    except CondavisionError as error:
        return _failed(target, "error", error)


def _failed(target: Target, state: str, error: CondavisionError) -> Checked:
    return Checked(str(target), "", state, (error.message, *error.hints), error.code)


def _check_located(located: Located, flags: Flags) -> Checked:
    """Say what the lock lacks, what in it nobody vouches for, what would be inferred today."""
    reading, lock = located.reading, located.lock
    own = located.project.target
    reading.require_runnable(own if isinstance(own, Path) else None)
    key = located.project.key
    wanted = reading.platforms(current_subdir())
    lacking = [platform for platform in wanted if platform not in lock.platforms]
    reasons = [f"not locked for {', '.join(lacking)}"] if lacking else []
    reasons += terms_of(located.project.config).unmet(lock.metadata)
    if reasons:
        command = lock_command(reading.project.target, flags, located.entry.channels)
        notes = (*reasons, f"type: {command}")
        return Checked(key, lock.hash, "stale", notes, StaleLockError.code)
    found = []
    if reading.hash != lock.hash:
        today = "; ".join(differences(lock.metadata, reading.requirements))
        found.append(f"would be inferred differently today: {today}")
    return Checked(key, lock.hash, "ok", (*found, *cautions(lock), *cautions_of(reading)))


def explain_target(target: Target, flags: Flags) -> dict[str, Any]:
    """Return everything known about a target; with its lock's versions where it has one.

    Raises:
        AnalysisError: it cannot be read.
        ConfigError: the configuration or a declared dependency is wrong.
    """
    if isinstance(target, Path) and isinstance(named_target(target), Together):
        raise AnalysisError(
            f"{target} is a folder without __main__.py",
            "name a script of it",
            f"or take all of them as one: condavision explain {typed(Together(target))}",
        )
    try:
        located = locate(target, flags)
    except CondavisionError:  # no lock, or one that no longer fits: the target explains itself
        return explain(read(open_project(target, flags), ImportMap.bundled()), None, "")
    reading, owner = located.reading, located.reading.project
    if owner.target != target:
        recorded = replace(flags, channels=flags.channels or located.entry.channels)
        own = read(open_project(target, recorded), ImportMap.bundled())
        return {**explain(own, located.lock, current_subdir()), "together": owner.key}
    lock = located.lock if located.lock.hash == reading.hash else None
    return explain(reading, lock, current_subdir())
