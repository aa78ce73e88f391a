"""Hints for the name of a setting that does not exist."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NEAR = 0.7


def setting_hints(name: str, known: Iterable[str], table: str = "") -> tuple[str, ...]:
    """Return which setting may be meant, and which there are, in a ``table`` if it is named."""
    known = tuple(known)
    near = get_close_matches(name.replace("_", "-").lower(), known, n=1, cutoff=_NEAR)
    where = f" of `{table}`" if table else ""
    return (
        *(f"did you mean `{it}`?" for it in near),
        f"the settings{where} are {', '.join(known)}",
    )
