"""What commands did with each lock and each environment."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condavision.compile_stage.recording import LockedScript
    from condavision.exec_stage.stage import Installed


class InstallStatus(StrEnum):
    """What ``install`` did with an environment."""

    INSTALLED = "installed"
    REUSED = "reused"


def installed_status(found: Installed) -> InstallStatus:
    """Return the state of an environment after ``install``."""
    return InstallStatus.INSTALLED if found.environment.is_new else InstallStatus.REUSED


class LockStatus(StrEnum):
    """What ``lock`` did with a lock."""

    WRITTEN = "written"
    REUSED = "reused"
    TO_WRITE = "to write"
    """It would be written without ``--dry-run``."""


def lock_status(locked: LockedScript, *, dry_run: bool) -> LockStatus:
    """Return the state of a lock after ``lock``."""
    if not locked.written:
        return LockStatus.REUSED
    return LockStatus.TO_WRITE if dry_run else LockStatus.WRITTEN
