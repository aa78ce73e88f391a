"""What rattler tells while it installs, turned into lines or bars."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rattler.install import InstallerReporter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from condavision.system.progress import Fetching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "BarFetching",
    "BarReporter",
    "LineFetching",
    "LineReporter",
    "bars",
    "compiling_bar",
    "fetching_bar",
]


@contextmanager
def bars(stream: TextIO, packages: int) -> Iterator[InstallerReporter]:
    """Show bars on a terminal for the installation of so many packages; they vanish at the end."""
    with _shown(stream) as shown:
        yield BarReporter(shown, packages)  # type: ignore[abstract] # empty bodies, not abstract


@contextmanager
def fetching_bar(stream: TextIO, files: int) -> Iterator[Fetching]:
    """Show a bar on a terminal for the download of so many files; it vanishes at the end."""
    with _shown(stream) as shown:
        yield BarFetching(shown, files)


@contextmanager
def compiling_bar(stream: TextIO, modules: int) -> Iterator[Callable[[int], object]]:
    """Show a bar on a terminal for the compilation of so many modules; it vanishes at the end."""
    with _shown(stream) as shown:
        task = shown.add_task("compiling", total=modules, done=f"0 of {modules}", note="")
        done = 0

        def compiled(count: int) -> None:
            nonlocal done
            done += count
            shown.update(task, completed=done, done=f"{done} of {modules} modules")

        yield compiled


def _shown(stream: TextIO) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[note]}", style="dim"),
        console=Console(file=stream),
        transient=True,
    )


class _Downloads(InstallerReporter):
    """Keeps count of bytes; rattler calls from several threads at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._received: dict[int, int] = {}
        self._expected: dict[int, int] = {}

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """Remember the name."""
        self._names[operation] = package_name
        return operation

    def on_download_start(self, cache_entry: int) -> int:
        """Hand on the number that the name is remembered under."""
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Count."""
        with self._lock:
            self._received[download_idx] = progress
            self._expected[download_idx] = max(total or 0, progress)


class LineReporter(_Downloads):
    """A line for each package fetched."""

    def __init__(self, message: Callable[[str], None]) -> None:
        super().__init__()
        self._message = message

    def on_download_completed(self, download_idx: int) -> None:
        """Say it."""
        size = _size(self._received.get(download_idx, 0))
        with self._lock:
            self._message(f"fetched {self._names.get(download_idx)} ({size})")


class BarReporter(_Downloads):
    """A bar for what is fetched and one for what is linked."""

    def __init__(self, shown: Progress, packages: int) -> None:
        super().__init__()
        self._bars = shown
        self._packages = packages
        self._linked = 0
        self._started = time.monotonic()
        self._fetch = shown.add_task("fetching", total=None, visible=False, done="", note="")
        self._link = shown.add_task("linking", total=packages, done=f"0 of {packages}", note="")

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Move the first bar."""
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
        """Move the second bar."""
        del index
        with self._lock:
            self._linked += 1
            done = f"{self._linked} of {self._packages}"
        self._bars.update(self._link, completed=self._linked, done=done)


class LineFetching(Fetching):
    """A line for each file fetched, with how many there are."""

    def __init__(self, message: Callable[[str], None], files: int) -> None:
        self._message = message
        self._files = files
        self._finished = 0

    def finished(self, name: str, size: int) -> None:
        """Say it."""
        self._finished += 1
        self._message(f"fetched {name} ({_size(size)}), {self._finished} of {self._files}")


class BarFetching(Fetching):
    """A bar that moves by files, with the bytes received and their speed."""

    def __init__(self, shown: Progress, files: int) -> None:
        self._bars = shown
        self._files = files
        self._finished = 0
        self._received = 0
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._task = shown.add_task("fetching", total=files, done=f"0 of {files}", note="")

    def received(self, count: int) -> None:
        """Count."""
        with self._lock:
            self._received += count
        self._show()

    def finished(self, name: str, size: int) -> None:
        """Move the bar."""
        del name, size
        with self._lock:
            self._finished += 1
        self._show()

    def _show(self) -> None:
        speed = self._received / max(time.monotonic() - self._started, 0.001)
        self._bars.update(
            self._task,
            completed=self._finished,
            done=f"{self._finished} of {self._files}",
            note=f"{_size(self._received)}, {_size(speed)}/s",
        )


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
