"""The events of long work; here nothing is shown but warnings. ``cli`` has lines and bars."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, TextIO

from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_SHOWN_NAMES = 5


class Work(Enum):
    """What is done to many parts; the value is what one part is called."""

    SOLVING = "requirement set"
    INSTALLING = "conda package"
    LINKING = "Python of this machine"
    FETCHING = "file"
    COMPILING = "module"


class Task:
    """Receives the events of one piece of work, from any thread."""

    def started(self, name: str) -> None:
        """Note that work on a part has begun."""

    def waiting(self, names: Sequence[str], seconds: float) -> None:
        """Note that parts are still not done; the first has taken this long."""

    def received(self, count: int) -> None:
        """Note ``count`` more bytes; a negative count where a transfer starts again."""

    def fetched(self, name: str, size: int) -> None:
        """Note a complete file and its size in bytes."""

    def finished(self, count: int = 1, name: str = "") -> None:
        """Note ``count`` more parts that are done."""


class Progress:
    """Receives what happens in a command; shows warnings alone."""

    shows: ClassVar[bool] = False

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def message(self, text: str) -> None:
        """Report a step."""

    def warning(self, text: str) -> None:
        """Report what a person has to see even with ``--quiet``."""
        self._write(f"condavision: warning: {text}")

    @contextmanager
    def doing(self, work: Work, parts: int) -> Iterator[Task]:
        """Cover a piece of work on so many parts; yield what receives its events."""
        del work, parts
        yield Task()

    def _write(self, line: str) -> None:
        self._stream.write(f"{shown_line(line)}\n")
        self._stream.flush()


def few(names: Sequence[object], most: int = _SHOWN_NAMES) -> str:
    """Return names as text: the first ones, and how many more there are."""
    more = len(names) - most
    shown = ", ".join(map(str, names[:most]))
    return f"{shown} and {more} more" if more > 0 else shown


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 package``, ``2,000 packages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def readable_size(count: float) -> str:
    """Return a number of bytes with its unit."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
