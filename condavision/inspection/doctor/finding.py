"""What the doctor says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.errors import StaleLockError

if TYPE_CHECKING:
    from condavision.errors import CondavisionError

__all__ = ["Finding", "State"]


class State(StrEnum):
    """How a thing is; only what is broken keeps scripts from running."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of ``what`` in an ``area``, what was found, and what to type to mend it."""

    area: str
    what: str
    state: State
    found: str
    mend: str = ""
    reasons: tuple[object, ...] = ()
    """Why a lock is stale: :data:`condavision.inference.staleness.StaleReason`."""

    @classmethod
    def of_error(cls, area: str, what: str, error: CondavisionError) -> Finding:
        """Return what an error says, as something broken."""
        reasons = error.reasons if isinstance(error, StaleLockError) else ()
        return cls(area, what, State.BROKEN, error.message, "; or ".join(error.hints), reasons)
