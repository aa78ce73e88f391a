"""How a target runs, by its path or as a module, and the lock that it runs under."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from condavision.errors import MissingLockError, TargetKindError
from condavision.inference.lock_lookup import locate
from condavision.inference.notebooks import is_notebook
from condavision.inference.relative_imports import module_of, relative_import_of
from condavision.locks.index import Reading
from condavision.project.targets import Module, Target, near

if TYPE_CHECKING:
    from condavision.core.model import Analysis
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace

_Target = TypeVar("_Target", bound=Target)


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


def run_as(target: _Target, workspace: Workspace) -> _Target | Module:
    """Return what Python is to run for a target: for a script that imports relatively, its module.

    A notebook is never one.

    Raises:
        TargetKindError: it imports relatively, and cannot be a module.
        CondavisionError: it does not exist, or cannot be read.
    """
    found = None if is_notebook(target) else relative_import_of(_shown(target), workspace)
    if found is None:
        return target
    module = module_of(found)
    if module is None:
        raise TargetKindError(
            f"{found.location}: this relative import fails when the script is run by its path",
            "give the script and its folder names that can be imported",
        )
    return module


def runnable(
    target: Path | Module, workspace: Workspace, runs: Path | Module | None = None
) -> Runnable:
    """Return a target with its lock; ``runs`` is the result of :func:`run_as`, if it is known.

    Raises:
        CondavisionError: there is no lock that fits, or the target cannot be run.
    """
    runs = runs or run_as(target, workspace)
    located = locate_to_run(target, runs, workspace)
    project = workspace.project(_shown(runs))
    return Runnable(runs, located, workspace.analysis(project, located.entry.paths))


def locate_to_run(target: Target, runs: Target, workspace: Workspace) -> Located:
    """Return the lock of ``runs``, else that of the script, if it would be the same.

    Raises:
        CondavisionError: neither has one that fits.
    """
    located = _locate_either(target, runs, workspace)
    project = workspace.project(_shown(runs), located.entry.channels)
    reading = Reading(floor=located.entry.floor)
    if located.project.key == project.key:
        return located
    if located.lock.hash == workspace.infer(project, reading).hash:
        return located
    return locate(_shown(runs), workspace)  # which says that it has none


def locate_as_run(target: Target, workspace: Workspace) -> Located:
    """Return the lock of the environment of a target: that of a run, else its own.

    Raises:
        CondavisionError: there is none that fits.
    """
    return _locate_either(target, runs_if_it_can(target, workspace), workspace)


def runs_if_it_can(target: _Target, workspace: Workspace) -> _Target | Module:
    """Return what :func:`run_as` returns; a script that cannot be a module as it is.

    Raises:
        CondavisionError: it does not exist, or cannot be read.
    """
    with suppress(TargetKindError):
        return run_as(target, workspace)
    return target


def _locate_either(target: Target, runs: Target, workspace: Workspace) -> Located:
    try:
        return locate(_shown(runs), workspace)
    except MissingLockError:
        if runs != target:
            with suppress(MissingLockError):
                return locate(_shown(target), workspace)
        raise


def _shown(target: _Target) -> _Target | Path:
    """Return a target as messages are to have it."""
    return near(target) if isinstance(target, Path) else target
