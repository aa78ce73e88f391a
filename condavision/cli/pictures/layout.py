"""Where the nodes of a diagram are drawn: three columns, lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from condavision.cli.pictures.diagram import COLUMNS

if TYPE_CHECKING:
    from condavision.cli.pictures.diagram import Diagram, Node

_CELL = 7.3  # pixels of a character of a monospaced font of 12 pixels
_PADDING = 10
_ROW, _BOX = 46, 36
_TOP = 34
_MARGIN = 12.0
_GAP = 110
_WIDEST = 44  # characters
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A node and its place, in pixels."""

    node: Node
    name: str
    detail: str
    x: float
    y: float
    width: float
    height: float = _BOX


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: its size, the headings with their places, boxes, and the paths of lines."""

    width: float
    height: float
    headings: tuple[tuple[str, float], ...]
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def layout(picture: Diagram) -> Layout:
    """Return where everything goes; the nodes of each column are spread over the height."""
    height = _TOP + _MARGIN + _ROW * max(1, *map(len, picture.columns))
    x, headings, boxes = _MARGIN, list[tuple[str, float]](), dict[str, Box]()
    for title, column in zip(COLUMNS, picture.columns, strict=True):
        cells = max((cell_len(it) for node in column for it in (node.name, node.detail)), default=0)
        width = round(max(_LEAST, min(cells, _WIDEST)) * _CELL + 2 * _PADDING, 1)
        step = (height - _TOP - _MARGIN) / max(1, len(column))
        for at, node in enumerate(column):
            y = round(_TOP + step * (at + 0.5) - _BOX / 2, 1)
            boxes[node.id] = Box(node, _fitting(node.name), _fitting(node.detail), x, y, width)
        headings.append((title, x))
        x = round(x + width + _GAP, 1)
    lines = tuple(_line(boxes[start], boxes[end]) for start, end in picture.edges)
    return Layout(
        round(x - _GAP + _MARGIN, 1), height, tuple(headings), tuple(boxes.values()), lines
    )


def _fitting(text: str) -> str:
    """Return a text, without its middle if it is too long."""
    if cell_len(text) <= _WIDEST:
        return text
    half = _WIDEST // 2
    return f"{set_cell_size(text, half - 1)}…{set_cell_size(text[::-1], half)[::-1]}"


def _line(start: Box, end: Box) -> str:
    """Return a curve from the right side of a box to the left side of another."""
    x1, y1 = round(start.x + start.width, 1), round(start.y + start.height / 2, 1)
    x2, y2 = end.x, round(end.y + end.height / 2, 1)
    middle = round((x1 + x2) / 2, 1)
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
