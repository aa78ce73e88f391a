"""A target's lock with packages added for one run; the project does not change.

Such a lock is kept in the cache, by the packages of the target's own lock and by what is added, so
that the same addition is solved once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.compile_stage.groups import valid_lock
from condavision.core.model import Manager
from condavision.core.platforms import current_subdir
from condavision.errors import UnsolvableError, UsageError
from condavision.inference.requirements import merged
from condavision.locks.lockfile import lock_path, write_lock
from condavision.mapping.declared import parse_requirement
from condavision.system.cache_dir import home
from condavision.system.limits import require_resources
from condavision.system.progress import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.core.model import Lock, LockRecord, Requirement, Requirements
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace
    from condavision.project.solve_options import SolveOptions
    from condavision.system.progress import Progress

FOLDER = "with"
"""The folder of these locks in the cache."""

_CONDA = "conda:"
_VERSION = 1


def lock_with(
    located: Located, specs: Sequence[str], workspace: Workspace, progress: Progress
) -> Lock:
    """Return the lock of a target's requirements and some packages, for this platform.

    ``specs`` are requirements of distributions (PEP 508), which a channel supplies if it has them,
    or conda match specs after ``conda:``. The versions of the target's lock are preferred.

    Raises:
        ConfigError: one of ``specs`` is not a requirement.
        UsageError: one is for another Python.
        UnsolvableError: there is no such set of packages.
        ChannelError: a channel or index cannot be read.
    """
    added = [_requirement(spec, workspace) for spec in specs]
    found = located.inference.requirements
    wanted = replace(found, requirements=merged((*found.requirements, *added), found.python))
    folder, key = home() / FOLDER, _key(located.lock, added)
    lock = valid_lock(lock_path(folder, key), workspace)
    if lock is None:
        require_resources()
        options = _options(located.project.config.solve, located.lock.record)
        with progress.doing(Work.SOLVING, 1) as task:
            name = f"{located.project.key} with {', '.join(specs)}"
            task.started(name)
            try:
                lock = replace(_solve(wanted, located.lock, options, workspace), hash=key)
            except UnsolvableError as error:
                error.hints = tuple(_hints(added, workspace))  # locking the script would not help
                raise
            task.finished(name=name)
        write_lock(folder, lock, wanted)
    return replace(lock, added=tuple(specs))


def _hints(added: Iterable[Requirement], workspace: Workspace) -> Iterator[str]:
    for it in added:
        if near := workspace.import_map.near_distributions(it.name):
            yield f"for {it.name}, did you mean {' or '.join(near)}?"
    yield "check what is given to `--with`: a PyPI requirement, or `conda:` and a match spec"
    yield "see what it has to fit: run `condavision tree SCRIPT`"


def _solve(wanted: Requirements, own: Lock, options: SolveOptions, workspace: Workspace) -> Lock:
    from condavision.compile_stage.solving.solve import LockSolver  # noqa: PLC0415 - rattler costs 0.1 s

    solver = LockSolver(workspace.import_map, home(), offline=options.offline)
    subdir = current_subdir()
    return asyncio.run(solver.solve(wanted, (subdir,), options, own.on(subdir)))


def _requirement(spec: str, workspace: Workspace) -> Requirement:
    manager = Manager.CONDA if spec.startswith(_CONDA) else Manager.PYPI
    text = spec.removeprefix(_CONDA)
    found = parse_requirement(manager, text, workspace.import_map, "--with", Path.cwd())
    if found.name == "python":
        raise UsageError(
            f"--with {spec}: the Python of a run is that of its lock",
            "to lock for other Pythons, declare `requires-python` in the script",
        )
    return found


def _options(options: SolveOptions, record: LockRecord) -> SolveOptions:
    """Return the options of a solve whose result has to include what a lock has."""
    return replace(
        options,
        exclude_newer=record.exclude_newer or options.exclude_newer,
        virtual_packages=record.virtual_packages or options.virtual_packages,
        allow_sdist=options.allow_sdist or record.allows_sdists,
        allow_unverified=options.allow_unverified
        or any(package.startswith("pypi:") for _, package in record.unverified),
    )


def _key(own: Lock, added: Iterable[Requirement]) -> str:
    content = {
        "version": _VERSION,
        "channels": own.channels,
        "packages": sorted((it.url, it.sha256) for it in own.on(current_subdir())),
        "added": sorted([it.manager, it.name, it.constraint, list(it.extras)] for it in added),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
