"""condavision as a library: the same two stages as functions that return values (``docs/api.md``).

Errors are subclasses of :class:`condavision.errors.CondavisionError`: ``str(error)`` is what
happened, ``error.hints`` are what to do, ``error.diagnostics`` what may have caused it. Modules are
found from the current folder, as by ``python -m``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from condavision.compile_stage.stage import lock as lock_named
from condavision.exec_stage.stage import install_named, prepare
from condavision.inference.select import Named, select_targets
from condavision.inference.workspace import Workspace
from condavision.inspection.check import check_selected, explain_target
from condavision.project.config import Flags
from condavision.project.solve_options import SolveOptions
from condavision.project.targets import Module, one_target
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from condavision.compile_stage.recording import LockingReport
    from condavision.compile_stage.renewal import Renewal
    from condavision.environments.environment import Environment
    from condavision.inference.inference import Inference
    from condavision.inspection.check import CheckReport
    from condavision.inspection.explain import Explanation

__all__ = ["analyze", "check", "explain", "install", "lock", "run"]

StrPath = str | os.PathLike[str]
_Stream: TypeAlias = "int | IO[Any] | None"


def analyze(
    script: StrPath | None = None,
    *,
    module: str | None = None,
    together: StrPath | None = None,
    channels: Sequence[str] = (),
) -> Inference:
    """Return what a script, a module or the scripts of a folder require; offline, without a lock.

    None of the code is run. Exactly one of ``script``, ``module`` and ``together`` (a folder) is
    given. ``channels`` override those of the script and the configuration.

    Raises:
        UsageError: none or several of them are given, or the module name is not valid.
        AnalysisError: the target does not exist or cannot be read as Python.
        ConfigError: the configuration, a channel or a declared dependency is wrong.
    """
    workspace = Workspace(Flags(tuple(channels)))
    return workspace.infer(workspace.project(one_target(_path(script), module, _path(together))))


def lock(  # noqa: PLR0913 - the options of the command, spelled out
    *paths: StrPath,
    modules: Sequence[str] = (),
    together: Sequence[StrPath] = (),
    apart: Sequence[StrPath] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
    options: SolveOptions | None = None,
    renewal: Renewal | None = None,
    accept: Sequence[str] = (),
    dry_run: bool = False,
) -> LockingReport:
    """Compile stage: solve the requirements of scripts and write their lock files.

    ``paths`` are scripts and folders of scripts. ``together`` are folders whose scripts share one
    lock, ``apart`` are folders whose scripts get separate locks again. ``channels``, ``platforms``,
    ``locks`` (the folder of the lock files) and ``options`` override the configuration.
    ``renewal`` is which valid locks to solve again. ``accept`` are PyPI distributions to accept
    though nobody has reviewed them. A target that fails does not stop the others;
    its error is in the report's ``failed``. A ``dry_run`` writes no file of the project.

    Raises:
        UsageError: no target is given, a folder in ``apart`` is not locked together, or a package
            to upgrade is in no lock, or a name to accept is not needed.
        AnalysisError: a path does not exist, or a folder has no script.
        ConfigError: the configuration or a channel is wrong.
        LockfileError: a ``scripts.yml`` is damaged.
    """
    named = Named(_paths(paths), tuple(modules), _paths(together), _paths(apart))
    solve = options or SolveOptions()
    given = tuple(channels), tuple(platforms), _path(locks)
    flags = Flags(*given, solve=solve, accept=tuple(accept))
    return lock_named(named, Workspace(flags), renewal=renewal, dry_run=dry_run)


def check(
    *paths: StrPath,
    modules: Sequence[str] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
) -> CheckReport:
    """Report whether scripts and modules have locks that still fit; offline.

    Errors of single targets are in the report.

    Raises:
        UsageError: no target is given.
        AnalysisError: a path does not exist, or a folder has no script.
        LockfileError: a ``scripts.yml`` is damaged.
    """
    workspace = Workspace(Flags(tuple(channels), tuple(platforms), _path(locks)))
    selection = select_targets(Named(_paths(paths), tuple(modules)), workspace)
    return check_selected(selection, workspace)


def explain(
    script: StrPath | None = None,
    *,
    module: str | None = None,
    together: StrPath | None = None,
    channels: Sequence[str] = (),
    locks: StrPath | None = None,
) -> Explanation:
    """Return each import, the package that supplies it and why, and what limits the Python range.

    This works offline and without a lock; with one, it includes the locked versions. Exactly one
    of ``script``, ``module`` and ``together`` (a folder) is given.

    Raises:
        UsageError: none or several of them are given, or the module name is not valid.
        AnalysisError: the target does not exist or cannot be read as Python.
        ConfigError: the configuration, a channel or a declared dependency is wrong.
    """
    workspace = Workspace(Flags(tuple(channels), locks=_path(locks)))
    return explain_target(one_target(_path(script), module, _path(together)), workspace)


def install(
    name: StrPath | None = None,
    *,
    module: str | None = None,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
) -> Environment:
    """Install the environment of a locked script or module, or of a requirement hash.

    An environment that exists already is returned as it is. ``vendored`` is a folder that
    ``condavision vendor`` filled, from which all packages are taken.

    Raises:
        UsageError: neither ``name`` nor ``module`` is given, or both are.
        MissingLockError, StaleLockError, LockfileError: there is no lock that fits.
        InstallError, ForeignInterpreterError: the environment cannot be installed.
    """
    target = (
        os.fspath(name) if name is not None and module is None else one_target(_path(name), module)
    )
    workspace = Workspace(Flags(locks=_path(locks), vendored=_path(vendored)))
    return install_named(target, workspace, Progress(), compile_bytecode=True)


def run(  # noqa: PLR0913 - keywords of subprocess.run, spelled out
    script: StrPath,
    *args: str,
    module: bool = False,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
    cwd: StrPath | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,  # noqa: A002 - as in subprocess.run
    stdin: _Stream = None,
    stdout: _Stream = None,
    stderr: _Stream = None,
    capture_output: bool = False,
    text: bool = False,
    timeout: float | None = None,
    check: bool = False,
) -> subprocess.CompletedProcess[Any]:
    """Exec stage: run a locked script in a process of its own, and wait for it.

    A relative ``script`` is found from the current folder, whatever ``cwd`` is; with ``module`` it
    is the name of a module, found from ``cwd``. The environment is installed first if it is
    missing. The variables of the process are ``env``, or else those of this process, after
    activation. The other keywords are those of :func:`subprocess.run`; ``timeout`` is in seconds
    and applies to the process only.

    Raises:
        UsageError: the script is a notebook.
        MissingLockError, StaleLockError, LockfileError: there is no lock that fits.
        InstallError, ForeignInterpreterError: the environment cannot be installed.
        subprocess.CalledProcessError: ``check`` is true and the exit code is not 0.
        subprocess.TimeoutExpired: the process was still running after ``timeout``, and was killed.
    """
    name = os.fspath(script)
    if cwd is not None and not module:
        name = os.path.abspath(name)  # noqa: PTH100 - keeps `..` as it was given
    target = Module(name, Path(cwd or Path.cwd())) if module else Path(name)
    workspace = Workspace(Flags(locks=_path(locks), vendored=_path(vendored)))
    environ = os.environ if env is None else env
    command, variables = prepare(target, workspace, Progress()).command(args, environ, name)
    return subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        input=input,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        capture_output=capture_output,
        text=text,
        timeout=timeout,
        check=check,
    )


def _paths(names: Sequence[StrPath]) -> tuple[Path, ...]:
    return tuple(map(Path, names))


def _path(name: StrPath | None) -> Path | None:
    return Path(name) if name else None
