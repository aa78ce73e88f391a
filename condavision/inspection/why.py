"""Why the locks of a project have a package: which targets lead to it, and how."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from condavision.errors import MissingLockError, UsageError
from condavision.inspection.dependencies import dependencies_of, locate_each
from condavision.inspection.dependency_graph import Chain, Dependencies, Key, key_of
from condavision.project.targets import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from condavision.core.model import LockedPackage
    from condavision.inference.lock_lookup import Located
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

    ``name`` is of a package, or of a module that one supplies.
    Targets that were never locked have no part in it.

    Raises:
        UsageError: no lock has the package.
    """
    by_lock, failed = locate_each(targets, workspace)
    failed = [
        it for it in failed if not (isinstance(it[1], MissingLockError) and it[1].never_locked)
    ]
    known = [
        (found, dependencies_of(found[0], platform, workspace, offline=offline))
        for found in by_lock.values()
    ]
    reasons = [it for found, one in known for it in _reasons(name, found, one)]
    if not reasons:
        suppliers = _suppliers(name, (it for found, _ in known for it in found))
        reasons = [
            it for by in suppliers for found, one in known for it in _reasons(by, found, one)
        ]
    if not by_lock and not failed:
        root = near(workspace.config().root)
        raise MissingLockError("nothing here is locked", f"run `{workspace.lock_command(root)}`")
    if not reasons and not failed:
        similar = get_close_matches(name, {key[1]: None for _, it in known for key in it.packages})
        hint = (
            f"did you mean {' or '.join(similar)}?"
            if similar
            else "see all: run `condavision tree`"
        )
        raise UsageError(f"no lock here has a package {name}", hint)
    return reasons, failed


def _reasons(name: str, found: Sequence[Located], first: Dependencies) -> Iterator[Reasons]:
    """Yield why targets with one lock, whose first has these dependencies, have a package."""
    chains: dict[Key, dict[str, tuple[Chain, ...]]] = {}
    for located in found:
        for package, paths in first.of(located).paths_to(name):
            chains.setdefault(key_of(package), {})[located.project.key] = paths
    hashed, root = found[0].lock.hash, found[0].project.config.root
    yield from (Reasons(first.packages[it], hashed, chains[it], root) for it in chains)


def _suppliers(module: str, located: Iterable[Located]) -> dict[str, None]:
    """Return the packages that supply a module to targets, in order."""
    return {
        found.requirement.name: None
        for one in located
        for found in one.inference.resolutions
        if found.requirement is not None and module in {found.module, found.imported.name}
    }
