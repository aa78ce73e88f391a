"""Writes files atomically; removes folders, whatever their modes."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from condavision.errors import InstallError


def write_atomic(path: Path, content: str | bytes) -> None:
    """Replace ``path`` by ``content`` (UTF-8, line feeds) in one step; make missing folders.

    A reader sees the old content or the new, never a part, also after an interruption.

    Raises:
        OSError: it cannot be written; ``filename`` is ``path``, or the folder that cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _replace(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, read-only folders too; do nothing if there is none.

    Raises:
        InstallError: something in it cannot be removed.
    """
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
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
            f"remove it yourself: `rm -rf {shlex.quote(str(path))}`",
        ) from error


def _make_writable(folder: Path) -> None:
    if not folder.is_symlink():
        folder.chmod(stat.S_IRWXU)
