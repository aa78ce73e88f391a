"""The progress of long work: bars on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, TextIO

from condavision.cli.verbosity import is_quiet
from condavision.system.progress import Progress, Task, Work, counted, few, readable_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_SHOWN_WAITING = 3


_DONE = {Work.INSTALLING: "installed", Work.LINKING: "linked"}


class LineProgress(Progress):
    """One plain line for each event, for logs."""

    shows: ClassVar[bool] = True

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(f"condavision: {text}")

    @contextmanager
    def doing(self, work: Work, parts: int) -> Iterator[Task]:
        """Write a line before compiling and a line after installing."""
        started = time.monotonic()
        what = counted(parts, work.value)
        if work is Work.COMPILING:
            self.message(f"compiling {what}")
        yield _Lines(self._write, work, parts)
        if work in _DONE:
            self.message(f"{_DONE[work]} {what} in {time.monotonic() - started:.1f} s")


class BarProgress(LineProgress):
    """Bars with sizes and speed, removed at the end."""

    @contextmanager
    def doing(self, work: Work, parts: int) -> Iterator[Task]:
        """Show bars; for the solve of a single requirement set, lines."""
        if work is Work.SOLVING and parts == 1:
            with super().doing(work, parts) as lines:
                yield lines
            return
        from condavision.cli.progress_bars import shown_bars

        with shown_bars(self._stream, work, parts) as bars:
            yield bars


class _Lines(Task):
    def __init__(self, write: Callable[[str], None], work: Work, parts: int) -> None:
        self._write = write
        self._work = work
        self._parts = parts
        self._number = 0
        self._lock = threading.Lock()

    def started(self, name: str) -> None:
        self._number += 1
        place = f"{self._number} of {self._parts}: " if self._parts > 1 else ""
        self._write(f"solving {place}{name} ...")

    def waiting(self, names: Sequence[str], seconds: float) -> None:
        self._write(f"still solving {few(names, _SHOWN_WAITING)}, after {seconds:.0f} s ...")

    def fetched(self, name: str, size: int) -> None:
        with self._lock:
            self._number += 1
            place = f", {self._number} of {self._parts}" if self._work is Work.FETCHING else ""
            self._write(f"condavision: fetched {name} ({readable_size(size)}){place}")


def choose_progress(stream: TextIO | None = None) -> Progress:
    """Return the progress for standard error: bars, lines, or none with ``-q``."""
    stream = stream or sys.stderr
    if is_quiet():
        return Progress(stream)
    return BarProgress(stream) if stream.isatty() else LineProgress(stream)
