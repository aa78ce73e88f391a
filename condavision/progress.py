"""What a person sees while an environment is made: bars on a terminal, lines elsewhere, nothing."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rattler.install import InstallerReporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

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

    def _write(self, text: str) -> None:
        self._stream.write(f"condavision: {text}\n")
        self._stream.flush()


class LineProgress(Progress):
    """One plain line for each thing done, for logs."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Write a line for each download and one at the end."""
        started = time.monotonic()
        yield _LineReporter(self)  # type: ignore[abstract] # a protocol whose bodies are empty
        plural = "package" if packages == 1 else "packages"
        self.message(f"installed {packages} conda {plural} in {time.monotonic() - started:.1f} s")


class BarProgress(Progress):
    """Bars with sizes and speed."""

    def message(self, text: str) -> None:
        """Write one line."""
        self._write(text)

    @contextmanager
    def installing(self, packages: int) -> Iterator[InstallerReporter | None]:
        """Show a bar for what is fetched and one for what is linked; they vanish at the end."""
        from rich import console, progress  # noqa: PLC0415 - 40 ms that only a terminal pays

        bars = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[done]}"),
            progress.TextColumn("{task.fields[note]}", style="dim"),
            console=console.Console(file=self._stream),
            transient=True,
        )
        with bars:
            yield _BarReporter(bars, packages)  # type: ignore[abstract] # as above


def choose_progress(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Return what fits ``stream`` (standard error): bars, lines, or silence if ``quiet``."""
    stream = stream or sys.stderr
    if quiet:
        return Progress(stream)
    return BarProgress(stream) if stream.isatty() else LineProgress(stream)


class _Downloads(InstallerReporter):
    """Keeps count of bytes; rattler calls from several threads at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._received: dict[int, int] = {}
        self._expected: dict[int, int] = {}

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        self._names[operation] = package_name
        return operation

    def on_download_start(self, cache_entry: int) -> int:
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        with self._lock:
            self._received[download_idx] = progress
            self._expected[download_idx] = max(total or 0, progress)


class _LineReporter(_Downloads):
    def __init__(self, lines: LineProgress) -> None:
        super().__init__()
        self._lines = lines

    def on_download_completed(self, download_idx: int) -> None:
        size = _size(self._received.get(download_idx, 0))
        with self._lock:
            self._lines.message(f"fetched {self._names.get(download_idx)} ({size})")


class _BarReporter(_Downloads):
    def __init__(self, bars: Bars, packages: int) -> None:
        super().__init__()
        self._bars = bars
        self._packages = packages
        self._linked = 0
        self._started = time.monotonic()
        self._fetch = bars.add_task("fetching", total=None, visible=False, done="", note="")
        self._link = bars.add_task("linking", total=packages, done=f"0 of {packages}", note="")

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        super().on_download_progress(download_idx, progress, total)
        with self._lock:
            received, expected = sum(self._received.values()), sum(self._expected.values())
        speed = received / max(time.monotonic() - self._started, 0.001)
        self._bars.update(
            self._fetch,
            completed=received,
            total=expected,
            visible=True,
            done=f"{_size(received)} of {_size(expected)}, {_size(speed)}/s",
            note=self._names.get(download_idx, ""),
        )

    def on_link_complete(self, index: int) -> None:
        del index
        with self._lock:
            self._linked += 1
            done = f"{self._linked} of {self._packages}"
        self._bars.update(self._link, completed=self._linked, done=done)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
