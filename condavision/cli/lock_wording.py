"""The sentences about locks: why one is stale, and what in one needs a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.errors import StaleLockError
from condavision.inference.staleness import (
    ChannelsChanged,
    CutoffMoved,
    EngineChanged,
    NotLockedFor,
    PythonChanged,
    RequirementAdded,
    RequirementRemoved,
    VirtualPackagesChanged,
)
from condavision.locks.record import spell_changes, spell_pairs, spell_shared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from condavision.core.model import LockRecord
    from condavision.errors import CondavisionError

_SHOWN_SOURCES = 3
_DEFAULTS = "conda-lock's defaults"


def error_words(error: CondavisionError) -> str:
    """Return the message of an error, with the reasons if a lock is stale."""
    if not isinstance(error, StaleLockError):
        return error.message
    return f"{error.message}: {stale_words(error.reasons) or 'its requirements changed'}"


def stale_words(reasons: Iterable[object]) -> str:
    """Return why a lock no longer fits; empty if there is no reason."""
    return "; ".join(map(_stale, reasons))


def _stale(reason: object) -> str:
    match reason:
        case PythonChanged(before, after):
            return f"python {before} is now {after}"
        case ChannelsChanged(before, after):
            return f"channels {', '.join(before)} is now {', '.join(after)}"
        case RequirementAdded(label, sources):
            places = ", ".join(map(str, sources[:_SHOWN_SOURCES]))
            return f"added {label} ({places})" if places else f"added {label}"
        case RequirementRemoved(label):
            return f"removed {label}"
        case NotLockedFor(platforms):
            return f"not locked for {', '.join(platforms)}"
        case CutoffMoved(recorded, asked):
            made = f"up to {_instant(recorded)}" if recorded else "of any date"
            return f"solved with packages {made}, now limited to {_instant(asked)}"
        case VirtualPackagesChanged(recorded, asked):
            before, after = (spell_changes(it) or _DEFAULTS for it in (recorded, asked))
            return f"virtual packages {before} are now {after}"
        case EngineChanged(asked):
            return f"not solved by {asked}"
    raise TypeError(f"no words for {reason!r}")


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def record_words(record: LockRecord) -> tuple[str, ...]:
    """Return what in a lock a person decided or the map did not verify; ``check`` repeats it."""
    found = {
        "unverified identity": spell_pairs(record.unverified),
        "overridden": spell_changes(record.overrides),
        "modules that both conda and PyPI supply": spell_shared(record.shared_modules),
        "source distributions, which run code when installed": "true"
        if record.allows_sdists
        else "",
    }
    return tuple(f"{what}: {text}" for what, text in found.items() if text)
