"""Finding the lock that a person names: a path, a hash, a script, or one of these in git."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.config import find_root, load_config
from condavision.errors import LockfileError, MissingLockError, UsageError
from condavision.lockfile import lock_path, parse_lock, read_lock
from condavision.script_index import FILE_NAME, LOCAL, parse_index, read_index
from condavision.target import folder_keys

if TYPE_CHECKING:
    from condavision.model import Lock
    from condavision.script_index import Entry, ScriptIndex

__all__ = ["named_lock"]

_HASH = re.compile(r"[0-9a-f]{16}\Z")


def named_lock(name: str, locks: Path | None = None) -> Lock:
    """Return the lock of ``PATH``, ``HASH`` or ``SCRIPT``, each also as ``REVISION:...``.

    A script's lock is the one recorded for it, whether or not it still fits.

    Raises:
        MissingLockError: there is no such lock.
        LockfileError: it is damaged.
        UsageError: there is no such revision.
    """
    revision, colon, rest = name.partition(":")
    if colon and rest and not Path(name).exists() and "\\" not in name:
        return _in_revision(revision, rest, locks)
    path = Path(name)
    if path.name.endswith(".yml") and path.exists():
        return read_lock(path)
    root = find_root(path if path.exists() else Path.cwd())
    folder = load_config(root).with_flags(locks=locks).locks
    for candidate in (folder, folder / LOCAL):
        if _HASH.match(name) and lock_path(candidate, name).exists():
            return read_lock(lock_path(candidate, name))
        if path.exists():
            index = read_index(candidate)
            for entry in _entries(index, path.resolve().relative_to(root).as_posix()):
                return read_lock(lock_path(candidate, entry.lock))
    raise MissingLockError(
        f"{name} is not a lock, nor a script that has one",
        "name a lock file, its hash, a script, or one of these in git: HEAD~1:report.py",
    )


def _entries(index: ScriptIndex, key: str) -> tuple[Entry, ...]:
    """Return the entries of a script or folder, or of the folder it is locked together with."""
    keys = (key, f"{key}/", *folder_keys(key))
    return next((found for found in map(index.of, keys) if found), ())


def _in_revision(revision: str, name: str, locks: Path | None) -> Lock:
    path = Path(name).absolute()
    root = find_root(path if path.exists() else Path.cwd())
    folder = load_config(root).with_flags(locks=locks).locks
    if path.name.endswith(".yml"):
        return parse_lock(_show(revision, path, root), path)
    if _HASH.match(name):
        found = lock_path(folder, name)
        return parse_lock(_show(revision, found, root), found)
    key = path.resolve().relative_to(root).as_posix() if path.is_relative_to(root) else name
    index = parse_index(_show(revision, folder / FILE_NAME, root), folder / FILE_NAME)
    for entry in _entries(index, key):
        found = lock_path(folder, entry.lock)
        return parse_lock(_show(revision, found, root), found)
    raise MissingLockError(f"{revision} has no lock of {name}", "name a script locked in it")


def _show(revision: str, path: Path, root: Path) -> str:
    """Return the text of a file as it is in a revision of the repository it lies in."""
    if revision.startswith("-"):
        raise UsageError(f"`{revision}` is not a revision")
    try:
        relative = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(f"{path} is not below {root}, so git does not have it") from None
    command = ["git", "-C", str(root), "show", f"{revision}:./{relative}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise UsageError(f"git cannot be started: {error}", "install git") from error
    if shown.returncode:
        reason = shown.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise MissingLockError(f"git has no {relative} in {revision}: {reason}")
    try:
        return shown.stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LockfileError(f"{relative} in {revision} is not a lock file: {error}") from error
