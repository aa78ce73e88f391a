"""Parts of files on servers, by HTTP range requests (RFC 9110, section 14), or of local files.

The client is rattler's, as for downloads: it has the user's credentials, proxies and certificates.
It does not show the headers of an answer, so its length shows whether the server obeyed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rattler.package_streaming import download_to_writer

from condavision.artefacts.artefact import UnreadError, local_file
from condavision.core.evidence import Unproved
from condavision.core.model import Manager
from condavision.system.files import open_file
from condavision.system.index_credentials import with_credentials
from condavision.system.rattler_client import open_client
from condavision.system.timeout import timeout

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rattler import Client

    from condavision.artefacts.artefact import Artefact

WHOLE = 8 << 20
"""Bytes of a file that is fetched where a server has no ranges."""

_SECONDS = 20  # for one answer: what proves a lock is not worth a longer wait
_RETRIES = 1
_AT_ONCE = 8  # connections for parts of files


def require_intact(artefact: Artefact) -> None:
    """Refuse a local file that is not the one that was locked.

    Raises:
        UnreadError: it has another SHA-256, or cannot be read.
    """
    path = local_file(artefact.url)
    try:
        with open_file(path or "") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadError(Unproved.UNREACHABLE) from error
    if found != artefact.sha256:
        raise UnreadError(Unproved.DAMAGED)


def wait_seconds() -> int:
    """Return how long to wait for one answer.

    Raises:
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds.
    """
    return min(timeout(), _SECONDS)


@dataclass(slots=True)
class Ranges:
    """Fetches parts of files; a server that did not answer once gets no further request.

    It belongs to one event loop.
    """

    dead: set[str] = field(default_factory=set)
    _clients: dict[str, Client] = field(default_factory=dict)
    _idle: list[_Connection] = field(default_factory=list)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def tail(self, artefact: Artefact, count: int) -> bytes:
        """Return the last ``count`` bytes of a file, or the whole of one.

        Raises:
            UnreadError: it cannot be fetched, or its server has no ranges and it is too large.
        """
        local = local_file(artefact.url)
        if local is not None:
            return _local_part(local, -count, None)
        return await self._fetch(artefact, f"bytes=-{count}", WHOLE)

    async def part(self, artefact: Artefact, start: int, end: int) -> bytes:
        """Return the bytes of a file from ``start`` to ``end``.

        Raises:
            UnreadError: they cannot be fetched.
        """
        local = local_file(artefact.url)
        if local is not None:
            found = _local_part(local, start, end)
        else:
            found = await self._fetch(artefact, f"bytes={start}-{end - 1}", end - start)
        if len(found) != end - start:
            raise UnreadError(Unproved.DAMAGED)
        return found

    async def _fetch(self, artefact: Artefact, span: str, most: int) -> bytes:
        host = urlsplit(artefact.url).netloc
        if host in self.dead:
            raise UnreadError(Unproved.UNREACHABLE)
        url = artefact.url
        if artefact.manager is Manager.PYPI:
            url = await asyncio.to_thread(with_credentials, url, os.environ)
        sink = Sink(most)
        try:
            async with self._client(span) as client:
                await download_to_writer(client, url, sink)
        except (OSError, RuntimeError) as error:  # rattler has no narrower class for HTTP errors
            if sink.is_full:
                raise UnreadError(Unproved.NO_RANGES) from error
            if not _is_answer(error):
                self.dead.add(host)
            raise UnreadError(Unproved.UNREACHABLE) from error
        return bytes(sink.content)

    @asynccontextmanager
    async def _client(self, span: str) -> AsyncIterator[Client]:
        """Yield a client whose requests are for this part: rattler has no headers of a request.

        The ends of all files have the same header, and share a client, as no others can.
        """
        if span.startswith("bytes=-"):
            if span not in self._clients:
                headers = _headers(span)
                self._clients[span] = open_client(wait_seconds(), headers, retries=_RETRIES)
            yield self._clients[span]
            return
        async with self._turns:
            connection = self._idle.pop() if self._idle else _Connection()
            connection.span = span
            yield connection.client
            self._idle.append(connection)


class _Connection:
    """A client for one request at a time: to make one, with its TLS, costs ten times a request."""

    def __init__(self) -> None:
        self.span = ""
        self.client = open_client(wait_seconds(), lambda: _headers(self.span), retries=_RETRIES)


def _headers(span: str) -> dict[str, str]:
    return {"Range": span, "Accept-Encoding": "identity"}


def _is_answer(error: Exception) -> bool:
    return re.search(r"HTTP status (client|server) error", str(error)) is not None


def _local_part(path: Path, start: int, end: int | None) -> bytes:
    try:
        with open_file(path) as stream:
            size = stream.seek(0, os.SEEK_END)
            at = max(0, size + start) if start < 0 else start
            stream.seek(at)
            return stream.read((size if end is None else end) - at)
    except OSError as error:
        raise UnreadError(Unproved.UNREACHABLE) from error


class Sink:
    """Bytes in memory, up to a limit."""

    def __init__(self, most: int) -> None:
        self.content = bytearray()
        self.is_full = False
        self._most = most

    def write(self, chunk: bytes) -> int:
        """Keep the next bytes."""
        if len(self.content) + len(chunk) > self._most:
            self.is_full = True
            raise OSError("more was received than requested")
        self.content += chunk
        return len(chunk)

    def flush(self) -> None:
        """Do nothing."""
