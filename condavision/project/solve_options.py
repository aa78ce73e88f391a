"""The options of a solve: what affects its result besides the requirement set and the platforms.

They are not part of the requirement hash, which names what is required. A lock records those that
restrict it; a lock solved without a requested restriction is solved again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from condavision.core.engine import Engine
from condavision.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.pythons import PythonRange

_AGE = re.compile(r"(\d{1,5}) ?([hdw])\Z")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def cutoff(text: str, now: datetime) -> datetime:
    """Return the instant, in UTC, that ``7d``, ``2026-01-31`` or ``2026-01-31T12:00:00Z`` names.

    A date means the end of that day, so packages published on it are included.

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


REVIEWED = ("conda-forge", "bioconda")
"""Public channels every package of which has been reviewed."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """The options of a solve, as a configuration file or the command line sets them.

    None leaves the default. Packages newer than ``exclude_newer`` (UTC) are not used.
    ``virtual_packages`` are changes to the defaults (``core.platforms``). An unknown import is
    looked up under its own name on ``trusted_channels``, with ``allow_unverified`` also on PyPI;
    ``allow_sdist`` allows source distributions from PyPI. ``engine`` is rattler by default.
    ``python`` limits the Pythons that a requirement set admits. ``prove`` follows imports into the
    files of packages.
    ``conda`` is the executable that conda-lock uses; only the command line sets it, because a
    project's file must not choose a program to run. ``offline`` uses only cached data.
    """

    exclude_newer: datetime | None = None
    virtual_packages: Mapping[str, str] = field(default_factory=dict)
    trusted_channels: tuple[str, ...] = REVIEWED
    allow_sdist: bool = False
    allow_unverified: bool = False
    engine: Engine | None = None
    python: PythonRange | None = None
    conda: str | None = None
    offline: bool = False
    prove: bool = False

    def over(self, base: SolveOptions) -> SolveOptions:
        """Return ``base`` with every option that is set here."""
        unset = SolveOptions()
        given = {it.name: getattr(self, it.name) for it in fields(self)}
        return replace(base, **{k: it for k, it in given.items() if it != getattr(unset, k)})

    def require_used(self) -> None:
        """Refuse a ``conda`` that the engine does not use.

        Raises:
            UsageError: it does not.
        """
        if self.conda is not None and self.engine is not Engine.CONDA_LOCK:
            raise UsageError(
                f"--conda {self.conda} is for the engine conda-lock",
                "add --engine conda-lock, or omit --conda",
            )
