"""Why the locks of a project have a package: which targets lead to it, and how."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from condavision.errors import MissingLockError, UsageError
from condavision.inspection.dependencies import dependencies_of, locate_each
from condavision.inspection.dependency_graph import Chain, Key, key_of
from condavision.project.targets import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import LockedPackage
    from condavision.inference.workspace import Workspace
    from condavision.inspection.dependencies import Failures
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a package is in a lock of a project: ``chains`` of each target, by its key."""

    package: LockedPackage
    lock: str
    chains: Mapping[str, tuple[Chain, ...]]
    root: Path


def find_reasons(
    name: str,
    targets: Iterable[Target],
    platform: str | None,
    workspace: Workspace,
    *,
    offline: bool,
) -> tuple[list[Reasons], Failures]:
    """Return why the locks of targets have a package, and what could not be read.

    Targets that were never locked have no part in it.

    Raises:
        UsageError: no lock has the package.
    """
    by_lock, failed = locate_each(targets, workspace)
    failed = [
        it for it in failed if not (isinstance(it[1], MissingLockError) and it[1].never_locked)
    ]
    reasons: list[Reasons] = []
    names: dict[str, None] = {}
    for found in by_lock.values():
        first = dependencies_of(found[0], platform, workspace, offline=offline)
        names |= dict.fromkeys(key[1] for key in first.packages)
        chains: dict[Key, dict[str, tuple[Chain, ...]]] = {}
        for located in found:
            for package, paths in first.of(located).paths_to(name):
                chains.setdefault(key_of(package), {})[located.project.key] = paths
        hashed, root = found[0].lock.hash, found[0].project.config.root
        reasons += (Reasons(first.packages[it], hashed, chains[it], root) for it in chains)
    if not by_lock and not failed:
        root = near(workspace.config().root)
        raise MissingLockError("nothing here is locked", f"run `{workspace.lock_command(root)}`")
    if not reasons and not failed:
        similar = get_close_matches(name, names)
        hint = (
            f"did you mean {' or '.join(similar)}?"
            if similar
            else "see all: run `condavision tree`"
        )
        raise UsageError(f"no lock here has a package {name}", hint)
    return reasons, failed
