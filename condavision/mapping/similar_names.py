"""Names that a misspelt one may mean, the likeliest first.

How likely a name is meant is judged as by a spelling corrector (a noisy channel): by the slips of
the fingers between it and what was typed, and by how many people use it. Names that are far less
likely than the first are not suggested: beside a well-known one, a little-known one is a risk.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEYS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_SLIP = 7.0  # bits: a name a slip further off is as unlikely as one that 128 times fewer use
_BEST_KNOWN = 32  # names of which none is better known than another
_LITTLE_KNOWN = 15.0  # bits, of a name without a rank
_FARTHEST = 3.0  # bits behind the likeliest name
_SHORTEST = 3  # letters that can have a slip
_DISTINCTIVE = 4  # letters of a name that a little-known one may be similar to
_LETTERS_A_SLIP = 4


@dataclass(frozen=True, slots=True)
class Similar:
    """A ``name`` that may be meant; ``spelling`` is what was nearly typed: it, or its package."""

    name: str
    spelling: str


def is_slip(name: str, meant: str) -> bool:
    """Return whether a name is another with at most a letter changed, added, omitted or swapped.

    The first letter is right, as it nearly always is: else ``config`` would be ``ZConfig``.
    """
    one, other = _folded(name), _folded(meant)
    if one[:1] != other[:1]:
        return False
    one, other = _differing(one, other)
    is_swapped = len(one) == len("xy") and one == other[::-1]
    return is_swapped or max(len(one), len(other)) <= 1


class SimilarNames:
    """Finds the names that a misspelt one may mean."""

    __slots__ = ("_alike", "_others", "_used")

    def __init__(self, used: Iterable[tuple[int, str, str]], others: Iterable[str] = ()) -> None:
        """Use ranks, 0 for the best known, with spellings, and the names they stand for.

        Of a spelling that is given twice, the first counts. ``others`` are hardly used.
        """
        self._used: dict[str, tuple[int, str, str]] = {}
        for it in used:
            self._used.setdefault(_folded(it[1]), it)
        self._others = {_folded(it): it for it in others}
        self._alike: dict[tuple[str, int], list[str]] = defaultdict(list)
        for key in self._used:
            self._alike[key[:1], len(key)].append(key)

    def near(self, name: str, n: int = 3) -> list[Similar]:
        """Return up to ``n`` of the names that ``name`` may mean, the likeliest first."""
        typed = _folded(name)
        found: dict[str, tuple[float, Similar]] = {}
        for costs in (self._nearest(typed), self._farther(typed)):
            for cost, similar in costs:
                if similar.name not in found or cost < found[similar.name][0]:
                    found[similar.name] = (cost, similar)
            likeliest = sorted(found.values(), key=lambda it: (it[0], it[1].name))
            if likeliest and likeliest[0][0] + _FARTHEST < 2 * _SLIP + log2(_BEST_KNOWN):
                break
        return [it for cost, it in likeliest[:n] if cost <= likeliest[0][0] + _FARTHEST]

    def _nearest(self, typed: str) -> Iterator[tuple[float, Similar]]:
        """Yield what is at most one slip away, each with what speaks against it, in bits.

        The first letter is right nearly always: a slip there counts twice.
        """
        yield from self._spelt(typed, 0)
        for key in _one_slip_away(typed) if len(typed) >= _SHORTEST else ():
            if key in self._used or key in self._others:
                yield from self._spelt(key, _SLIP if key[:1] == typed[0] else 2 * _SLIP)

    def _farther(self, typed: str) -> Iterator[tuple[float, Similar]]:
        """Yield what is as many slips away as a name of its length may have."""
        most = len(typed) // _LETTERS_A_SLIP
        letters = frozenset(typed)
        for length in range(len(typed) - most, len(typed) + most + 1) if most > 1 else ():
            for key in self._alike.get((typed[0], length), ()):
                if len(letters.difference(key)) > most or len(frozenset(key) - letters) > most:
                    continue
                slips = _slips(typed, key, most)
                if slips <= most:
                    yield from self._spelt(key, slips * _SLIP)

    def _spelt(self, key: str, cost: float) -> Iterator[tuple[float, Similar]]:
        if key in self._used:
            rank, spelling, name = self._used[key]
            yield cost + log2(rank + _BEST_KNOWN), Similar(name, spelling)
        if key in self._others and len(key) >= _DISTINCTIVE:
            name = self._others[key]
            yield cost + _LITTLE_KNOWN, Similar(name, name)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _one_slip_away(word: str) -> set[str]:
    """Return what is a word with one letter omitted, swapped, changed or added."""
    halves = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(a + b[1:] for a, b in halves),
        *(a + b[1::-1] + b[2:] for a, b in halves),
        *(a + key + b[1:] for a, b in halves for key in _KEYS),
        *(a + key + b for a, b in halves for key in _KEYS),
    } - {word}


def _differing(one: str, other: str) -> tuple[str, str]:
    """Return both without the letters that they have in common at the start and the end."""
    same = sum(1 for _ in takewhile(lambda it: it[0] == it[1], zip(one, other, strict=False)))
    one, other = one[same:], other[same:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return one, other


def _slips(one: str, other: str, most: int) -> int:
    """Return how many letters are changed, added, omitted or swapped between two words.

    That is their optimal string alignment distance; above ``most`` only that it is.
    """
    one, other = _differing(one, other)
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        before, last, row = row, before, [i + 1]
        for j, b in enumerate(other):
            best = min(before[j] + (a != b), before[j + 1] + 1, row[j] + 1)
            if i and j and a == other[j - 1] and b == one[i - 1]:
                best = min(best, last[j - 1] + 1)
            row.append(best)
        if min(row) > most and min(before) >= most:
            return most + 1  # no later row has less
    return row[-1]
