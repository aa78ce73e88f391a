"""Names that are similar to a misspelt one."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_slip(name: str, meant: str) -> bool:
    """Return whether a name is another with a letter changed, added, omitted or swapped.

    The first letter is right, as it nearly always is: else ``config`` would be ``ZConfig``.
    """
    one, other = name.lower(), meant.lower()
    if one[:1] != other[:1]:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    is_swapped = len(one) == len("xy") and one == other[::-1]
    return is_swapped or max(len(one), len(other)) == 1


def nearest(name: str, known: Iterable[str], n: int) -> list[str]:
    """Return up to ``n`` of the known names that are similar to ``name``, best first."""
    wanted = name.lower()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    letters = sorted(wanted)  # two swapped ones are the commonest slip
    scored = []
    for key in known:
        if abs(len(key) - len(wanted)) > len(wanted) // 3 or key.endswith("*"):
            continue
        matcher.set_seq1(key.lower())
        if matcher.real_quick_ratio() < 0.75 or matcher.quick_ratio() < 0.75:
            continue
        ratio = matcher.ratio()
        if ratio >= 0.75:
            scored.append((sorted(key.lower()) != letters, -ratio, key))
    return [key for *_, key in sorted(scored)[:n]]
