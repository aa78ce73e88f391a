"""What a person sees while locks are made: a bar with an ETA on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from condavision.compile_stage.progress import LockProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["choose_lock_progress"]


class _Lines(LockProgress):
    """One plain line for each solve."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._advance: Callable[[str], None] | None = None
        self._sets = 1
        self._started = 0

    @contextmanager
    def solving(self, sets: int) -> Iterator[None]:
        self._sets, self._started = sets, 0
        yield

    def started(self, script: str) -> None:
        self._started += 1
        place = f"{self._started} of {self._sets}: " if self._sets > 1 else ""
        self._say(f"solving {place}{script} ...")

    def waiting(self, script: str, seconds: float) -> None:
        self._say(f"still solving {script}, after {seconds:.0f} s ...")

    def _say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class _Bar(_Lines):
    """A bar with the time that is left, where there are several."""

    @contextmanager
    def solving(self, sets: int) -> Iterator[None]:
        if sets == 1:
            yield
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TimeRemainingColumn,
        )

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), "{task.description}")
        with Progress(*columns, console=Console(file=self._stream), transient=True) as bar:
            task = bar.add_task("", total=sets)
            self._advance = lambda script: bar.update(task, advance=1, description=script)
            yield

    def started(self, script: str) -> None:
        if self._advance is None:
            super().started(script)

    def waiting(self, script: str, seconds: float) -> None:
        if self._advance is None:  # the bar's own time goes on
            super().waiting(script, seconds)

    def finished(self, script: str) -> None:
        if self._advance is not None:
            self._advance(script)


def choose_lock_progress(stream: TextIO | None = None, *, quiet: bool = False) -> LockProgress:
    """Return what fits ``stream`` (standard error)."""
    stream = stream or sys.stderr
    if quiet:
        return LockProgress()
    return _Bar(stream) if stream.isatty() else _Lines(stream)
