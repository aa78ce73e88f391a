"""Reads files that anybody may have put there; writes atomically; removes folders."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import InstallError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

MAX_BYTES = 50_000_000
"""No program, lock or list of settings is larger; reading more would only exhaust memory."""

_NEW = ".condavision-new-"
_OLD_SECONDS = 3600.0  # no file takes as long to be written


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a regular file of at most :data:`MAX_BYTES`.

    Raises:
        OSError: it is missing, unreadable, another kind of file, or too large.
    """
    data = read_beginning(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES // 1_000_000} MB", str(path))
    return data


def read_beginning(path: str | os.PathLike[str], count: int) -> bytes:
    """Return the first bytes of a regular file, ``count`` at most.

    Raises:
        OSError: it is missing, unreadable, or another kind of file.
    """
    with open_file(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        data = stream.read(min(size + 1, count))  # a buffer for a large count takes time to make
        return data if len(data) <= size else data + stream.read(count - len(data))


def open_file(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file for reading.

    A pipe or a device could keep the command waiting without end.

    Raises:
        OSError: it is missing, unreadable, or another kind of file.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK if os.name == "posix" else os.O_RDONLY
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))  # a pipe may have no writer
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def read_text_file(path: str | os.PathLike[str]) -> str:
    """Return the UTF-8 text of a file, read by :func:`read_file`.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    return read_file(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace ``path`` by ``content`` (UTF-8, line feeds) in one step; make missing folders.

    A reader sees the old content or the new, never a part, also after an interruption.

    Raises:
        OSError: it cannot be written; ``filename`` is ``path``, or the folder that cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with replacing(
            path, content.encode() if isinstance(content, str) else content
        ) as temporary:
            with temporary.open("r+b") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(0o666 & ~umask())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def sweep(folder: Path) -> None:
    """Remove the new files of :func:`replacing` whose writer was killed an hour ago or earlier."""
    with suppress(OSError):
        for path in folder.glob(f"{_NEW}*"):
            if path.lstat().st_mtime < time.time() - _OLD_SECONDS:
                path.unlink()


@contextmanager
def replacing(path: Path, content: bytes) -> Iterator[Path]:
    """Yield a new file with ``content``, private to this user, which replaces ``path`` in the end.

    Raises:
        OSError: it cannot be made (``filename`` is ``path``), written or moved; after any error it
            is removed.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=_NEW, dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def umask() -> int:
    """Return the modes that new files do not get."""
    current = os.umask(0)
    os.umask(current)
    return current


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, read-only folders too; do nothing if there is none.

    A file or link in its place is removed itself, never what a link leads to.

    Raises:
        InstallError: something in it cannot be removed.
    """
    if path.is_symlink() or path.is_file():
        with suppress(OSError):
            path.unlink()
    shutil.rmtree(path, ignore_errors=True)
    if not os.path.lexists(path):
        return
    for folder, folders, _ in os.walk(path):
        for name in (".", *folders):
            with suppress(OSError):
                _make_writable(Path(folder, name))
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise InstallError(
            f"{path} cannot be removed: {error.strerror} ({error.filename}).",
            f"remove it yourself: `rm -rf {shell_word(path)}`",
        ) from error


def _make_writable(folder: Path) -> None:
    if not folder.is_symlink():
        folder.chmod(stat.S_IRWXU)
