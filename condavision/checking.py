"""Looking at scripts and their locks without touching the network or any environment."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.analysis import require_python
from condavision.analysis.readable import require_readable
from condavision.errors import CondavisionError, MissingLockError, StaleLockError
from condavision.explanation import explain
from condavision.locating import locate
from condavision.lockfile import cautions
from condavision.mapping.import_map import ImportMap
from condavision.reading import open_project, read
from condavision.requirements import differences
from condavision.subdir import current_subdir
from condavision.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.locating import Located
    from condavision.reading import Flags

__all__ = ["CheckReport", "Checked", "check_scripts", "explain_script"]


@dataclass(frozen=True, slots=True)
class Checked:
    """The state of one script: ``ok``, ``missing``, ``stale`` or ``error``, and notes on it."""

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
    """The state of each script."""

    checked: tuple[Checked, ...] = field(default_factory=tuple)

    @property
    def code(self) -> int:
        """The exit code: that of the first script whose lock is not in order."""
        return next((checked.code for checked in self.checked if checked.code), 0)


def check_scripts(scripts: Iterable[Path], flags: Flags) -> CheckReport:
    """Check each script against its lock."""
    return CheckReport(tuple(_check(script, flags) for script in scripts))


def _check(script: Path, flags: Flags) -> Checked:
    try:
        located = locate(script, flags)
        return _check_located(located)
    except MissingLockError as error:
        return _failed(script, "missing", error)
    except StaleLockError as error:
        return _failed(script, "stale", error)
    except CondavisionError as error:
        return _failed(script, "error", error)


def _failed(script: Path, state: str, error: CondavisionError) -> Checked:
    return Checked(str(script), "", state, (error.message, *error.hints), error.code)


def _check_located(located: Located) -> Checked:
    """Say what the lock lacks, what in it nobody vouches for, what would be inferred today."""
    reading, lock = located.reading, located.lock
    require_python(reading.analysis)
    require_readable(reading.analysis)
    key = located.project.key
    wanted = reading.platforms(current_subdir())
    lacking = [platform for platform in wanted if platform not in lock.platforms]
    reasons = [f"not locked for {', '.join(lacking)}"] if lacking else []
    reasons += terms_of(located.project.config).unmet(lock.metadata)
    if reasons:
        notes = (*reasons, f"type: condavision lock {key}")
        return Checked(key, lock.hash, "stale", notes, StaleLockError.code)
    found = []
    if reading.hash != lock.hash:
        today = "; ".join(differences(lock.metadata, reading.requirements))
        found.append(f"would be inferred differently today: {today}")
    return Checked(key, lock.hash, "ok", (*found, *cautions(lock)))


def explain_script(script: Path, flags: Flags) -> dict[str, Any]:
    """Return everything known about a script; with its lock's versions where it has one.

    Raises:
        AnalysisError: the script cannot be read.
        ConfigError: the configuration or a declared dependency is wrong.
    """
    try:
        located = locate(script, flags)
    except CondavisionError:  # no lock, or one that no longer fits: the script explains itself
        return explain(read(open_project(script, flags), ImportMap.bundled()), None, "")
    lock = located.lock if located.lock.hash == located.reading.hash else None
    return explain(located.reading, lock, current_subdir())
