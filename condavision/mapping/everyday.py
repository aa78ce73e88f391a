"""Names of everybody's own files: such a module is more likely missing than of a package."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WORDS = Path(__file__).with_suffix(".txt")


class Everyday:
    """Finds modules that consist of everyday words only: ``db_handler``, ``ourlib``."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)

    @classmethod
    def bundled(cls) -> Everyday:
        """Return those of the reviewed ``everyday.txt`` beside this module, read once."""
        return _bundled()

    def __contains__(self, module: str) -> bool:
        """Return whether each part between underscores and digits is one or two of the words."""
        parts = filter(None, re.split(r"[\d_]+", module.lower()))
        return all(self._is_plain(part) for part in parts)

    def _is_plain(self, part: str) -> bool:
        halves = ((part[:at], part[at:]) for at in range(1, len(part)))
        return part in self.words or any(self.words.issuperset(it) for it in halves)


def words_in(file: Path) -> Iterable[str]:
    """Return the words of a reviewed file, without its comments."""
    lines = file.read_text("utf-8").splitlines()
    return [word for line in lines for word in line.partition("#")[0].split()]


@cache
def _bundled() -> Everyday:
    return Everyday(words_in(WORDS))
