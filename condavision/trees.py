"""Removing folders, whatever their permissions."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from condavision.errors import InstallError

__all__ = ["remove_tree"]


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, read-only folders too; nothing if it is not there.

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
            f"remove it yourself: rm -rf {path}",
        ) from error


def _make_writable(folder: Path) -> None:
    if not folder.is_symlink():
        folder.chmod(stat.S_IRWXU)
