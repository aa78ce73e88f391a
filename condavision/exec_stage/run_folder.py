"""The folder of one run: what it is given, what it writes; no path leads out of it.

``stdin``, ``stdout`` and ``stderr`` are files; the process runs in ``work``, which is empty at
first: files that a client sends are in ``uploads``, where nothing is imported from.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LISTED = 1000
"""How many files of a run are listed at most."""

PIECE = 1 << 18
"""Bytes read at once."""

_NAME_BYTES = 200
_DEPTH = 32
_UNSAFE = re.compile(r"[^\w.()+=@,-]+")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A regular file that a run wrote: its path below ``work``, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def stdin(self) -> Path:
        """Standard input."""
        return self.path / "stdin"

    @property
    def stdout(self) -> Path:
        """Standard output."""
        return self.path / "stdout"

    @property
    def stderr(self) -> Path:
        """Standard error."""
        return self.path / "stderr"

    @property
    def work(self) -> Path:
        """Where the process runs."""
        return self.path / "work"

    @property
    def uploads(self) -> Path:
        """What the client sent."""
        return self.path / "uploads"

    def make(self) -> None:
        """Make what every run needs, unless that is done; only this user can look into it.

        Raises:
            OSError: it cannot be made.
        """
        if not self.path.exists():
            self.path.mkdir(mode=0o700)
            self.work.mkdir(mode=0o700)

    def make_uploads(self) -> None:
        """Make the folder of uploads, and what it is in.

        Raises:
            OSError: it cannot be made.
        """
        self.make()
        self.uploads.mkdir(mode=0o700)

    def open_streams(self) -> tuple[int, int, int]:
        """Open standard input, and standard output and error anew; return their descriptors.

        Raises:
            OSError: they cannot be opened, or something else is in their place.
        """
        shared = os.O_NOFOLLOW | os.O_CLOEXEC
        written = shared | os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        opened: list[int] = []
        try:
            try:
                opened.append(os.open(self.stdin, shared | os.O_RDONLY))
            except FileNotFoundError:  # nothing was sent
                opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
            for path in (self.stdout, self.stderr):
                opened.append(os.open(path, written, 0o600))  # noqa: PERF401 - closed on errors
        except OSError:
            for descriptor in opened:
                os.close(descriptor)
            raise
        return opened[0], opened[1], opened[2]

    def written(self) -> tuple[WrittenFile, ...]:
        """Return the regular files in ``work``, sorted, at most :data:`LISTED`; no links."""
        return tuple(sorted(islice(self.files(), LISTED), key=lambda it: it.name))

    def files(self) -> Iterator[WrittenFile]:
        """Yield the regular files in ``work``; no links."""
        return _files(self.work)

    def size(self) -> int:
        """Return the bytes of what the run wrote."""
        streams = sum(_size(path) for path in (self.stdout, self.stderr))
        return streams + sum(file.size for file in self.files())

    def open_written(self, name: str) -> int:
        """Open a regular file in ``work`` for reading; return its descriptor.

        Raises:
            OSError: there is none of that name, or a link is on the way.
        """
        parts = name.split("/")
        if not all(parts) or {".", ".."} & {*parts} or len(parts) > _DEPTH or "\0" in name:
            raise FileNotFoundError(name)
        folder = os.open(self.work, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            for part in parts[:-1]:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                below = os.open(part, flags, dir_fd=folder)
                os.close(folder)
                folder = below
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe may have no writer
            descriptor = os.open(parts[-1], flags, dir_fd=folder)
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(name)
        return descriptor


def new_run_folder(parent: Path) -> RunFolder:
    """Return a folder of a new name, which is still to be made."""
    return RunFolder(parent / secrets.token_hex(8))


def safe_name(name: str, taken: set[str]) -> str:
    """Return a file name like the one a client gave, which is in ``taken`` from then on.

    It has no folder, no leading dot and none of the characters that a shell or terminal obeys.
    """
    plain = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    plain = _UNSAFE.sub("_", plain).lstrip(".-") or "file"
    stem, dot, suffix = plain.rpartition(".")
    if not stem or len(suffix.encode()) > _NAME_BYTES // 4:
        stem, dot, suffix = plain, "", ""
    stem = stem.encode()[: _NAME_BYTES - len(suffix.encode())].decode(errors="ignore")
    number, found = 1, f"{stem}{dot}{suffix}"
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    taken.add(found.casefold())
    return found


def read_piece(path: Path, offset: int, size: int = PIECE) -> bytes:
    """Return up to ``size`` bytes of a file from ``offset``; none where there is no such file.

    A run may have put something else in its place.
    """
    with suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
        try:
            return os.pread(descriptor, size, offset)
        finally:
            os.close(descriptor)
    return b""


def _files(folder: Path) -> Iterator[WrittenFile]:
    waiting = [] if folder.is_symlink() else [("", str(folder))]
    while waiting:
        prefix, path = waiting.pop()
        try:
            entries = sorted(os.scandir(path), key=lambda it: it.name)
        except OSError:  # removed, or made unreadable
            continue
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if name.count("/") < _DEPTH:
                    waiting.append((f"{name}/", entry.path))
            elif entry.is_file(follow_symlinks=False):
                try:
                    yield WrittenFile(name, entry.stat(follow_symlinks=False).st_size)
                except FileNotFoundError:
                    continue


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
