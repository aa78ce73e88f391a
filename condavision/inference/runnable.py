"""How a target runs where each process has a folder of its own: in the service and in `map`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import MissingLockError, StaleLockError, TargetKindError
from condavision.inference.lock_lookup import locate
from condavision.inference.relative_imports import relative_import_of
from condavision.project.targets import Module, near

if TYPE_CHECKING:
    from condavision.core.model import Analysis
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Runnable:
    """A script or module with the lock it may run under.

    ``target`` is what Python runs: the module, where a script imports relatively. ``located`` is of
    the one or the other. ``analysis`` is of the target, also where a whole folder shares the lock.
    """

    target: Path | Module
    located: Located
    analysis: Analysis

    @property
    def python_paths(self) -> tuple[Path, ...]:
        """The folders that the process must find modules in; Python adds that of a script."""
        if isinstance(self.target, Path):
            return self.located.python_paths
        return tuple(dict.fromkeys((self.target.folder, *self.located.python_paths)))


def run_as(target: Path | Module, workspace: Workspace) -> Path | Module:
    """Return what Python is to run for a target: for a script that imports relatively, its module.

    Raises:
        TargetKindError: it imports relatively, and cannot be a module.
        CondavisionError: it does not exist, or cannot be read.
    """
    found = relative_import_of(_shown(target), workspace)
    if found is None:
        return target
    if not found.module:
        raise TargetKindError(
            f"{found.location}: this relative import fails when the script is run by its path",
            "give the script and its folder names that can be imported",
        )
    return Module(found.module, found.folder.absolute())


def runnable(
    target: Path | Module, workspace: Workspace, runs: Path | Module | None = None
) -> Runnable:
    """Return a target with its lock; ``runs`` is the result of :func:`run_as`, if it is known.

    Raises:
        CondavisionError: there is no lock that fits, or the target cannot be run.
    """
    runs = runs or run_as(target, workspace)
    located = _located(target, runs, workspace)
    project = workspace.project(_shown(runs))
    return Runnable(runs, located, workspace.analysis(project, located.entry.paths))


def _located(target: Path | Module, runs: Path | Module, workspace: Workspace) -> Located:
    """Return the lock of ``runs``, else that of the script, if it would be the same.

    Raises:
        CondavisionError: neither has one that fits.
    """
    try:
        return locate(_shown(runs), workspace)
    except MissingLockError:
        if runs != target:
            with suppress(MissingLockError, StaleLockError):
                by_path = locate(_shown(target), workspace)
                if by_path.lock.hash == workspace.infer(workspace.project(runs)).hash:
                    return by_path
        raise


def _shown(target: Path | Module) -> Path | Module:
    """Return a target as messages are to have it."""
    return near(target) if isinstance(target, Path) else target
