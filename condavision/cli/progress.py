"""What a person sees while an environment is made: bars on a terminal, lines elsewhere, nothing."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from condavision.system.progress import Fetching, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rattler.install import InstallerReporter

__all__ = ["BarProgress", "LineProgress", "choose_progress"]


class LineProgress(Progress):
    """One plain line for each thing done, for logs."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Write a line for each download and one at the end."""
        from condavision.cli.progress_bars import LineReporter

        started = time.monotonic()
        yield LineReporter(self.message)  # type: ignore[abstract] # empty bodies, not abstract
        count = _counted(packages, "conda package")
        self.message(f"installed {count} in {time.monotonic() - started:.1f} s")

    @contextmanager
    def fetching(self, files: int) -> Iterator[Fetching]:
        """Write a line for each file."""
        from condavision.cli.progress_bars import LineFetching

        yield LineFetching(self.message, files)

    @contextmanager
    def compiling(self, modules: int) -> Iterator[Callable[[int], object]]:
        """Write a line before, as it may take long."""
        self.message(f"compiling {_counted(modules, 'module')}")
        yield lambda _: None


class BarProgress(Progress):
    """Bars with sizes and speed."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Show a bar for what is fetched and one for what is linked; they vanish at the end."""
        from condavision.cli.progress_bars import bars

        with bars(self._stream, packages) as reporter:
            yield reporter

    @contextmanager
    def fetching(self, files: int) -> Iterator[Fetching]:
        """Show a bar that vanishes at the end."""
        from condavision.cli.progress_bars import fetching_bar

        with fetching_bar(self._stream, files) as fetching:
            yield fetching

    @contextmanager
    def compiling(self, modules: int) -> Iterator[Callable[[int], object]]:
        """Show a bar that vanishes at the end."""
        from condavision.cli.progress_bars import compiling_bar

        with compiling_bar(self._stream, modules) as compiled:
            yield compiled


def choose_progress(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Return what fits ``stream`` (standard error): bars, lines, or silence if ``quiet``."""
    stream = stream or sys.stderr
    if quiet:
        return Progress(stream)
    return BarProgress(stream) if stream.isatty() else LineProgress(stream)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
