"""condavision as a library: the same two stages, returning values instead of printing them.

Errors are :class:`condavision.errors.CondavisionError`; ``str(error)`` says what happened,
``error.hints`` what to do, ``error.diagnostics`` what may have led to it. Modules are found from
the current folder, as ``python -m`` finds them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.compile_stage.stage import lock as lock_named
from condavision.errors import UsageError
from condavision.exec_stage.stage import install_named, prepare
from condavision.inference.select import Named, select_targets
from condavision.inference.workspace import Workspace
from condavision.inspection.check import check_targets, explain_target
from condavision.project.config import Flags
from condavision.project.solve_options import SolveOptions
from condavision.project.targets import Module, Together
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.compile_stage.recording import LockingReport
    from condavision.compile_stage.renewal import Renewal
    from condavision.environments.environment import Environment
    from condavision.inference.infer import Inference
    from condavision.inspection.check import CheckReport
    from condavision.inspection.explain import Explanation
    from condavision.project.targets import Target

__all__ = ["analyze", "check", "explain", "install", "lock", "run"]

StrPath = str | os.PathLike[str]


def analyze(
    script: StrPath | None = None,
    *,
    module: str | None = None,
    together: StrPath | None = None,
    channels: Sequence[str] = (),
) -> Inference:
    """Read a script, a module or all scripts of a folder, and infer what they require; offline.

    Nothing of them is run. ``.analysis`` has the imports and the Python range, ``.requirements``
    and ``.hash`` what follows.

    Raises:
        AnalysisError: it cannot be read as Python.
        ConfigError: the configuration, a channel or a declared dependency is wrong.
    """
    workspace = Workspace(Flags(tuple(channels)))
    return workspace.infer(workspace.project(_target(script, module, together)))


def lock(  # noqa: PLR0913 - what a command line names, spelled out
    *paths: StrPath,
    modules: Sequence[str] = (),
    together: Sequence[StrPath] = (),
    apart: Sequence[StrPath] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
    options: SolveOptions | None = None,
    renewal: Renewal | None = None,
) -> LockingReport:
    """Compile stage: lock scripts, folders of them, modules, and folders that share one lock.

    ``apart`` are folders whose scripts get locks of their own again. ``options`` win over the
    configuration; ``renewal`` says which valid locks to solve again. Errors of single targets are
    in the report's ``failed``.

    Raises:
        UsageError: nothing is named, or something that cannot be.
        AnalysisError: a path does not exist, or a folder holds no script.
    """
    named = Named(_paths(paths), tuple(modules), _paths(together), _paths(apart))
    solve = options or SolveOptions()
    flags = Flags(tuple(channels), tuple(platforms), _path(locks), solve=solve)
    return lock_named(named, Workspace(flags), renewal=renewal)


def check(
    *paths: StrPath,
    modules: Sequence[str] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
) -> CheckReport:
    """Report whether the locks of scripts and modules are there and still fit.

    Raises:
        UsageError: nothing is named.
        AnalysisError: a path does not exist, or a folder holds no script.
    """
    workspace = Workspace(Flags(tuple(channels), tuple(platforms), _path(locks)))
    selection = select_targets(Named(_paths(paths), tuple(modules)), workspace)
    return replace(check_targets(selection.targets, workspace), skipped=selection.skipped)


def explain(
    script: StrPath | None = None,
    *,
    module: str | None = None,
    together: StrPath | None = None,
    channels: Sequence[str] = (),
    locks: StrPath | None = None,
) -> Explanation:
    """Return each import, the package that supplies it and why, and what narrows the Pythons.

    Works offline and without a lock; with one, it has the locked versions.

    Raises:
        AnalysisError: it cannot be read as Python.
        ConfigError: the configuration, a channel or a declared dependency is wrong.
    """
    workspace = Workspace(Flags(tuple(channels), locks=_path(locks)))
    return explain_target(_target(script, module, together), workspace)


def install(
    name: StrPath | None = None,
    *,
    module: str | None = None,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
) -> Environment:
    """Install the environment of a locked script or module, or of a requirement hash.

    Raises:
        MissingLockError, StaleLockError, LockfileError: there is no lock that fits.
        InstallError: the environment cannot be installed; nothing is left behind.
    """
    target = os.fspath(name) if name is not None and module is None else _target(name, module)
    workspace = Workspace(Flags(locks=_path(locks), vendored=_path(vendored)))
    return install_named(target, workspace, Progress())


def run(
    script: StrPath,
    *args: str,
    module: bool = False,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Exec stage: run a locked script in a process of its own, and wait for it.

    ``script`` is relative to this process's folder, whatever ``cwd`` is; with ``module`` it is
    the name of one, found from ``cwd``. ``options`` are those of :func:`subprocess.run`; an
    ``env`` given there is activated, an empty one too.

    Raises:
        UsageError: the script is a notebook.
        MissingLockError, StaleLockError, LockfileError: there is no lock that fits.
        InstallError: the environment cannot be installed.
    """
    name = os.fspath(script)
    if "cwd" in options and not module:
        name = os.path.abspath(name)  # noqa: PTH100 - keeps `..` as it was given
    target = Module(name, Path(options.get("cwd") or Path.cwd())) if module else Path(name)
    workspace = Workspace(Flags(locks=_path(locks), vendored=_path(vendored)))
    environ = options.pop("env", None)
    environ = os.environ if environ is None else environ
    command, variables = prepare(target, workspace, Progress()).command(args, environ, name)
    return subprocess.run(command, env=variables, check=options.pop("check", False), **options)


def _target(
    script: StrPath | None, module: str | None = None, together: StrPath | None = None
) -> Target:
    found: list[Target] = [Path(script)] if script is not None else []
    found += [Module(module, Path.cwd())] if module is not None else []
    found += [Together(Path(together))] if together is not None else []
    if len(found) != 1:
        raise UsageError("name one of: a script, a module, a folder to take together")
    return found[0]


def _paths(names: Sequence[StrPath]) -> tuple[Path, ...]:
    return tuple(map(Path, names))


def _path(name: StrPath | None) -> Path | None:
    return Path(name) if name else None
