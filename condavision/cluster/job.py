"""A job, made of a script's lock and sources, and what its command line takes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.parameters.read import read_interface
from condavision.analysis.source.scripts import script_file
from condavision.cluster.task import Job
from condavision.errors import TargetKindError
from condavision.inference.notebooks import refuse_notebook
from condavision.inference.runnable import runnable
from condavision.project.targets import Module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.analysis.parameters.interface import Interface
    from condavision.cluster.task import Limits
    from condavision.core.model import SourceFile
    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Described:
    """A job, what it runs, and what the command line of that takes."""

    job: Job
    runnable: Runnable
    interface: Interface


def describe(
    target: Path | Module, workspace: Workspace, running: Path, limits: Limits
) -> Described:
    """Return the job of a locked script or module; nothing is solved or installed.

    Raises:
        TargetKindError: it is a notebook, or a folder that cannot be run.
        CondavisionError: it has no lock that fits.
    """
    refuse_notebook(target)
    if isinstance(target, Path) and target.is_dir() and script_file(target) == target:
        raise TargetKindError(
            f"{target} is a folder", f"give a script of it: `{target / 'SCRIPT'}`"
        )
    found = runnable(target, workspace)
    return Described(job_of(target, found, workspace, running, limits), found, interface_of(found))


def job_of(
    target: Path | Module, found: Runnable, workspace: Workspace, running: Path, limits: Limits
) -> Job:
    """Return the job of a target that was found to be runnable."""
    config, flags = found.located.project.config, workspace.flags
    place = target.folder if isinstance(target, Module) else target
    return Job(
        script=os.path.abspath(place),  # noqa: PTH100 - links stay: the project is found from it
        module=target.name if isinstance(target, Module) else "",
        root=str(config.root),
        lock=hashlib.sha256(found.located.path.read_bytes()).hexdigest(),
        sources=_digest(found.analysis.files, config.root),
        folder=str(running),
        locks=str(flags.locks.absolute()) if flags.locks else "",
        vendored=str(config.vendored.absolute()) if config.vendored else "",
        limits=limits,
    )


def interface_of(found: Runnable) -> Interface:
    """Return what the command line of a target takes."""
    return read_interface(found.analysis.files, found.located.project.config.root)


def _digest(files: Iterable[SourceFile], root: Path) -> str:
    """Return the digest of a script and its local modules, wherever the project is."""
    lines = sorted(f"{os.path.relpath(it.path, root)}\0{it.sha256}\n" for it in files)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
