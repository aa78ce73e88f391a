"""A file that a body is written to as it comes, a megabyte at a time."""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from condavision.serving.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_WRITTEN = 1 << 20  # bytes written at once


class Spool:
    """A file of a run's folder that is open for writing, on another thread."""

    def __init__(self, path: Path) -> None:
        """Empty the file, or make it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._held: list[bytes] = []
        self._size = 0

    async def write(self, data: bytes) -> None:
        """Write more.

        Raises:
            Problem: there is no room (507).
        """
        self._held.append(data)
        self._size += len(data)
        if self._size >= _WRITTEN:
            await self.finish()

    async def finish(self) -> None:
        """Write what is left.

        Raises:
            Problem: there is no room (507).
        """
        held, self._held, self._size = self._held, [], 0
        try:
            await asyncio.to_thread(_write_all, self._file, held)
        except OSError as error:
            detail = f"the input cannot be stored: {error.strerror}"
            raise Problem(HTTPStatus.INSUFFICIENT_STORAGE, detail) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _write_all(file: int, parts: Iterable[bytes]) -> None:
    for part in parts:
        left = memoryview(part)
        while left:
            left = left[os.write(file, left) :]
