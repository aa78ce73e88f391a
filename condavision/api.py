"""condavision as a library: the same two stages, returning values instead of printing them.

Errors are :class:`condavision.errors.CondavisionError`; ``str(error)`` says what happened,
``error.hints`` what to do.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.checking import check_scripts
from condavision.compile_stage import lock_scripts
from condavision.exec_stage import install_named, prepare
from condavision.execution import process_environment
from condavision.mapping.import_map import ImportMap
from condavision.progress import Progress
from condavision.reading import Flags, open_project, read
from condavision.selection import select_scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.checking import CheckReport
    from condavision.compile_stage import LockingReport
    from condavision.environment import Environment
    from condavision.reading import Reading

__all__ = ["analyze", "check", "install", "lock", "run"]

StrPath = str | os.PathLike[str]


def analyze(script: StrPath) -> Reading:
    """Read a script and say what it requires; offline, nothing of it is run.

    ``.analysis`` has its imports and Python range, ``.requirements`` and ``.hash`` what follows.
    """
    return read(open_project(Path(script), Flags()), ImportMap.bundled())


def lock(
    *paths: StrPath,
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
) -> LockingReport:
    """Compile stage: lock scripts and folders of scripts; errors are in the report's ``failed``."""
    flags = Flags(tuple(channels), tuple(platforms), Path(locks) if locks else None)
    return lock_scripts(select_scripts(map(Path, paths)), flags, ImportMap.bundled())


def check(*paths: StrPath, locks: StrPath | None = None) -> CheckReport:
    """Say whether the locks of scripts are there and still fit."""
    return check_scripts(
        select_scripts(map(Path, paths)), Flags(locks=Path(locks) if locks else None)
    )


def install(name: StrPath, *, locks: StrPath | None = None) -> Environment:
    """Install the environment of a locked script, or of a requirement hash."""
    flags = Flags(locks=Path(locks) if locks else None)
    return install_named(os.fspath(name), flags, Progress())


def run(
    script: StrPath, *args: str, locks: StrPath | None = None, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Exec stage: run a locked script in a process of its own, and wait for it.

    ``options`` are those of :func:`subprocess.run`; an ``env`` given there is activated.
    """
    prepared = prepare(Path(script), Flags(locks=Path(locks) if locks else None), Progress())
    environ = options.pop("env", None) or os.environ
    environ = process_environment(prepared.activation, prepared.paths, environ)
    python = str(prepared.environment.python)
    command = [*prepared.activation.wrapper, python, os.fspath(script), *args]
    return subprocess.run(command, env=environ, check=options.pop("check", False), **options)
