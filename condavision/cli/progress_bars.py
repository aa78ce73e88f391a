"""Bars on a terminal for finished parts, with the size and speed of what is received."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from condavision.system.progress import Task, Work, readable_size
from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_DESCRIPTIONS = {
    Work.SOLVING: "solving",
    Work.INSTALLING: "linking",
    Work.LINKING: "linking",
    Work.FETCHING: "fetching",
    Work.COMPILING: "compiling",
}


@contextmanager
def shown_bars(stream: TextIO, work: Work, parts: int) -> Iterator[Task]:
    """Show bars for work on this many parts; they are removed at the end."""
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        *([TimeRemainingColumn()] if work is Work.SOLVING else []),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    ]
    with Progress(*columns, console=Console(file=stream), transient=True) as shown:
        yield _Bars(shown, work, parts)


class _Bars(Task):
    def __init__(self, shown: Progress, work: Work, parts: int) -> None:
        self._shown = shown
        self._of = f"of {parts}{' modules' if work is Work.COMPILING else ''}"
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._finished = self._received = 0
        done = f"0 {self._of}"
        self._parts = shown.add_task(_DESCRIPTIONS[work], total=parts, done=done, note="")

    def received(self, count: int) -> None:
        with self._lock:
            self._received += count
            received = self._received
        speed = readable_size(received / max(time.monotonic() - self._started, 0.001))
        self._shown.update(self._parts, note=f"{readable_size(received)}, {speed}/s")

    def finished(self, count: int = 1, name: str = "") -> None:
        with self._lock:
            self._finished += count
            done = self._finished
        self._shown.update(self._parts, completed=done, done=f"{done} {self._of}")
        if name:
            self._shown.update(self._parts, note=shown_line(name))
