"""The long tail of the import map: modules of only one distribution on PyPI, with the same name.

Their use is not known, so they must be beyond doubt: no other distribution but forks has the
module, the distribution has the module's name, it was released more than once, PyPI still has it
(``import_map/removed.txt``), the name is not used for local files (``import_map/common.txt``) or
likely to be (:mod:`condavision.mapping.everyday`), and it is not a typo of a well-known module:
``import reqeusts`` is a mistake to report, even if that name is registered. ``lock`` still reports
what was found here.

``write`` packs them into compressed blocks behind an index, which
:class:`condavision.mapping.namesakes.Namesakes` reads.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections import defaultdict
from itertools import takewhile
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Lookalikes", "choose", "is_called", "write"]

FIRST = {"0", "1", "0.0", "0.0.0", "0.0.1", "0.0.2", "0.1", "0.1.0", "1.0", "1.0.0"}
AFFIXES = re.compile(
    r"(?:django|flask|python|py)-(.+)|(.+)-(?:python|py|lib|sdk)"
    r"|(adafruit-)circuitpython-(.+)"  # whose modules are adafruit_...
)
MODULE = re.compile(r"[A-Za-z]\w{2,}", re.ASCII)
DISTINCTIVE = 5  # letters of a module that a distribution with an affix may answer for
BLOCK = 32_768  # bytes before compression


def choose(
    alone: Iterable[tuple[str, str, str]], left_out: Callable[[str, str], bool]
) -> dict[str, str]:
    """Return module -> distribution of the ``(module, distribution, version)`` beyond doubt."""
    chosen = {}
    for module, distribution, version in alone:
        if version in FIRST or not MODULE.fullmatch(module):
            continue
        if module in sys.stdlib_module_names or left_out(module, distribution):
            continue
        if is_called(module, distribution):
            chosen[module] = distribution
    return chosen


def is_called(module: str, distribution: str) -> bool:
    """Return whether the names agree apart from affixes: ``django-generic-positions``."""
    name = canonicalize_name(module)
    if name == distribution:
        return True
    affixed = AFFIXES.fullmatch(distribution)
    if affixed is None or len(module) < DISTINCTIVE:
        return False
    *plain, vendor, product = affixed.groups("")
    return name in {*plain, vendor + product} - {""}


class Lookalikes:
    """Finds words that are one typo away from one of ``words``."""

    def __init__(self, words: Iterable[str]) -> None:
        self.without: dict[str, set[str]] = defaultdict(set)
        for word in words:
            for shorter in shortened(word):
                self.without[shorter].add(word)

    def __contains__(self, word: str) -> bool:
        """Return whether adding, removing, changing or swapping a letter makes it a known word."""
        close = set().union(*(self.without.get(it, set()) for it in shortened(word)))
        return any(is_one_slip(word, other) for other in close)


def shortened(word: str) -> set[str]:
    """Return the word, and the word without each of its letters."""
    return {word} | {word[:i] + word[i + 1 :] for i in range(len(word))}


def is_one_slip(word: str, other: str) -> bool:
    same = sum(1 for _ in takewhile(lambda it: it[0] == it[1], zip(word, other, strict=False)))
    a, b = word[same:], other[same:]
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped


def write(path: Path, title: str, chosen: dict[str, str]) -> int:
    """Write the sorted entries; return the size of the file in bytes."""
    lines = sorted(
        module if canonicalize_name(module) == name else f"{module}\t{name}"
        for module, name in chosen.items()
    )
    blocks: list[list[str]] = [[]]
    size = 0
    for line in lines:
        if size > BLOCK:
            blocks.append([])
            size = 0
        blocks[-1].append(line)
        size += len(line) + 1
    packed = [zlib.compress("".join(f"{it}\n" for it in block).encode(), 9) for block in blocks]
    index = [
        f"{block[0].partition(chr(9))[0]}\t{len(data)}"
        for block, data in zip(blocks, packed, strict=True)
    ]
    content = "\n".join([title, *index, "", ""]).encode() + b"".join(packed)
    path.write_bytes(content)
    return len(content)
