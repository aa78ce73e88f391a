"""Tables and colors: for a person on a terminal, plain text elsewhere."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from condavision.cli.columns import Columns
from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.text import Text

    from condavision.cli.columns import Piece

STATES = {
    "green": ("ok", "ready", "written", "to write", "installed"),
    "yellow": ("missing", "stale", "incomplete", "warning", "kept"),
    "red": ("unreadable", "error", "broken", "damaged"),
    "dim": ("none", "reused", "unchanged"),
}
"""The states that enumerations have, by color; a cell is in color if it is a member of one."""

_STYLES = {state: style for style, states in STATES.items() for state in states}


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to standard output; on a terminal its lines are as wide as that."""
    rows = [*map(tuple, rows)]
    texts = {cell: shown_line(cell) for cell in {cell for row in rows for cell in row}}
    lines = [tuple(headings), *(tuple(map(texts.__getitem__, row)) for row in rows)]
    styles = [("",) * len(headings), *(tuple(map(_style, row)) for row in rows)]
    if not _is_terminal():
        _write_columns(lines, styles)
        return
    terminal = console()
    columns = Columns.of(lines, terminal.width)
    with terminal.capture() as capture:
        for line in columns.heading():
            terminal.print(_text(line, ["bold"] * len(headings)), soft_wrap=True)
        for row, looks in zip(lines[1:], styles[1:], strict=True):
            for line in columns.row(row):
                terminal.print(_text(line, looks), soft_wrap=True)
    sys.stdout.write(capture.get())


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def _text(pieces: Iterable[Piece], looks: Sequence[str]) -> Text:
    from rich.text import Text

    parts = (part for it in pieces for part in (" " * it.indent, (it.text, looks[it.column])))
    return Text.assemble(*parts)


def console(*, stderr: bool = False) -> Console:
    """Return a console with colors as ``--color`` has it."""
    from rich.console import Console

    color = _color()
    return Console(
        stderr=stderr,
        soft_wrap=stderr,
        force_terminal=color or None,
        color_system=None if color is False else "auto",
        highlight=False,
    )


def _color() -> bool | None:
    """Return what ``--color`` has decided; None leaves it to the stream and the environment."""
    context = click.get_current_context(silent=True)
    return context.find_root().color if context else None


def _style(cell: str) -> str:
    return _STYLES.get(cell, "") if isinstance(cell, StrEnum) else ""


def _write_columns(rows: Sequence[Sequence[str]], styles: Sequence[Sequence[str]]) -> None:
    """Write aligned columns of any width: in a log or a pipe nothing is truncated."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    chosen = _color()
    in_color = "FORCE_COLOR" in os.environ if chosen is None else chosen
    for row, looks in zip(rows, styles, strict=True):
        cells = (
            (_painted(cell, look) if in_color else cell) + " " * (width - _width(cell))
            for cell, look, width in zip(row, looks, widths, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _width(cell: str) -> int:
    return len(cell) if cell.isascii() else cell_len(cell)


def _painted(cell: str, style: str) -> str:
    if not style:
        return cell
    return click.style(cell, dim=True) if style == "dim" else click.style(cell, style)
