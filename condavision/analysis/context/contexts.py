"""What a condition says about the Python and the platform it is true on.

A *context* is one CPython minor version on one platform family, running or being type-checked. A
condition is kept as two sets of contexts, those it can be true in and those it can be false in, so
that ``and``, ``or``, ``not`` and ``else`` are set operations and what cannot be decided is simply
possible both ways. The sets are bit masks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from condavision.core.pythons import KNOWN, PythonRange

FAMILIES = ("linux", "osx", "win", "other")
"""Platform families; ``other`` stands for those no conda channel serves."""

_MINORS = len(KNOWN)
_ROW = (1 << _MINORS) - 1
_PLANES = len(FAMILIES) * 2  # each family running, then each being type-checked

ALL = (1 << (_MINORS * _PLANES)) - 1
"""Every context."""

RUNNING = (1 << (_MINORS * len(FAMILIES))) - 1
"""The contexts in which the code runs, not those in which a type checker reads it."""


SERVED = RUNNING >> _MINORS
"""Those of them that conda channels serve: the last family is ``other``."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The contexts a condition can be true in, and those it can be false in."""

    true: int = ALL
    false: int = ALL

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)


UNKNOWN = Truth()


@lru_cache(maxsize=512)
def pythons_of(mask: int) -> PythonRange:
    """Return the Pythons of a set of contexts: of the running ones where there are any."""
    mask = mask & RUNNING or mask
    row = 0
    while mask:
        row |= mask & _ROW
        mask >>= _MINORS
    return PythonRange(frozenset(known for bit, known in enumerate(KNOWN) if row >> bit & 1))


@lru_cache(maxsize=512)
def platforms_of(mask: int) -> frozenset[str]:
    """Return the platform families of a set of contexts; empty means no restriction."""
    mask = mask & RUNNING or mask >> (_MINORS * len(FAMILIES))
    found = frozenset(family for at, family in enumerate(FAMILIES) if mask >> (at * _MINORS) & _ROW)
    served = found - {"other"}
    return frozenset() if len(served) == len(FAMILIES) - 1 else served or found


def is_typing(mask: int) -> bool:
    """Return whether only a type checker sees these contexts."""
    return bool(mask) and not mask & RUNNING


@lru_cache(maxsize=512)
def on_pythons(row: int) -> int:
    """Return the contexts of a set of minors: bit n of ``row`` for ``KNOWN[n]``."""
    return sum(row << (plane * _MINORS) for plane in range(_PLANES))


def on_family(family: int) -> int:
    """Return the contexts of ``FAMILIES[family]``."""
    return _ROW << (family * _MINORS) | _ROW << ((family + len(FAMILIES)) * _MINORS)
