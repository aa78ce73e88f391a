"""``vendor``: every artefact of some locks into one folder, for machines without a network.

A file has its name only when it is complete and has the locked hash, so after an interrupted run
the next one fetches what is missing and replaces what is damaged.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler.index import index_fs
from rattler.package_streaming import download_to_writer

from condavision.core.model import Manager
from condavision.environments.vendored import CHANNEL, is_intact, vendored_path
from condavision.errors import CondavisionError, InstallError, UsageError
from condavision.system.file_lock import exclusive
from condavision.system.progress import LONGEST, Work
from condavision.system.rattler_client import open_client
from condavision.system.secrets import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rattler import Client

    from condavision.core.model import Lock, LockedPackage
    from condavision.system.progress import Progress, Task

_AT_ONCE = 8
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Vendored:
    """A vendored folder: how many files it has, and which of them were fetched or repaired now."""

    folder: Path
    files: int
    fetched: tuple[str, ...]
    repaired: tuple[str, ...]


def vendor(
    folder: Path, locks: Iterable[Lock], platforms: Sequence[str], progress: Progress
) -> Vendored:
    """Copy every artefact of ``locks`` into ``folder``; ``platforms`` are all where empty.

    A lock made from this machine's interpreters contributes its packages from PyPI.

    Raises:
        UsageError: two artefacts have one name, or no lock has any for these platforms.
        InstallError: files cannot be fetched or do not have the locked hash; all are named.
    """
    wanted = _wanted(folder, tuple(locks), platforms)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        guard = folder / ".condavision.lock"
        with exclusive(guard, lambda: progress.message(f"{folder} is in use: waiting")):
            return _vendor(folder, wanted, progress)
    except OSError as error:
        raise InstallError(
            f"{folder} cannot be written to: {error.strerror or error}", "choose another folder"
        ) from error


def _wanted(
    folder: Path, locks: Sequence[Lock], platforms: Sequence[str]
) -> dict[Path, LockedPackage]:
    wanted: dict[Path, LockedPackage] = {}
    for lock in locks:
        local = lock.is_local
        for package in lock.packages:
            if platforms and package.platform not in platforms:
                continue
            if local and package.manager is Manager.CONDA:
                continue  # this machine's interpreters cannot be used elsewhere
            path = vendored_path(package, folder)
            known = wanted.setdefault(path, package)
            if known.sha256 != package.sha256:
                raise UsageError(
                    f"{known.url} and {package.url} have the same name and different content",
                    "vendor the scripts that need them into separate folders",
                )
    if not wanted and any(lock.is_local for lock in locks):
        raise UsageError(
            "the locks are made from this machine's interpreters and have no packages from PyPI,"
            " so there is nothing to copy",
            "for another machine, use a channel: run `condavision lock -c CHANNEL SCRIPT`",
        )
    if not wanted:
        raise UsageError(f"no lock has packages for {', '.join(platforms) or 'any platform'}")
    return wanted


def _vendor(folder: Path, wanted: dict[Path, LockedPackage], progress: Progress) -> Vendored:
    for part in folder.rglob(f".*{_PART}"):
        part.unlink()
    states = {path: _state(path, package) for path, package in wanted.items()}
    lacking = {
        path: wanted[path] for path, state in states.items() if state is not _FileState.INTACT
    }
    failed: list[CondavisionError] = []
    if lacking:
        progress.message(f"fetching {len(lacking)} of {len(wanted)} files into {folder}")
        with progress.doing(Work.FETCHING, len(lacking)) as task:
            failed = asyncio.run(_fetch_all(lacking, task))
    asyncio.run(_index(folder / CHANNEL))
    if failed:
        hints = dict.fromkeys(hint for error in failed for hint in error.hints)
        raise InstallError("\n".join(error.message for error in failed), *hints)
    missing, damaged = (_names(states, it) for it in (_FileState.MISSING, _FileState.DAMAGED))
    for name in damaged:
        progress.message(f"repaired {name}")
    return Vendored(folder, len(wanted), missing, damaged)


class _FileState(Enum):
    """What the folder had of a file before anything was fetched."""

    INTACT = auto()
    DAMAGED = auto()
    MISSING = auto()


def _state(path: Path, package: LockedPackage) -> _FileState:
    try:
        return _FileState.INTACT if is_intact(path, package) else _FileState.DAMAGED
    except FileNotFoundError:
        return _FileState.MISSING


def _names(states: dict[Path, _FileState], state: _FileState) -> tuple[str, ...]:
    return tuple(sorted(path.name for path, found in states.items() if found is state))


async def _index(channel: Path) -> None:
    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    await index_fs(channel)


async def _fetch_all(lacking: dict[Path, LockedPackage], task: Task) -> list[CondavisionError]:
    """Fetch files concurrently and return the errors; one does not stop the others."""
    client = open_client(LONGEST)
    gate = asyncio.Semaphore(_AT_ONCE)
    failed: list[CondavisionError] = []

    async def fetch(path: Path, package: LockedPackage) -> None:
        async with gate:
            try:
                await _fetch(client, path, package, task)
            except CondavisionError as error:
                failed.append(error)

    await asyncio.gather(*(fetch(path, package) for path, package in lacking.items()))
    return failed


async def _fetch(client: Client, path: Path, package: LockedPackage, task: Task) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    try:
        with part.open("wb") as stream:
            sink = _Sink(stream, task)
            await _download(client, package, sink)
        if sink.digest.hexdigest() != package.sha256:
            raise InstallError(
                f"{package.url} is not the file that was locked (sha256 {package.sha256}, found"
                f" {sink.digest.hexdigest()})",
                "if its channel replaced it, run `condavision lock --upgrade SCRIPT`",
            )
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    task.fetched(path.name, sink.received)
    task.finished()


async def _download(client: Client, package: LockedPackage, sink: _Sink) -> None:
    parts = urlsplit(package.url)
    try:
        if parts.scheme == "file":
            with Path(url2pathname(parts.path)).open("rb") as source:
                await asyncio.to_thread(shutil.copyfileobj, source, sink)
        else:
            await download_to_writer(client, package.url, sink)
    except (OSError, RuntimeError) as error:  # rattler raises no narrower class for HTTP errors
        raise InstallError(
            f"{package.url} cannot be fetched: {_reason(error)}",
            "its channel no longer has it, so run `condavision lock --upgrade SCRIPT`"
            if _is_gone(error)
            else "check the network and try again: fetched files are kept",
        ) from error


def _is_gone(error: Exception) -> bool:
    if isinstance(error, FileNotFoundError):
        return True
    return re.search(r"HTTP status client error \(4(?:04|10)", str(error)) is not None


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return redacted(str(text).partition(" for url ")[0])


class _Sink:
    """A file that hashes what is written to it and reports its size."""

    def __init__(self, stream: BinaryIO, task: Task) -> None:
        self.digest = hashlib.sha256()
        self.received = 0
        self._stream = stream
        self._task = task

    def write(self, chunk: bytes) -> int:
        """Write the next bytes."""
        self.digest.update(chunk)
        self.received += len(chunk)
        self._task.received(len(chunk))
        return self._stream.write(chunk)

    def flush(self) -> None:
        """Flush the file."""
        self._stream.flush()
