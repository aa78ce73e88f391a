"""Tables and colors: for a person on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

_SHORT = 25
"""Cells that no line breaks within: hashes, versions, states and times are shorter."""


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to standard output; on a terminal the first column is never truncated."""
    lines = [tuple(headings), *(tuple(map(shown_line, row)) for row in rows)]
    if not sys.stdout.isatty():
        _write_columns(lines)
        return
    from rich.table import Table
    from rich.text import Text

    terminal = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, *cells in zip(*lines, strict=True):
        is_short = all(cell_len(cell) <= _SHORT for cell in cells)
        whole = is_short or heading == headings[0]
        table.add_column(heading, overflow="fold", no_wrap=whole)
    for row in lines[1:]:
        table.add_row(*(Text(cell) for cell in row))
    with terminal.capture() as capture:
        terminal.print(table)
    text = "\n".join(line.rstrip() for line in capture.get().splitlines())
    sys.stdout.write(f"{text}\n")


def console(*, stderr: bool = False) -> Console:
    """Return a console with colors as ``--color`` has it."""
    from rich.console import Console

    context = click.get_current_context(silent=True)
    color = context.find_root().color if context else None
    return Console(
        stderr=stderr,
        soft_wrap=stderr,
        force_terminal=color or None,
        color_system=None if color is False else "auto",
        highlight=False,
    )


def _write_columns(rows: Sequence[Sequence[str]]) -> None:
    """Write aligned columns of any width: in a log or a pipe nothing is truncated."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
