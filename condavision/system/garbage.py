"""Garbage in cycles, which a short command leaves to the system, and a long one must not."""

from __future__ import annotations

import gc


def collect_from_now_on() -> None:
    """Collect what is left behind in cycles from now on, not looking at what is there already."""
    gc.freeze()
    gc.enable()
