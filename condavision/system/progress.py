"""What happens while files are fetched, linked and compiled, for whoever shows it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rattler.install import InstallerReporter

__all__ = ["LONGEST", "Fetching", "Progress"]


LONGEST = 3600
"""Seconds that the download of one file may take: rattler itself would wait for ever."""


class Fetching:
    """Hears of files being fetched; says nothing."""

    def received(self, count: int) -> None:
        """Take note of so many bytes more; called from any thread."""

    def finished(self, name: str, size: int) -> None:
        """Take note of a complete file and its size in bytes."""


class Progress:
    """Says nothing, except warnings; the other two say more."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def message(self, text: str) -> None:
        """Say what goes on."""

    def warning(self, text: str) -> None:
        """Say what a person should know even when everything else is quiet."""
        self._write(f"warning: {text}")

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Show the installation of so many conda packages; hand the reporter to rattler."""
        del packages
        yield None

    @contextmanager
    def fetching(self, files: int) -> Iterator[Fetching]:
        """Show the download of so many files."""
        del files
        yield Fetching()

    @contextmanager
    def compiling(self, modules: int) -> Iterator[Callable[[int], object]]:
        """Show the compilation of so many modules; call what is yielded with how many are done."""
        del modules
        yield _ignore

    def _write(self, text: str) -> None:
        self._stream.write(f"condavision: {text}\n")
        self._stream.flush()


def _ignore(_: object) -> None:
    pass
