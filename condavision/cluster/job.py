"""A job, made of a script's lock and sources, and what its command line takes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.analysis.parameters.read import read_interface
from condavision.cluster.task import Job
from condavision.errors import UsageError
from condavision.inference.lock_lookup import locate
from condavision.inference.notebooks import refuse_notebook

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.analysis.parameters.interface import Interface
    from condavision.cluster.task import Limits
    from condavision.core.model import SourceFile
    from condavision.inference.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Described:
    """A job, what the script's command line takes, and the platforms of the lock.

    ``files`` are those that the job's digests cover.
    """

    job: Job
    interface: Interface
    platforms: tuple[str, ...]
    files: tuple[Path, ...]


def describe(script: Path, workspace: Workspace, running: Path, limits: Limits) -> Described:
    """Return the job of a locked script; nothing is solved or installed.

    Raises:
        UsageError: it is a notebook or a folder.
        CondavisionError: it has no lock that fits.
    """
    refuse_notebook(script)
    if script.is_dir():
        raise UsageError(f"{script} is a folder", f"give a script of it: `{script / 'SCRIPT'}`")
    located = locate(script, workspace)
    flags = workspace.flags
    own = workspace.analysis(workspace.project(script))  # not that of a whole folder
    root = located.project.config.root
    vendored = located.project.config.vendored
    job = Job(
        script=os.path.abspath(script),  # noqa: PTH100 - links stay: the project is found from it
        root=str(root),
        lock=hashlib.sha256(located.path.read_bytes()).hexdigest(),
        sources=_digest(own.files, root),
        folder=str(running),
        locks=str(flags.locks.absolute()) if flags.locks else "",
        vendored=str(vendored.absolute()) if vendored else "",
        limits=limits,
    )
    files = (located.path, *(it.path for it in own.files))
    return Described(job, read_interface(own.files, root), located.lock.platforms, files)


def _digest(files: Iterable[SourceFile], root: Path) -> str:
    """Return the digest of a script and its local modules, wherever the project is."""
    lines = sorted(f"{os.path.relpath(it.path, root)}\0{it.sha256}\n" for it in files)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
