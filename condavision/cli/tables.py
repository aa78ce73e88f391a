"""Tables and colors: for a person on a terminal, plain text elsewhere."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

STATES = {
    "green": ("ok", "ready", "written", "to write", "installed"),
    "yellow": ("missing", "stale", "incomplete", "warning", "kept"),
    "red": ("unreadable", "error", "broken", "damaged"),
    "dim": ("reused", "unchanged"),
}
"""The states that enumerations have, by color; a cell is in color if it is a member of one."""

_STYLES = {state: style for style, states in STATES.items() for state in states}

_SHORT = 25
"""Cells that no line breaks within: hashes, versions, states and times are shorter."""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to standard output; on a terminal the first column is never truncated."""
    rows = [*map(tuple, rows)]
    lines = [tuple(headings), *(tuple(map(shown_line, row)) for row in rows)]
    styles = [("",) * len(headings), *(tuple(map(_style, row)) for row in rows)]
    if not sys.stdout.isatty():
        _write_columns(lines, styles)
        return
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, *cells in zip(*lines, strict=True):
        is_short = all(cell_len(cell) <= _SHORT for cell in cells)
        whole = is_short or heading == headings[0]
        table.add_column(heading, overflow="fold", no_wrap=whole)
    for row, looks in zip(lines[1:], styles[1:], strict=True):
        table.add_row(*map(Text, row, looks))
    with terminal.capture() as capture:
        terminal.print(table)
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    sys.stdout.write(f"{text}\n")


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
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    chosen = _color()
    in_color = "FORCE_COLOR" in os.environ if chosen is None else chosen
    for row, looks in zip(rows, styles, strict=True):
        cells = (
            (_painted(cell, look) if in_color else cell) + " " * (width - cell_len(cell))
            for cell, look, width in zip(row, looks, widths, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _painted(cell: str, style: str) -> str:
    if not style:
        return cell
    return click.style(cell, dim=True) if style == "dim" else click.style(cell, style)
