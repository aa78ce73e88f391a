"""The extracted packages that environments are linked from, in one folder or two.

An administrator may fill a cache that users cannot write; missing packages go into one beside it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rattler.package_streaming import download_and_extract

from condavision.artefacts.sizes import keep_sizes
from condavision.artefacts.store import EvidenceStore
from condavision.environments.download import (
    AT_ONCE,
    DownloadError,
    OtherContentError,
    download,
    local_archive,
    open_downloads,
)
from condavision.environments.package_files import entry_name, intact_files
from condavision.system.files import open_file, umask, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rattler import Client

    from condavision.core.model import LockedPackage
    from condavision.environments.package_files import PackageFiles
    from condavision.system.progress import Task

CACHES = ("pkgs", "pkgs-added")
"""The folders of packages below ``CONDAVISION_HOME``."""

RECORDS = "wheel-records"
"""The folder of corrections to ``RECORD`` files of wheels, by the wheel's sha256."""

GUARD = ".cache.lock"
"""rattler's own file lock of a cache: one process fetches or links at a time."""


class PackageError(Exception):
    """A package cannot be fetched or extracted; the cause is the reason."""

    def __init__(self, package: LockedPackage) -> None:
        super().__init__(package.name)
        self.package = package


def writable_cache(cache: Path, entries: Iterable[str]) -> Path:
    """Return the folder that rattler may use: ``cache``, or one beside it if that is read-only.

    The latter gets links to the ``entries`` in ``cache``. rattler 0.28 has layers for this,
    but opens the lock files of a read-only file system for writing.

    Raises:
        OSError: neither can be written.
    """
    if not cache.is_dir() or os.access(cache, os.W_OK):
        return cache
    own = cache.with_name(CACHES[1])
    own.mkdir(exist_ok=True)
    for name in entries:
        borrowed, lock = own / name, cache / f"{name}.lock"
        if lock.is_file() and not borrowed.exists():
            borrowed.unlink(missing_ok=True)  # a link to an entry that the owner has removed
            write_atomic(own / lock.name, lock.read_bytes())
            shutil.copystat(lock, own / lock.name)
            with suppress(FileExistsError):  # another process was first
                borrowed.symlink_to(cache / name)
    return own


class PackageCache:
    """A folder of extracted packages, in rattler's layout: ``NAME``, and ``NAME.lock`` beside it.

    A package gets its name when it was verified and checked, so that rattler finds all it links.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, package: LockedPackage, *, deep: bool = False) -> PackageFiles | None:
        """Return the files of a package, None where it is missing, altered or another one.

        With ``deep`` the digest of every file is checked.

        Raises:
            HostilePackageError: a file leads outside.
        """
        entry = self.folder / entry_name(package)
        lock = entry.with_name(f"{entry.name}.lock")
        try:
            if lock.read_bytes()[8:].hex() != package.sha256:  # behind a revision
                return None
            extracted = lock.stat().st_mtime_ns
        except OSError:
            return None
        return intact_files(entry, package, extracted, deep=deep)

    async def add(self, packages: Iterable[LockedPackage], task: Task) -> tuple[PackageFiles, ...]:
        """Fetch packages, and return their files; what the cache has of them is replaced.

        The caller holds the cache's lock.

        Raises:
            PackageError: one cannot be fetched or extracted; the cause is the reason.
            HostilePackageError: a file leads outside.
            OSError: the cache cannot be written.
        """
        client = open_downloads()
        gate = asyncio.Semaphore(AT_ONCE)
        sized: list[LockedPackage] = []

        async def fetch(package: LockedPackage) -> PackageFiles:
            async with gate:
                found, size = await self._fetch(client, package, task)
                sized.append(replace(package, size=size))
                return found

        running = [asyncio.ensure_future(fetch(package)) for package in packages]
        try:
            return tuple(await asyncio.gather(*running))
        finally:
            for it in running:
                it.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            keep_sizes(sized, EvidenceStore.below(self.folder.parent))

    async def _fetch(
        self, client: Client, package: LockedPackage, task: Task
    ) -> tuple[PackageFiles, int]:
        entry = self.folder / entry_name(package)
        with tempfile.TemporaryDirectory(prefix=".tmp", dir=self.folder) as scratch:
            made = Path(scratch, "made")
            try:
                archive = await _archive(client, package, Path(scratch), task)
                size = archive.stat().st_size
                found, _ = await download_and_extract(client, archive.absolute().as_uri(), made)
                if found.hex() != package.sha256:
                    raise OtherContentError(found.hex())
                files = intact_files(made, package)
                if files is None:
                    raise DownloadError("corrupt: files are missing")  # noqa: TRY301
                _keep(made, entry, package.sha256, Path(scratch, "replaced"))
            except (DownloadError, OSError, RuntimeError) as error:
                raise PackageError(package) from error
        return files, size


def _keep(made: Path, entry: Path, sha256: str, replaced: Path) -> None:
    """Move an extracted package to its place in the cache; what was there goes to ``replaced``.

    Raises:
        OSError: it cannot be written.
    """
    newest = set_modes(made)
    lock = entry.with_name(f"{entry.name}.lock")
    lock.unlink(missing_ok=True)
    if entry.is_symlink():
        entry.unlink()
    elif entry.exists():
        entry.rename(replaced)
    made.rename(entry)
    write_atomic(lock, (1).to_bytes(8, "big") + bytes.fromhex(sha256))
    if newest > lock.stat().st_mtime_ns:  # an archive with files from the future
        os.utime(lock, ns=(newest, newest))


async def _archive(client: Client, package: LockedPackage, scratch: Path, task: Task) -> Path:
    """Return the archive of a package, downloaded if need be."""
    local = local_archive(package.url)
    if local is not None:
        open_file(local).close()  # for an error with a reason
        return local
    suffix = ".tar.bz2" if package.url.endswith(".tar.bz2") else ".conda"
    path = scratch / f"archive{suffix}"
    task.fetched(package.name, await download(client, package, path, task))
    return path


def set_modes(folder: Path, *, linked: bool = False) -> int:
    """Give files the modes that new ones have here; return the newest time, in nanoseconds.

    Of their modes only the owner's right to execute counts. If the files are ``linked`` from a
    cache, only those that are not in it are changed.
    """
    newest, mask = 0, umask()
    for place, _, names in os.walk(folder):
        os.chmod(place, 0o777 & ~mask)  # noqa: PTH101 - thousands of files
        for name in names:
            path = f"{place}/{name}"
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                continue
            newest = max(newest, status.st_mtime_ns)
            wanted = (0o777 if status.st_mode & stat.S_IXUSR else 0o666) & ~mask
            if stat.S_IMODE(status.st_mode) != wanted and not (linked and status.st_nlink > 1):
                os.chmod(path, wanted)  # noqa: PTH101
    return newest
