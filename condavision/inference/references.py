"""Find the lock that a name refers to: a path, a hash, a script, or one of these in git."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import LockfileError, MissingLockError, UsageError
from condavision.inference.lock_lookup import is_hash, locks_named
from condavision.locks.index import FILE_NAME, parse_index
from condavision.locks.lockfile import lock_path, parse_lock
from condavision.project.config import LOCAL
from condavision.project.targets import Module, folder_keys, key_of, place_of, require_target
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.core.model import Lock
    from condavision.inference.workspace import Workspace
    from condavision.locks.index import Entry, ScriptIndex

_HASH = re.compile(r"[0-9a-f]{16}\Z")


def named_pair(
    names: Sequence[str], modules: Sequence[Module], workspace: Workspace
) -> tuple[Lock, Lock]:
    """Return the two given locks, those of ``names`` before those of ``modules``.

    With one module, ``REVISION:`` is the module as it was locked in that revision of git.

    Raises:
        UsageError: not two locks are given, a module's name is not valid, or the revision is
            unknown.
        MissingLockError: there is no such lock.
        LockfileError: it is damaged.
    """
    bare = [name for name in names if name.endswith(":") and not Path(name).exists()]
    if bare and len(modules) != 1:
        raise UsageError(
            f"`{bare[0]}` has no script",
            f"give a script, {bare[0]}report.py, or one module with -m",
        )
    sides: list[str | Module] = [*names]
    if not (bare and len(names) > 1):
        sides += modules
    if len(sides) != 2:
        given = names[0] if len(sides) == len(names) == 1 and Path(names[0]).is_file() else "a.py"
        script = shell_word(given)
        hint = f"give both: `condavision diff HEAD~1:{script} {script}`"
        raise UsageError("diff compares two locks", hint)
    before, after = (
        _module_lock(modules[0], workspace, side.removesuffix(":"))
        if side in bare and isinstance(side, str)
        else _named_lock(side, workspace)
        for side in sides
    )
    return before, after


def _named_lock(name: str | Module, workspace: Workspace) -> Lock:
    """Return the lock of ``PATH``, ``HASH`` or ``SCRIPT``, each also as ``REVISION:...``.

    A target's lock is the one recorded for it, whether or not it still fits.
    """
    if isinstance(name, Module):
        return _module_lock(name, workspace)
    revision, colon, rest = name.partition(":")
    if colon and rest and not Path(name).exists() and "\\" not in name:
        return _in_revision(revision, rest, workspace)
    path = Path(name)
    if path.name.endswith(".yml") and path.exists():
        return workspace.lock(path)
    config = workspace.config(path if path.exists() else None)
    root, folder = config.root, config.locks
    for candidate in (folder, folder / LOCAL) if is_hash(name) else ():
        for locked in locks_named(name, candidate):
            return workspace.lock(locked)
    if path.exists():
        found = _recorded(path.resolve().relative_to(root).as_posix(), folder, workspace)
        if found is not None:
            return found
        if path.suffix != ".yml":
            raise MissingLockError(f"{name} has no lock", f"run `{workspace.lock_command(path)}`")
    raise MissingLockError(
        f"{name} is neither a lock nor a locked script",
        "give a lock file, a hash, a script, or one of these in git: HEAD~1:report.py",
    )


def _module_lock(module: Module, workspace: Workspace, revision: str = "") -> Lock:
    """Return the lock recorded for a module, now or in a revision."""
    require_target(module)
    config = workspace.config(place_of(module))
    root, folder = config.root, config.locks
    key = key_of(module, root)
    found = _shown(revision, key, folder, root) if revision else _recorded(key, folder, workspace)
    if found is None:
        raise MissingLockError(
            f"{revision} has no lock of {key}" if revision else f"{key} has no lock",
            "run the command in the folder that it was locked in",
        )
    return found


def _recorded(key: str, folder: Path, workspace: Workspace) -> Lock | None:
    """Return the lock that a key has in a locks folder, the committed one first."""
    for candidate in (folder, folder / LOCAL):
        for entry in _entries(workspace.index(candidate), key):
            return workspace.lock(lock_path(candidate, entry.lock))
    return None


def _shown(revision: str, key: str, folder: Path, root: Path) -> Lock | None:
    """Return the lock that a key has in a revision; a machine's own locks are in none."""
    index = parse_index(_show(revision, folder / FILE_NAME, root), folder / FILE_NAME)
    for entry in _entries(index, key):
        found = lock_path(folder, entry.lock)
        return parse_lock(_show(revision, found, root), found)
    return None


def _entries(index: ScriptIndex, key: str) -> tuple[Entry, ...]:
    """Return the entries of a script or folder, or of the folder it is locked together with."""
    keys = (key, f"{key}/", *folder_keys(key))
    return next((found for found in map(index.of, keys) if found), ())


def _in_revision(revision: str, name: str, workspace: Workspace) -> Lock:
    path = Path(name).absolute()
    config = workspace.config(path if path.exists() else None)
    root, folder = config.root, config.locks
    if path.name.endswith(".yml"):
        return parse_lock(_show(revision, path, root), path)
    if _HASH.match(name):
        found = lock_path(folder, name)
        return parse_lock(_show(revision, found, root), found)
    key = path.resolve().relative_to(root).as_posix() if path.is_relative_to(root) else name
    recorded = _shown(revision, key, folder, root)
    if recorded is None:
        raise MissingLockError(f"{revision} has no lock of {name}", "give a script locked in it")
    return recorded


def _show(revision: str, path: Path, root: Path) -> str:
    """Return the text of a file as it is in a revision of the repository it lies in."""
    if revision.startswith("-"):
        raise UsageError(
            f"`{revision}` is not a revision", "give one of git, as in HEAD~1:report.py"
        )
    try:
        relative = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        raise UsageError(
            f"{path} is not in {root}, so git does not have it", "give a script of this repository"
        ) from None
    command = ["git", "-C", str(root), "show", f"{revision}:./{relative}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise UsageError(f"git cannot be started: {error}", "install git") from error
    if shown.returncode:
        reason = shown.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise MissingLockError(
            f"git has no {relative} in {revision}: {reason}",
            "give a revision that has it, or a lock's hash (locks of `interpreters:` are in none)",
        )
    try:
        return shown.stdout.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LockfileError(
            f"{relative} in {revision} is not a lock file: {error}", "give another revision"
        ) from error
