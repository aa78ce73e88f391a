"""What the doctor says of one thing it looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

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

    @classmethod
    def of_error(cls, area: str, what: str, error: CondavisionError) -> Finding:
        """Return what an error says, as something broken."""
        return cls(area, what, State.BROKEN, error.message, "; or ".join(error.hints))

    def row(self) -> tuple[str, str, str, str, str]:
        """Return the row of the doctor's table."""
        return (self.what, self.area, str(self.state), self.found, self.mend)

    def as_json(self) -> dict[str, Any]:
        """Return what ``doctor --json`` says."""
        return asdict(self)
