"""What a person sees while an environment is made: bars on a terminal, lines elsewhere, nothing."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from condavision.fetching import Fetching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rattler.install import InstallerReporter

__all__ = ["BarProgress", "LineProgress", "Progress", "choose_progress"]


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


class LineProgress(Progress):
    """One plain line for each thing done, for logs."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Write a line for each download and one at the end."""
        from condavision.reporters import LineReporter  # noqa: PLC0415 - rattler costs 0.1 s

        started = time.monotonic()
        yield LineReporter(self.message)  # type: ignore[abstract] # empty bodies, not abstract
        count = _counted(packages, "conda package")
        self.message(f"installed {count} in {time.monotonic() - started:.1f} s")

    @contextmanager
    def fetching(self, files: int) -> Iterator[Fetching]:
        """Write a line for each file."""
        from condavision.reporters import LineFetching  # noqa: PLC0415 - rattler costs 0.1 s

        yield LineFetching(self.message, files)

    @contextmanager
    def compiling(self, modules: int) -> Iterator[Callable[[int], object]]:
        """Write a line before, as it may take long."""
        self.message(f"compiling {_counted(modules, 'module')}")
        yield _ignore


class BarProgress(Progress):
    """Bars with sizes and speed."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Show a bar for what is fetched and one for what is linked; they vanish at the end."""
        from condavision.reporters import bars  # noqa: PLC0415 - rattler costs 0.1 s

        with bars(self._stream, packages) as reporter:
            yield reporter

    @contextmanager
    def fetching(self, files: int) -> Iterator[Fetching]:
        """Show a bar that vanishes at the end."""
        from condavision.reporters import fetching_bar  # noqa: PLC0415 - rattler costs 0.1 s

        with fetching_bar(self._stream, files) as fetching:
            yield fetching

    @contextmanager
    def compiling(self, modules: int) -> Iterator[Callable[[int], object]]:
        """Show a bar that vanishes at the end."""
        from condavision.reporters import compiling_bar  # noqa: PLC0415 - rattler costs 0.1 s

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
