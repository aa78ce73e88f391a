"""``vendor``: every artefact of some locks into one folder, for machines without a network.

A file has its name only when it is complete and has the locked hash, so after an interrupted run
the next one fetches what is missing and replaces what is damaged.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from rattler.index import index_fs

from condavision.core.model import Manager
from condavision.environments.download import (
    AT_ONCE,
    DownloadError,
    GoneError,
    OtherContentError,
    StalledError,
    download,
    open_downloads,
)
from condavision.environments.vendored import CHANNEL, is_intact, vendored_path
from condavision.errors import CondavisionError, InstallError, UsageError
from condavision.system.file_lock import exclusive
from condavision.system.limits import require_resources
from condavision.system.ownership import require_trusted
from condavision.system.progress import Work
from condavision.system.secrets import redacted
from condavision.system.timeout import LONGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rattler import Client

    from condavision.core.model import Lock, LockedPackage
    from condavision.system.progress import Progress, Task

_PART = ".part"


@dataclass(frozen=True, slots=True)
class Vendored:
    """A vendored folder: how many files it has, and which of them were fetched or repaired now.

    ``to_build`` are source distributions; what they are built with is not in the folder.
    """

    folder: Path
    files: int
    fetched: tuple[str, ...]
    repaired: tuple[str, ...]
    to_build: tuple[str, ...]


def vendor(
    folder: Path, locks: Iterable[Lock], platforms: Sequence[str], progress: Progress
) -> Vendored:
    """Copy every artefact of ``locks`` into ``folder``; ``platforms`` are all where empty.

    A lock made from this machine's interpreters contributes its packages from PyPI.

    Raises:
        UsageError: two artefacts have one name, or no lock has any for these platforms.
        InstallError: files cannot be fetched or do not have the locked hash; all are named.
        UntrustedError: another user can change the folder.
        CondavisionError: there is too little memory to fetch and index them.
    """
    require_trusted(folder, f"the folder {folder}", "choose another folder")
    require_resources()
    wanted = _wanted(folder, tuple(locks), platforms)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        guard = folder / ".condavision.lock"
        with exclusive(guard, lambda: progress.message(f"{folder} is in use: waiting")):
            return _vendor(folder, wanted, progress)
    except OSError as error:
        raise InstallError(
            f"{folder} cannot be written to: {error.strerror or error}", "choose another folder"
        ) from error


def _wanted(
    folder: Path, locks: Sequence[Lock], platforms: Sequence[str]
) -> dict[Path, LockedPackage]:
    wanted: dict[Path, LockedPackage] = {}
    for lock in locks:
        local = lock.is_local
        for package in lock.packages:
            if platforms and package.platform not in platforms:
                continue
            if local and package.manager is Manager.CONDA:
                continue  # this machine's interpreters cannot be used elsewhere
            path = vendored_path(package, folder)
            known = wanted.setdefault(path, package)
            if known.sha256 != package.sha256:
                raise UsageError(
                    f"{known.url} and {package.url} have the same name and different content",
                    "vendor the scripts that need them into separate folders",
                )
    if not wanted and any(lock.is_local for lock in locks):
        raise UsageError(
            "the locks are made from this machine's interpreters and have no packages from PyPI,"
            " so there is nothing to copy",
            "for another machine, use a channel: run `condavision lock -c conda-forge SCRIPT`",
        )
    if not wanted:
        raise UsageError(
            f"no lock has packages for {', '.join(platforms) or 'any platform'}",
            "lock for it: run `condavision lock --platform PLATFORM SCRIPT`",
        )
    return wanted


def _vendor(folder: Path, wanted: dict[Path, LockedPackage], progress: Progress) -> Vendored:
    for part in folder.rglob(f".*{_PART}"):
        part.unlink()
    states = {path: _state(path, package) for path, package in wanted.items()}
    lacking = {
        path: wanted[path] for path, state in states.items() if state is not _FileState.INTACT
    }
    failed: list[CondavisionError] = []
    if lacking:
        progress.message(f"fetching {len(lacking)} of {len(wanted)} files into {folder}")
        with progress.doing(Work.FETCHING, len(lacking)) as task:
            failed = asyncio.run(_fetch_all(lacking, task))
    asyncio.run(_index(folder / CHANNEL))
    if failed:
        hints = dict.fromkeys(hint for error in failed for hint in error.hints)
        raise InstallError("\n".join(error.message for error in failed), *hints)
    missing, damaged = (_names(states, it) for it in (_FileState.MISSING, _FileState.DAMAGED))
    for name in damaged:
        progress.message(f"repaired {name}")
    to_build = sorted(
        path.name
        for path, package in wanted.items()
        if package.manager is Manager.PYPI and path.suffix != ".whl"
    )
    return Vendored(folder, len(wanted), missing, damaged, tuple(to_build))


class _FileState(Enum):
    """What the folder had of a file before anything was fetched."""

    INTACT = auto()
    DAMAGED = auto()
    MISSING = auto()


def _state(path: Path, package: LockedPackage) -> _FileState:
    try:
        return _FileState.INTACT if is_intact(path, package) else _FileState.DAMAGED
    except FileNotFoundError:
        return _FileState.MISSING


def _names(states: dict[Path, _FileState], state: _FileState) -> tuple[str, ...]:
    return tuple(sorted(path.name for path, found in states.items() if found is state))


async def _index(channel: Path) -> None:
    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    await index_fs(channel)


async def _fetch_all(lacking: dict[Path, LockedPackage], task: Task) -> list[CondavisionError]:
    """Fetch files concurrently and return the errors; one does not stop the others."""
    client = open_downloads()
    gate = asyncio.Semaphore(AT_ONCE)
    failed: list[CondavisionError] = []

    async def fetch(path: Path, package: LockedPackage) -> None:
        async with gate:
            try:
                await _fetch(client, path, package, task)
            except CondavisionError as error:
                failed.append(error)

    await asyncio.gather(*(fetch(path, package) for path, package in lacking.items()))
    return failed


async def _fetch(client: Client, path: Path, package: LockedPackage, task: Task) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    try:
        size = await download(client, package, part, task)
        part.replace(path)
    except (DownloadError, OSError) as error:
        raise _explained(package, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    task.fetched(path.name, size)
    task.finished()


def _explained(package: LockedPackage, error: DownloadError | OSError) -> InstallError:
    url = redacted(package.url)
    match error:
        case OtherContentError(found=found):
            return InstallError(
                f"{url} is not the file that was locked (sha256 {package.sha256}, found {found})",
                "if its channel replaced it, run `condavision lock --upgrade SCRIPT`",
            )
        case GoneError():
            hint = "its channel no longer has it, so run `condavision lock --upgrade SCRIPT`"
        case StalledError():
            hint = LONGER
        case _:
            hint = "check the network and try again: fetched files are kept"
    reason = redacted(getattr(error, "strerror", None) or str(error))
    return InstallError(f"{url} cannot be fetched: {reason}", hint)
