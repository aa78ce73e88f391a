"""The columns of a table as wide as a terminal, in which no word, name or hash is broken.

Columns that do not fit beside the others get lines of their own below them, or above if it is the
first: a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GAP = 2
_SHORT = 25
"""Cells that no line breaks within: hashes, versions, states and times are shorter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cell, ``indent`` spaces behind the piece before it, and the cell's column."""

    text: str
    indent: int
    column: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns that stand ``beside`` each other, and the headings of the others."""

    headings: Sequence[str]
    beside: Mapping[int, int]
    width: int

    @classmethod
    def of(cls, lines: Sequence[Sequence[str]], width: int) -> Columns:
        """Return the columns of cells, headings first, for a terminal of a width."""
        natural = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
        words = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
        least = [
            whole if at == 0 or whole <= _SHORT else max(_SHORT, word)
            for at, (whole, word) in enumerate(zip(natural, words, strict=True))
        ]
        beside = [*range(len(natural))]
        while len(beside) > 1 and _total(beside, least) > width:
            beside.remove(max(beside, key=lambda at: (least[at], at)))
        spare = width - _total(beside, least)
        widths = dict.fromkeys(beside, 0)
        for left, at in enumerate(sorted(beside, key=lambda at: natural[at] - least[at])):
            more = max(0, min(natural[at] - least[at], spare // (len(beside) - left)))
            widths[at], spare = least[at] + more, spare - more
        return cls(lines[0], widths, width)

    def heading(self) -> Iterator[list[Piece]]:
        """Yield the lines of the headings; columns with lines of their own have theirs there."""
        if 0 not in self.beside:
            yield [Piece(self.headings[0], 0, 0)]
        yield from self._beside(self.headings)

    def row(self, cells: Sequence[str]) -> Iterator[list[Piece]]:
        """Yield the lines of a row."""
        if 0 not in self.beside:
            yield [Piece(cells[0], 0, 0)]
        yield from self._beside(cells)
        for at, cell in enumerate(cells):
            if at and at not in self.beside and cell:
                label = f"{self.headings[at]}: " if self.headings[at] else ""
                for number, text in enumerate(_wrapped(f"{label}{cell}", self.width - 2 * GAP)):
                    yield [Piece(text, GAP * 2 if number else GAP, at)]

    def _beside(self, cells: Sequence[str]) -> Iterator[list[Piece]]:
        wrapped = [_wrapped(cells[at], width) for at, width in self.beside.items()]
        if not any(cells[at] for at in self.beside):
            return
        for texts in zip_longest(*wrapped, fillvalue=""):
            pieces = []
            indent = 0 if 0 in self.beside else GAP
            for (at, width), text in zip(self.beside.items(), texts, strict=True):
                if text:
                    pieces.append(Piece(text, indent, at))
                    indent = 0
                indent += width - cell_len(text) + GAP
            yield pieces


def _total(columns: Sequence[int], widths: Sequence[int]) -> int:
    """Return the width of columns beside each other, below a name if the first is not there."""
    gaps = len(columns) - (0 in columns)
    return sum(widths[at] for at in columns) + GAP * gaps


def _longest_word(cell: str) -> int:
    return max(map(cell_len, cell.split(" ")))


def _wrapped(cell: str, width: int) -> list[str]:
    """Return the lines of a cell, broken at spaces only."""
    if cell_len(cell) <= width:
        return [cell]
    lines = [""]
    for word in cell.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
