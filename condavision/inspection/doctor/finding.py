"""What the doctor examines, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.errors import StaleLockError

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.errors import CondavisionError
    from condavision.project.config import Config

UNREACHABLE = "check the network and the proxy settings (https_proxy)"
"""How to fix a failed network check."""


class State(StrEnum):
    """The state of a finding; only BROKEN can keep scripts from running."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of ``what`` in an ``area``, what was found, and how to fix it."""

    area: str
    what: str
    state: State
    found: str
    fix: str = ""
    reasons: tuple[object, ...] = ()
    """Why a lock is stale: :data:`condavision.inference.staleness.StaleReason`."""

    @classmethod
    def of_error(cls, area: str, what: str, error: CondavisionError) -> Finding:
        """Return an error as a finding that is broken."""
        reasons = error.reasons if isinstance(error, StaleLockError) else ()
        return cls(area, what, State.BROKEN, error.message, "; or ".join(error.hints), reasons)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: the cache folder ``home``, and the configuration of a project.

    If the configuration has an ``error``, ``config`` is the default one. With ``deep`` the digest
    of every installed file is checked.
    """

    home: Path
    config: Config
    error: CondavisionError | None = None
    deep: bool = False
