"""Downloads a locked artefact: with the content that was locked, and in time, or not at all.

A transfer that brings less than :data:`SLOWEST` bytes a second over ``CONDAVISION_TIMEOUT`` seconds
is given up (curl's ``--speed-limit`` and ``--speed-time``); a large file may take as long as it
needs. One that breaks off is tried again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler.package_streaming import download_to_writer

from condavision.core.model import Manager
from condavision.system.files import open_file
from condavision.system.index_credentials import with_credentials
from condavision.system.rattler_client import open_client
from condavision.system.timeout import timeout

if TYPE_CHECKING:
    from rattler import Client

    from condavision.core.model import LockedPackage
    from condavision.system.progress import Task

AT_ONCE = 8
"""Downloads at a time."""

SLOWEST = 1000
"""Bytes a second; a modem of 1991 is faster."""

LONGEST = 7 * 24 * 3600
"""Seconds for a whole transfer, as rattler counts; it is given up for making no progress."""

_LARGEST = 32 << 30  # bytes
_TRUSTED = 256 << 20  # bytes of which nothing is asked
_RATIO = 20  # archives are compressed; a gzip'd answer of some MB (1000:1) could fill any disk
_SAMPLED = 16  # one chunk of so many
_ATTEMPTS = 3
_LOOKS = 50  # at a transfer, in one timeout


class DownloadError(Exception):
    """A file cannot be fetched; the text is the reason, without the URL."""


class GoneError(DownloadError):
    """The server, or the folder, does not have the file."""


class StalledError(DownloadError):
    """The server sends nothing, or next to nothing."""


class OtherContentError(DownloadError):
    """The file is not the one that was locked; ``found`` is its sha256."""

    def __init__(self, found: str) -> None:
        super().__init__(f"its sha256 is {found}")
        self.found = found


def open_downloads() -> Client:
    """Return the client for :func:`download`, which requests archives as they are.

    rattler decompresses an answer whether that was requested or not, and does not say so.

    Raises:
        ConfigError: a file with credentials cannot be read.
    """
    return open_client(LONGEST, {"Accept-Encoding": "identity"})


class Pace:
    """Whether a transfer makes progress; to be called every ``interval`` seconds.

    Raises:
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds.
    """

    def __init__(self) -> None:
        self._seconds = timeout()
        self.interval = self._seconds / _LOOKS
        self._sizes = [0]

    def require(self, size: int | None) -> None:
        """Note how many bytes came so far; None if nothing is being transferred.

        Raises:
            StalledError: too few came in the last ``CONDAVISION_TIMEOUT`` seconds.
        """
        if size is None or size < self._sizes[-1]:  # another transfer
            self._sizes = [size or 0]
            return
        self._sizes.append(size)
        least = SLOWEST * self._seconds
        if len(self._sizes) > _LOOKS and size - self._sizes[-1 - _LOOKS] < least:
            raise StalledError(f"fewer than {least} bytes came in {self._seconds} s")


def local_archive(url: str) -> Path | None:
    """Return the file that a ``file://`` URL names, None for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


async def download(client: Client, package: LockedPackage, target: Path, task: Task) -> int:
    """Write a locked artefact to ``target``, a new file, and return its size in bytes.

    Raises:
        DownloadError: it cannot be fetched, or is not what was locked.
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds.
        OSError: ``target`` cannot be written.
    """
    archive = local_archive(package.url)
    with target.open("xb") as stream:
        sink = _Sink(stream, task)
        if archive is not None:
            await asyncio.to_thread(_copy, archive, sink)
        else:
            pypi = package.manager is Manager.PYPI
            url = with_credentials(package.url, os.environ) if pypi else package.url
            await _receive(client, url, sink)
    if sink.digest.hexdigest() != package.sha256:
        raise OtherContentError(sink.digest.hexdigest())
    return sink.size


def _copy(archive: Path, sink: _Sink) -> None:
    try:
        source = open_file(archive)
    except OSError as error:
        raise (GoneError if isinstance(error, FileNotFoundError) else DownloadError)(
            error.strerror or str(error)
        ) from error
    with source:
        shutil.copyfileobj(source, sink)


async def _receive(client: Client, url: str, sink: _Sink) -> None:
    attempt = 1
    while True:
        try:
            await _in_time(asyncio.ensure_future(download_to_writer(client, url, sink)), sink)
        except (OSError, RuntimeError) as error:  # rattler has no narrower class for HTTP errors
            if sink.error is not None:
                raise sink.error from error
            if sink.size == 0 or attempt == _ATTEMPTS:
                raise _explained(error) from error
        else:
            return
        attempt += 1
        sink.start_again()


async def _in_time(transfer: asyncio.Future[None], sink: _Sink) -> None:
    """Wait for a transfer while it makes progress.

    Raises:
        StalledError: it does not.
    """
    pace = Pace()
    try:
        while not (await asyncio.wait({transfer}, timeout=pace.interval))[0]:
            pace.require(sink.size)
    except BaseException:
        transfer.cancel()
        await asyncio.wait({transfer})
        raise
    transfer.result()


def _explained(error: Exception) -> DownloadError:
    text = (getattr(error, "strerror", None) or str(error)).partition(" for url ")[0]
    gone = re.search(r"HTTP status client error \(4(?:04|10)", text)
    return (GoneError if gone else DownloadError)(text)


class _Sink:
    """A file that hashes what is written to it and reports its size."""

    def __init__(self, stream: BinaryIO, task: Task) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: OSError | DownloadError | None = None
        self._stream = stream
        self._task = task
        self._chunks = self._sampled = self._compressed = 0

    def write(self, chunk: bytes) -> int:
        """Write the next bytes; keep the error if that is impossible: rattler hides it."""
        self.size += len(chunk)
        self.digest.update(chunk)
        self._task.received(len(chunk))
        if self.size > _LARGEST:
            self.error = DownloadError(f"it has more than {_LARGEST >> 30} GB")
        elif self._is_inflated(chunk):
            self.error = DownloadError("it is no archive: its content repeats for hundreds of MB")
        if self.error is not None:
            raise self.error
        try:
            return self._stream.write(chunk)
        except OSError as error:
            self.error = error
            raise

    def _is_inflated(self, chunk: bytes) -> bool:
        """Return whether so much could be compressed again that the server must have done it."""
        if self._chunks % _SAMPLED == 0:
            self._sampled += len(chunk)
            self._compressed += len(zlib.compress(chunk, 1))
        self._chunks += 1
        return self.size > _TRUSTED and self._sampled > _RATIO * self._compressed

    def flush(self) -> None:
        """Flush the file."""
        self._stream.flush()

    def start_again(self) -> None:
        """Forget what was written."""
        self._stream.seek(0)
        self._stream.truncate()
        self._task.received(-self.size)
        self.digest = hashlib.sha256()
        self.size = 0
