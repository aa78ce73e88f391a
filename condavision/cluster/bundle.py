"""What a machine needs to run a locked script: its sources and its lock, as one file.

The same sources and lock make the same bytes, whose digest names them everywhere. Only what the
analysis has read travels: no settings, no variables, nothing else that is beside the script.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import script_file
from condavision.cluster.job import job_of
from condavision.cluster.task import File, Limits
from condavision.cluster.worker import require_platform
from condavision.core.platforms import current_subdir
from condavision.environments.activation import load as load_activation
from condavision.environments.install import install
from condavision.environments.last_use import record_use
from condavision.errors import CondavisionError
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.stage import inputs_of
from condavision.locks.lockfile import read_lock
from condavision.project.targets import Module
from condavision.system.cache_dir import home
from condavision.system.documents import read_json
from condavision.system.files import read_file, remove_tree

if TYPE_CHECKING:
    from condavision.cluster.task import Job
    from condavision.inference.runnable import Runnable
    from condavision.inference.workspace import Workspace
    from condavision.system.progress import Progress

FOLDER = "bundles"
"""Where bundles are unpacked, below the folder of the cache."""

_PLAN, _SOURCES = "plan.json", "sources"


@dataclass(frozen=True)
class Bundle:
    """A packed bundle."""

    content: bytes

    @cached_property
    def digest(self) -> str:
        """Its name: SHA-256 of its content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Packed:
    """A script that is ready for other machines; ``inputs`` decided on what is in its bundle."""

    bundle: Bundle
    job: Job
    inputs: WarmInputs


def packed(target: Path | Module, found: Runnable, workspace: Workspace) -> Packed:
    """Return a target as it goes to other machines.

    Raises:
        OSError: one of its files cannot be read.
    """
    job = job_of(target, found, workspace, Path(), Limits())
    return Packed(pack(found), job, inputs_of(found.located, workspace.opened))


def pack(found: Runnable) -> Bundle:
    """Return the bundle of a script or module and its lock.

    Raises:
        OSError: one of its files cannot be read.
    """
    script = _script(found)
    module = found.target.name if isinstance(found.target, Module) else ""
    sources = {_absolute(it.path) for it in found.analysis.files} | {script}
    paths = [_absolute(it) for it in found.python_paths]
    top = Path(os.path.commonpath([*(it.parent for it in sources), *paths]))

    def place(path: Path) -> str:
        return PurePosixPath(_SOURCES, path.relative_to(top)).as_posix()

    located = found.located
    lock = located.path.name
    plan = {
        "script": place(script),
        "module": module,
        "paths": list(map(place, paths)),
        "lock": lock,
    }
    files = {place(it): read_file(it) for it in sources}
    files |= {lock: read_file(located.path), _PLAN: json.dumps(plan).encode()}
    return Bundle(_tar(files))


def _script(found: Runnable) -> Path:
    if isinstance(found.target, Path):
        return script_file(found.target).resolve()
    return _absolute(found.analysis.files[0].path)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - a link stays where imports find it


def _tar(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def unpacked(digest: str) -> Path | None:
    """Return the folder of a bundle that this machine has, else None."""
    folder = home() / FOLDER / digest
    return folder if folder.is_dir() else None


def unpack(digest: str, content: bytes) -> None:
    """Unpack a bundle, unless this machine has it; its folder appears complete.

    Raises:
        CondavisionError: it is not the bundle of this digest, or has other entries than files and
            folders below it.
        OSError: it cannot be written.
    """
    if Bundle(content).digest != digest:
        raise CondavisionError(f"the bundle {digest[:16]} arrived damaged", "try again")
    if unpacked(digest) is not None:
        return
    folder = home() / FOLDER / digest
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        _extract(content, new)
        new.rename(folder)
    except (tarfile.TarError, UnicodeError) as error:
        raise CondavisionError(
            f"the bundle {digest[:16]} is not valid: {error}", "try again"
        ) from error
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    finally:
        remove_tree(new)


def _extract(content: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is None:
                raise tarfile.TarError("it has entries that are no files")
            try:
                place = File(member.name, member.size).path_in(folder)
            except ValueError:
                raise tarfile.TarError(f"it has a file named {member.name!r}") from None
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(stream.read())


def prepare_bundle(folder: Path, vendored: Path | None, progress: Progress) -> Prepared:
    """Return the script of an unpacked bundle, ready to start; nothing is analyzed again.

    Raises:
        CondavisionError: the lock cannot be read, or its environment not be made.
        OSError: the bundle cannot be read.
    """
    plan = read_json(read_file(folder / _PLAN))
    script, paths = folder / plan["script"], tuple(folder / it for it in plan["paths"])
    target = Module(plan["module"], folder) if plan["module"] else script
    lock = read_lock(folder / plan["lock"])
    require_platform(lock.platforms, target if plan["module"] else Path(script.name))
    environment = install(lock, current_subdir(), home=home(), progress=progress, vendored=vendored)
    record_use(environment, script)
    activation = load_activation(environment.prefix)
    inputs = WarmInputs((script,), (), {})
    return Prepared(target, environment, activation, paths, inputs, plan["module"])
