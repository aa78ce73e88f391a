"""A wheel's directory, at its end, and single files, without the rest (the ZIP format, APPNOTE).

Installers use the directory; ``RECORD`` is not read.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import zipfile
import zlib
from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import COMPILED, Files, listed
from condavision.core.evidence import Unproved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.artefacts.artefact import Artefact
    from condavision.artefacts.ranges import Ranges

TAIL = 66_000
"""Bytes requested first: the longest comment, the directory of 500 files, all of a small wheel."""

LARGEST_FILE = 8 << 20
"""Bytes of a file that is read, compressed or not."""

_LARGEST_DIRECTORY = 32 << 20
_GAP = 1 << 17  # bytes between files that are fetched too, to save a request
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = 20  # bytes
_BAD = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, NotImplementedError)


class RemoteWheel:
    """A wheel whose directory was read."""

    def __init__(self, artefact: Artefact, ranges: Ranges, pages: _Pages) -> None:
        self._artefact = artefact
        self._ranges = ranges
        self._pages = pages
        try:
            self._zip = zipfile.ZipFile(pages)
        except _BAD as error:
            raise UnreadError(Unproved.DAMAGED) from error
        self._starts = sorted(it.header_offset for it in self._zip.infolist())

    @classmethod
    async def open(cls, artefact: Artefact, ranges: Ranges) -> RemoteWheel:
        """Read the directory of a wheel.

        Raises:
            UnreadError: it cannot be fetched, contradicts itself, or is too large.
        """
        tail = await ranges.tail(artefact, TAIL)
        start, size = _directory(tail)
        if size - start > _LARGEST_DIRECTORY:
            raise UnreadError(Unproved.TOO_LARGE)
        if len(tail) == size and hashlib.sha256(tail).hexdigest() != artefact.sha256:
            raise UnreadError(Unproved.DAMAGED)
        pages = _Pages(size)
        pages.add(size - len(tail), tail)
        if start < size - len(tail):
            missing = size - len(tail)
            pages.add(start, await ranges.part(artefact, start, missing))
        return cls(artefact, ranges, pages)

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self._pages.size

    @property
    def built(self) -> str:
        """The day of its newest compiled module, as ISO 8601 has it; empty if it has none."""
        days = (it.date_time[:3] for it in self._zip.infolist() if it.filename.endswith(COMPILED))
        return "{:04}-{:02}-{:02}".format(*newest) if (newest := max(days, default=None)) else ""

    @property
    def files(self) -> Files:
        """Its files.

        Raises:
            UnreadError: there are too many.
        """
        return listed((it.filename for it in self._zip.infolist()), wheel=True)

    async def read(
        self, paths: Sequence[str], most: int, beside: Sequence[str] = ()
    ) -> dict[str, bytes]:
        """Return the content of files by their paths in the wheel.

        Those ``beside`` them are fetched too, for a later call, and count for the ``most`` bytes
        that all may have together.

        Raises:
            UnreadError: one cannot be fetched, is too large, or is not what the directory says.
            KeyError: there is no such file.
        """
        members = {path: self._zip.getinfo(path) for path in paths}
        fetched = [*members.values(), *map(self._zip.getinfo, beside)]
        if any(max(it.file_size, it.compress_size) > LARGEST_FILE for it in fetched):
            raise UnreadError(Unproved.TOO_LARGE)
        if sum(it.file_size for it in fetched) > most:
            raise UnreadError(Unproved.TOO_LARGE)
        spans = _joined(map(self._span, fetched))
        missing = [it for it in spans if not self._pages.has(*it)]
        parts = await asyncio.gather(*(self._ranges.part(self._artefact, *it) for it in missing))
        for (start, _), part in zip(missing, parts, strict=True):
            self._pages.add(start, part)
        try:
            return {path: self._zip.read(it) for path, it in members.items()}
        except (*_BAD, RuntimeError) as error:  # encrypted
            raise UnreadError(Unproved.DAMAGED) from error

    def metadata(self) -> bytes | None:
        """Return its core metadata if they are among what was fetched, as they mostly are."""
        for it in self._zip.infolist():
            folder, _, name = it.filename.partition("/")
            if not folder.endswith(".dist-info") or name != "METADATA":
                continue
            with suppress(*_BAD, RuntimeError, UnreadError):
                if it.file_size <= LARGEST_FILE and self._pages.has(*self._span(it)):
                    return self._zip.read(it)
        return None

    def _span(self, member: zipfile.ZipInfo) -> tuple[int, int]:
        """Return where the file's header starts, and where the next one's does."""
        start = member.header_offset
        at = bisect_right(self._starts, start)
        after = self._starts[at] if at < len(self._starts) else self._zip.start_dir
        if after - start > LARGEST_FILE + TAIL:
            raise UnreadError(Unproved.DAMAGED)
        return start, after


def _directory(tail: bytes) -> tuple[int, int]:
    """Return where the directory starts, and the size of the file, from the file's end.

    Raises:
        UnreadError: it is not the end of an archive, or of one with something in front of it.
    """
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise UnreadError(Unproved.DAMAGED)
    *_, length, start, _ = _END.unpack_from(tail, at)
    end = at
    if tail[max(0, at - _LOCATOR) : at].startswith(b"PK\6\7"):  # ZIP64
        end = at - _LOCATOR - _END64.size
        if end < 0 or tail[end : end + 4] != b"PK\6\6":
            raise UnreadError(Unproved.DAMAGED)
        *_, length, start = _END64.unpack_from(tail, end)
    size = start + length + len(tail) - end
    if size < len(tail):
        raise UnreadError(Unproved.DAMAGED)
    return start, size


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans with those that are near joined."""
    joined: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if joined is not None and start <= joined[1] + _GAP:
            joined = (joined[0], max(joined[1], end))
        else:
            if joined is not None:
                yield joined
            joined = (start, end)
    if joined is not None:
        yield joined


class _Pages:
    """A file of which some parts are there, for ``zipfile``, which reads no others."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._at = 0
        self._parts: list[tuple[int, bytes]] = []

    def add(self, start: int, content: bytes) -> None:
        """Add a part; those that touch are one."""
        for part in [*self._parts]:
            before, known = part
            if before + len(known) == start:
                self._parts.remove(part)
                start, content = before, known + content
            elif start + len(content) == before:
                self._parts.remove(part)
                content += known
        self._parts.append((start, content))

    def has(self, start: int, end: int) -> bool:
        """Return whether one part has all of these bytes."""
        return any(at <= start and end <= at + len(it) for at, it in self._parts)

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move as a file does."""
        self._at = max(0, (0, self._at, self.size)[whence] + offset)
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            ValueError: they are not there.
        """
        start = min(self._at, self.size)
        end = self.size if count < 0 else min(self.size, start + count)
        for at, part in self._parts:
            if at <= start and end <= at + len(part):
                self._at = end
                return part[start - at : end - at]
        if start >= end:
            return b""
        raise ValueError("not fetched")
