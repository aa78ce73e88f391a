"""The long tail of the import map, ``namesakes.bin``: modules that only one distribution has.

The file is a comment line, an index (the first module of every block and the block's length in
bytes), an empty line, and zlib-compressed blocks of sorted lines ``module <TAB> distribution``. A
module without a second column is supplied by the distribution of the same normalized name.
``tools/namesakes.py`` writes it and documents its content; a look-up unpacks one block.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from itertools import accumulate


class Namesakes:
    """Looks modules up in the blocks, each of which is unpacked at most once."""

    __slots__ = ("_blocks", "_ends", "_firsts", "_packed")

    def __init__(self, content: bytes) -> None:
        """Use the contents of ``namesakes.bin``."""
        head, _, self._packed = content.partition(b"\n\n")
        rows = [line.split("\t") for line in head.decode().splitlines()[1:]]
        self._firsts = [first for first, _ in rows]
        self._ends = list(accumulate(int(length) for _, length in rows))
        self._blocks: dict[int, bytes] = {}

    def row(self, module: str) -> list[str] | None:
        """Return the columns after the first of a module's entry; None if it has no entry."""
        at = bisect_right(self._firsts, module) - 1
        if at < 0 or not module:
            return None
        block = self._block(at)
        start = block.find(f"\n{module}\n".encode())
        if start >= 0:
            return []
        start = block.find(f"\n{module}\t".encode())
        if start < 0:
            return None
        return block[start + 1 : block.find(b"\n", start + 1)].decode().split("\t")[1:]

    def _block(self, at: int) -> bytes:
        if at not in self._blocks:
            start = self._ends[at - 1] if at else 0
            self._blocks[at] = b"\n" + zlib.decompress(self._packed[start : self._ends[at]])
        return self._blocks[at]
