"""The extracted packages that environments are linked from, in one folder or two.

An administrator may fill a cache that users cannot write; missing packages go into one beside it.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import InstallError
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

CACHES = ("pkgs", "pkgs-added")
"""The folders of packages below ``CONDAVISION_HOME``."""

RECORDS = "wheel-records"
"""The folder of corrections to ``RECORD`` files of wheels, by the wheel's sha256."""


def writable_cache(cache: Path, entries: Iterable[str]) -> Path:
    """Return the folder that rattler may use: ``cache``, or one beside it if that is read-only.

    The latter gets links to the ``entries`` in ``cache``. rattler 0.28 has layers for this,
    but opens the lock files of a read-only file system for writing.

    Raises:
        OSError: neither can be written.
    """
    if not cache.is_dir() or os.access(cache, os.W_OK):
        return cache
    own = cache.with_name(CACHES[1])
    own.mkdir(exist_ok=True)
    for name in entries:
        borrowed, lock = own / name, cache / f"{name}.lock"
        if lock.is_file() and not borrowed.exists():
            borrowed.unlink(missing_ok=True)  # a link to an entry that the owner has removed
            write_atomic(own / lock.name, lock.read_bytes())
            shutil.copystat(lock, own / lock.name)
            with suppress(FileExistsError):  # another process was first
                borrowed.symlink_to(cache / name)
    return own


def drop_altered_files(entry: Path) -> None:
    """Unlink the files of a cache entry that changed after extraction.

    rattler fetches an entry again if files are missing, so that nothing altered is linked into a
    new environment. A file is altered if its size is another, or if it was modified after the
    entry's lock file, which is written when extraction ends. Cached files are hard-linked into
    environments: editing one there edits it everywhere.

    Raises:
        InstallError: a file was altered where it cannot be removed.
    """
    try:
        extracted = entry.with_name(f"{entry.name}.lock").stat().st_mtime_ns
        paths = json.loads((entry / "info" / "paths.json").read_bytes())["paths"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # without them the entry is not valid to rattler either
    for item in paths:
        if item.get("path_type") == "softlink":
            continue
        file = f"{entry}/{item['_path']}"
        try:
            status = os.stat(file)  # noqa: PTH116 - thousands of them; pathlib takes twice the time
        except OSError:
            continue
        expected = item.get("size_in_bytes", status.st_size)
        if status.st_size != expected or status.st_mtime_ns > extracted:
            _drop(Path(file), entry)


def _drop(file: Path, entry: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(
            f"{file} was altered after it was fetched, and cannot be removed: {error.strerror}.",
            f"ask the owner of the cache to remove {entry}",
            "or choose a cache of your own: `export CONDAVISION_HOME=FOLDER`",
        ) from error
