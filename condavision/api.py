"""condavision as a library: the same two stages, returning values instead of printing them.

Errors are :class:`condavision.errors.CondavisionError`; ``str(error)`` says what happened,
``error.hints`` what to do. Modules are found from the current folder, as ``python -m`` finds them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.compile_stage.parting import part_folders
from condavision.compile_stage.stage import Renewal, lock_targets
from condavision.errors import UsageError
from condavision.exec_stage.process import process_environment
from condavision.exec_stage.stage import install_named, prepare
from condavision.inference.infer import Flags, open_project, read
from condavision.inference.select import Named, select_targets
from condavision.inspection.check import check_targets
from condavision.mapping.import_map import ImportMap
from condavision.project.targets import Module, Together
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.stage import LockingReport
    from condavision.environments.environment import Environment
    from condavision.inference.infer import Reading
    from condavision.inspection.check import CheckReport
    from condavision.project.targets import Target

__all__ = ["analyze", "check", "install", "lock", "run"]

StrPath = str | os.PathLike[str]


def analyze(
    script: StrPath | None = None,
    *,
    module: str | None = None,
    together: StrPath | None = None,
    channels: Sequence[str] = (),
) -> Reading:
    """Read a script, a module or all scripts of a folder, and say what they require; offline.

    Nothing of them is run. ``.analysis`` has the imports and the Python range, ``.requirements``
    and ``.hash`` what follows.
    """
    project = open_project(_target(script, module, together), Flags(tuple(channels)))
    return read(project, ImportMap.bundled())


def lock(
    *paths: StrPath,
    modules: Sequence[str] = (),
    together: Sequence[StrPath] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
    **options: Any,
) -> LockingReport:
    """Compile stage: lock scripts, folders of them, modules, and folders that share one lock.

    ``options`` are the command line's: ``apart`` (folders), ``upgrade`` (bool),
    ``upgrade_packages`` (names), ``source`` (``--from``, a path), ``exclude_newer``, ``engine``,
    ``conda``, ``offline``, ``allow_sdist``, ``allow_unverified``. Errors of single targets are in
    the report's ``failed``.

    Raises:
        TypeError: an option has another name.
    """
    renewal = Renewal(
        everything=options.pop("upgrade", False),
        packages=frozenset(options.pop("upgrade_packages", ())),
        agreement=_agreement(options.pop("source", None)),
    )
    apart = _paths(options.pop("apart", ()))
    unknown = options.keys() - _TERMS
    if unknown:
        raise TypeError(f"lock() has no option {', '.join(sorted(unknown))}")
    settings = tuple(sorted((name, value) for name, value in options.items() if value))
    flags = Flags(tuple(channels), tuple(platforms), _path(locks), settings=settings)
    named = Named(_paths(paths), tuple(modules), _paths(together), apart)
    selection = select_targets(named, flags, join=True)
    report = lock_targets(selection.targets, flags, ImportMap.bundled(), renewal=renewal)
    part_folders(apart, flags, report)
    report.left_out = selection.left_out
    return report


_TERMS = frozenset(
    {"allow_sdist", "allow_unverified", "conda", "engine", "exclude_newer", "offline"}
)


def check(
    *paths: StrPath,
    modules: Sequence[str] = (),
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    locks: StrPath | None = None,
) -> CheckReport:
    """Say whether the locks of scripts and modules are there and still fit."""
    flags = Flags(tuple(channels), tuple(platforms), _path(locks))
    selection = select_targets(Named(_paths(paths), tuple(modules)), flags)
    return replace(check_targets(selection.targets, flags), left_out=selection.left_out)


def install(
    name: StrPath | None = None,
    *,
    module: str | None = None,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
) -> Environment:
    """Install the environment of a locked script or module, or of a requirement hash."""
    target = os.fspath(name) if name is not None and module is None else _target(name, module)
    return install_named(target, Flags(locks=_path(locks), vendored=_path(vendored)), Progress())


def run(
    script: StrPath,
    *args: str,
    module: bool = False,
    locks: StrPath | None = None,
    vendored: StrPath | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Exec stage: run a locked script in a process of its own, and wait for it.

    With ``module``, ``script`` is the name of one, found from ``cwd``. ``options`` are those of
    :func:`subprocess.run`; an ``env`` given there is activated.
    """
    name = os.fspath(script)
    target = Module(name, Path(options.get("cwd") or Path.cwd())) if module else Path(name)
    flags = Flags(locks=_path(locks), vendored=_path(vendored))
    prepared = prepare(target, flags, Progress())
    environ = options.pop("env", None) or os.environ
    environ = process_environment(prepared.activation, prepared.paths, environ)
    start = ["-m", name] if module else [name]
    python = str(prepared.environment.python)
    command = [*prepared.activation.wrapper, python, *start, *args]
    return subprocess.run(command, env=environ, check=options.pop("check", False), **options)


def _target(
    script: StrPath | None, module: str | None = None, together: StrPath | None = None
) -> Target:
    found: list[Target] = [Path(script)] if script is not None else []
    found += [Module(module, Path.cwd())] if module is not None else []
    found += [Together(Path(together))] if together is not None else []
    if len(found) != 1:
        raise UsageError("name one thing: a script, a module or a folder to take together")
    return found[0]


def _agreement(source: StrPath | None) -> Agreement | None:
    if source is None:
        return None
    from condavision.compile_stage.preferred_versions import read_agreement  # noqa: PLC0415 - rarely needed

    return read_agreement(Path(source))


def _paths(names: Sequence[StrPath]) -> tuple[Path, ...]:
    return tuple(map(Path, names))


def _path(name: StrPath | None) -> Path | None:
    return Path(name) if name else None
