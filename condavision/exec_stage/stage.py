"""The exec stage: a script's committed lock becomes an environment, and the script runs in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from condavision.core.platforms import current_subdir
from condavision.core.settings_file import SETTINGS_FILES
from condavision.environments.activation import load as load_activation
from condavision.environments.environment import environment_of
from condavision.environments.install import Care, install
from condavision.errors import CondavisionError, UsageError
from condavision.exec_stage.prepared import Activated, Prepared, WarmInputs
from condavision.exec_stage.process import become
from condavision.exec_stage.shell_launchers import renew_launcher, write_launcher
from condavision.inference.lock_lookup import config_of, find_lock, is_hash, named
from condavision.inference.notebooks import refuse_notebook
from condavision.inference.runnable import locate_as_run, run_as, runnable, runs_if_it_can
from condavision.locks.index import FILE_NAME
from condavision.project.config import Flags
from condavision.project.targets import Module, place_of
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from condavision.core.model import Lock
    from condavision.environments.environment import Environment
    from condavision.inference.diagnostics import FailingImport
    from condavision.inference.lock_lookup import Located
    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target
    from condavision.system.progress import Progress


_KERNEL = "ipykernel"
"""The distribution that has a kernel of Jupyter."""


def prepare(
    target: Path | Module, workspace: Workspace, progress: Progress, lock: Lock | None = None
) -> Prepared:
    """Find the lock of a target and install its environment if need be, to start it right away.

    ``lock`` is used instead if given: the target's own with packages added. A script that imports
    relatively and cannot be a module is run by its path: it may never get as far as the import.

    Raises:
        UsageError: the target is a notebook.
        CondavisionError: there is no lock that fits, or the environment cannot be made.
    """
    refuse_notebook(target)
    found = runnable(target, workspace, runs_if_it_can(target, workspace))
    return _prepare(found, target, workspace, progress, lock)


def prepare_apart(
    found: Runnable, workspace: Workspace, progress: Progress, *, compile_bytecode: bool = False
) -> Prepared:
    """Prepare a target whose processes start in folders of their own, as :func:`prepare`.

    Raises:
        CondavisionError: the environment cannot be made.
    """
    return _prepare(found, found.target, workspace, progress, compile_bytecode=compile_bytecode)


def _prepare(
    found: Runnable,
    target: Path | Module,
    workspace: Workspace,
    progress: Progress,
    lock: Lock | None = None,
    *,
    compile_bytecode: bool = False,
) -> Prepared:
    located = found.located
    vendored = located.project.config.vendored
    subdir = current_subdir()
    lock = lock or located.lock
    environment = install(
        lock,
        subdir,
        home=home(),
        progress=progress,
        vendored=vendored,
        compile_bytecode=compile_bytecode,
    )
    activation = load_activation(environment.prefix)
    inputs = inputs_of(located, workspace.opened)
    module = found.target.name if isinstance(found.target, Module) else ""
    return Prepared(target, environment, activation, found.python_paths, inputs, module)


def inputs_of(located: Located, started: int) -> WarmInputs:
    """Return everything that decided on the environment of a target and how it runs."""
    root = located.project.config.root
    analysis = located.inference.analysis
    indexes = (located.project.locks(local=local) / FILE_NAME for local in (False, True))
    place = place_of(located.project.target)
    # A configuration that appears above an unconfigured root makes that its root.
    top = root if located.project.config.source else Path(root.anchor)
    folders = {folder for folder in (place, *place.parents) if folder.is_relative_to(top)}
    settings = (folder / name for folder in {root, *folders} for name in SETTINGS_FILES)
    together = located.inference.together
    ignores = together.ignores if together else ()  # which of its scripts count
    sources = (file.path for file in analysis.files)
    return WarmInputs(
        files=(*sources, located.path, *indexes, *sorted(settings), *ignores),
        folders=located.inference.searched,
        variables={name: os.environ.get(name) for name in ("PYTHONPATH", "CONDAVISION_HOME")},
        started=started,
    )


def run(
    target: Path | Module,
    args: Sequence[str],
    workspace: Workspace,
    progress: Progress,
    script: str = "",
    launchers: Path | None = None,
    lock: Lock | None = None,
) -> NoReturn:
    """Replace this process by a locked target.

    ``script`` is a script as it was typed, which is what it sees as ``sys.argv[0]``. Its stale
    launcher in the folder ``launchers`` is renewed. ``lock`` is as in :func:`prepare`.

    Raises:
        UsageError: it is a notebook.
        CondavisionError: there is no lock that fits, or the environment cannot be made.
    """
    prepared = prepare(target, workspace, progress, lock)
    if launchers is not None and lock is None:
        renew_launcher(launchers, prepared)
    # The entry point finds a record by the target's name alone, without flags.
    record = lock is None and replace(workspace.flags, vendored=None) == Flags()
    become(prepared, args, script, record=record)


def activate(
    name: str | Target, workspace: Workspace, progress: Progress, lock: Lock | None = None
) -> Activated:
    """Return the environment of a target or a requirement hash, to start commands in.

    The modules in ``paths`` of the project are found as in a run. ``lock`` is as in
    :func:`prepare`.

    Raises:
        CondavisionError: there is no lock that fits, or the environment cannot be made.
    """
    environment = _install(name, workspace, progress, lock=lock)
    activation = load_activation(environment.prefix)
    if isinstance(name, str) and is_hash(name):
        script, paths = None, workspace.config().paths
    else:
        located = locate_as_run(named(name), workspace)
        script, paths = located.inference.analysis.files[0].path, located.python_paths
    return Activated(str(name), script, environment, activation, paths)


def require_kernel(command: str, target: Target, workspace: Workspace, lock: Lock | None) -> None:
    """Refuse a target whose lock has no kernel for Jupyter. ``lock`` is as in :func:`prepare`.

    ``command`` is the one that needs it.

    Raises:
        UsageError: it has none.
        CondavisionError: there is no lock that fits.
    """
    lock = lock or locate_as_run(target, workspace).lock
    if not any(it.name == _KERNEL for it in lock.on(current_subdir())):
        raise UsageError(
            f"the lock of {target} has no {_KERNEL}, which Jupyter starts",
            f"add it for this machine: run `condavision {command} --with {_KERNEL} SCRIPT`",
            *_relock(target, workspace),
        )


def _relock(target: Target, workspace: Workspace) -> Iterable[str]:
    if isinstance(target, Path) and target.suffix == ".ipynb":
        yield f"or lock again: run `{workspace.lock_command(target)}`"


def install_named(
    name: str | Target,
    workspace: Workspace,
    progress: Progress,
    *,
    compile_bytecode: bool = False,
) -> Environment:
    """Install the environment of a target, or of a requirement hash locked in this project.

    Raises:
        CondavisionError: there is no such lock, or the environment cannot be made.
    """
    return _install(name, workspace, progress, compile_bytecode=compile_bytecode)


def _install(
    name: str | Target,
    workspace: Workspace,
    progress: Progress,
    care: Care = Care.READY,
    done: Container[Path] = (),
    lock: Lock | None = None,
    *,
    compile_bytecode: bool = False,
) -> Environment:
    """Install an environment; ``care`` is what one has to pass that is not ``done``."""
    if lock is None and isinstance(name, str) and is_hash(name):
        lock = find_lock(name, workspace)
    lock = lock or locate_as_run(named(name), workspace).lock
    vendored = config_of(name, workspace).vendored
    subdir, folder = current_subdir(), home()
    if environment_of(lock, subdir, folder).prefix in done:
        care = Care.READY
    return install(
        lock,
        subdir,
        home=folder,
        progress=progress,
        vendored=vendored,
        compile_bytecode=compile_bytecode,
        care=care,
    )


@dataclass(frozen=True, slots=True)
class Installed:
    """The environment of a target or hash, and its launcher if one was asked for."""

    name: str | Target
    environment: Environment
    launcher: Path | None = None


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What was installed, and what failed with its error.

    ``failing`` are imports that will fail, as the files of new environments show.
    """

    installed: tuple[Installed, ...]
    failed: tuple[tuple[str | Target, CondavisionError], ...]
    failing: tuple[FailingImport, ...] = ()

    @property
    def code(self) -> int:
        """The exit code: the first error's."""
        return self.failed[0][1].code if self.failed else 0


def install_each(
    names: Iterable[str | Target],
    workspace: Workspace,
    progress: Progress,
    care: Care,
    launchers: Path | None,
) -> InstallReport:
    """Install the environments of targets and hashes; one that fails does not stop the others.

    Each has to pass ``care`` once. With ``launchers`` a launcher is written into that folder for
    each script.
    """
    from condavision.exec_stage.imports import failing_imports  # noqa: PLC0415 - `run` needs none

    installed: list[Installed] = []
    failed: list[tuple[str | Target, CondavisionError]] = []
    failing: list[FailingImport] = []
    done: set[Path] = set()
    for name in names:
        try:
            script = _launched(name) if launchers is not None else None
            if script is not None:
                refuse_notebook(script)
            environment = _install(name, workspace, progress, care, done, compile_bytecode=True)
            done.add(environment.prefix)
            if not (isinstance(name, str) and is_hash(name)):
                failing += failing_imports(named(name), environment, workspace, home())
            if launchers is None or script is None:
                installed.append(Installed(name, environment))
            else:
                run_as(script, workspace)  # no launcher for what may only fail
                prepared = prepare(script, workspace, progress)
                launcher = write_launcher(launchers, prepared)
                installed.append(Installed(name, environment, launcher))
        except CondavisionError as error:
            failed.append((name, error))
    return InstallReport(tuple(installed), tuple(failed), tuple(failing))


def _launched(name: str | Target) -> Path | None:
    """Return the script to write a launcher for; None for a module, hash or notebook."""
    if isinstance(name, str):
        return None if is_hash(name) else Path(name)
    return name if isinstance(name, Path) and name.suffix != ".ipynb" else None
