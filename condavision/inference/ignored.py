"""The configuration and the locks of a target that are ignored, and why."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.errors import LockfileError
from condavision.inference.diagnostics import NearerLocks, UntrustedConfiguration, UnusedLocks
from condavision.project.config import LOCAL
from condavision.project.targets import folder_keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.errors import Diagnostic
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


def ignored(target: Target, workspace: Workspace) -> tuple[Diagnostic, ...]:
    """Return the configuration and the locks of a target that are ignored, and why."""
    place = workspace.place_of(target)
    distrusted = workspace.settings.distrusted(place)
    return (
        *(() if distrusted is None else (UntrustedConfiguration(*distrusted),)),
        *_unused_locks(target, place, workspace),
        *_nearer_locks(target, place, workspace),
    )


def _unused_locks(target: Target, place: Path, workspace: Workspace) -> Iterator[UnusedLocks]:
    """Yield the folders with a lock of the target that a configuration above hides."""
    for folder in workspace.settings.unused_locks(place):
        used = workspace.config(place)
        locks = folder / "locks"
        hides = workspace.flags.locks is None and locks != used.locks
        if hides and _has(folder, target, workspace):
            yield UnusedLocks(locks, used.source or used.root)


def _nearer_locks(target: Target, place: Path, workspace: Workspace) -> Iterator[NearerLocks]:
    """Yield the folders with a lock of the target that a nearer one hides."""
    for folder in workspace.settings.locks_above(place):
        used = workspace.config(place)
        nearer = workspace.flags.locks is None and used.source is None
        if nearer and _has(folder, target, workspace):
            yield NearerLocks(used.locks, folder / "locks")


def _has(folder: Path, target: Target, workspace: Workspace) -> bool:
    """Return whether the locks in a folder, which is not the root, have one of a target."""
    locks, key = folder / "locks", workspace.key(target, folder)
    with suppress(LockfileError):
        found = [workspace.index(it) for it in (locks, locks / LOCAL)]
        return any(it.of(one) for it in found for one in (key, *folder_keys(key)))
    return False
