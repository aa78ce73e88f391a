"""The terms of a lock: what bears on its solution besides the requirement set and the platforms.

They take no part in the requirement hash, which names what is required and not under which
conditions it was looked for. A lock records those that restrict it, and is made again where they
are asked for and it was not made under them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from condavision.core.platforms import spell

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONDA_LOCK", "ENGINES", "Terms", "cutoff"]

CONDA_LOCK = "conda-lock"
ENGINES = ("rattler", CONDA_LOCK)

_AGE = re.compile(r"(\d{1,5}) ?([hdw])\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def cutoff(text: str, now: datetime) -> datetime:
    """Return the instant, in UTC, that ``7d``, ``2026-01-31`` or ``2026-01-31T12:00:00Z`` names.

    A day means its end, so that what appeared on that day is in.

    Raises:
        ValueError: ``text`` is none of these.
    """
    age = _AGE.match(text.strip())
    if age:
        instant = now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        return instant.astimezone(UTC).replace(microsecond=0)
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        try:
            instant = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError("an age (7d, 36h, 2w) or a date (2026-01-31)") from None
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions of a solve.

    Nothing newer than ``exclude_newer`` is taken. ``virtual_packages`` are the changes to the
    defaults. ``trusted_channels`` may be asked for unknown imports, and with ``allow_unverified``
    so may PyPI. ``engine`` is one of :data:`ENGINES`, ``conda`` the executable that the second one
    drives.
    """

    exclude_newer: datetime | None = None
    virtual_packages: Mapping[str, str] = field(default_factory=dict)
    trusted_channels: tuple[str, ...] = ()
    allow_sdist: bool = False
    allow_unverified: bool = False
    engine: str = ENGINES[0]
    conda: str | None = None

    def recorded(self) -> dict[str, str]:
        """Return what a lock made under these terms says of them."""
        found = {}
        if self.exclude_newer is not None:
            found["exclude_newer"] = self.exclude_newer.strftime(_INSTANT)
        if self.virtual_packages:
            found["virtual_packages"] = spell(self.virtual_packages)
        if self.engine != ENGINES[0]:
            found["engine"] = self.engine
        return found

    def unmet(self, recorded: Mapping[str, str]) -> tuple[str, ...]:
        """Say in what a lock with these records was made under other terms; empty if it fits."""
        reasons = []
        if self.exclude_newer is not None:
            asked = self.exclude_newer.strftime(_INSTANT)
            had = recorded.get("exclude_newer")
            if had is None or had > asked:  # ISO 8601 in UTC sorts by time
                made = f"up to {had}" if had else "with packages of any date"
                reasons.append(f"made {made}, asked for is up to {asked}")
        wanted, had = spell(self.virtual_packages), recorded.get("virtual_packages", "")
        if wanted != had:
            made, asked = had or "conda-lock's defaults", wanted or "conda-lock's defaults"
            reasons.append(f"virtual packages {made} are now {asked}")
        if self.engine not in {ENGINES[0], recorded.get("engine")}:
            reasons.append(f"not made by {self.engine}")
        return tuple(reasons)
