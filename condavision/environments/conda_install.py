"""Installs conda packages into a prefix: rattler fetches, verifies and links what a lock names.

py-rattler 0.28 neither checks the hash of a ``file://`` archive nor the files in its cache: both
are checked here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler import BuildString, PackageRecord, RepoDataRecord
from rattler import install as rattler_install
from rattler.exceptions import InstallerError
from rattler.install import InstallerReporter
from rattler.package_cache import PackageCache, ValidationMode

from condavision.environments.package_cache import drop_altered_files, writable_cache
from condavision.errors import InstallError
from condavision.system.error_text import channel_certificate_hint, without_names
from condavision.system.progress import LONGEST, Work
from condavision.system.rattler_client import open_client
from condavision.system.secrets import CREDENTIALS, redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.core.model import LockedPackage
    from condavision.system.progress import Progress, Task

_FREE_THREADED = re.compile(r"_cp(\d)(\d+)t$")


def install_conda_packages(
    packages: Sequence[LockedPackage], prefix: Path, cache: Path, progress: Progress
) -> None:
    """Fetch, verify and link ``packages`` into ``prefix``, which is empty or absent.

    ``cache`` keeps the extracted packages. Link scripts are not run; packages that have some are
    named in a warning.

    Raises:
        InstallError: a package cannot be fetched, has another content than locked, or cannot be
            linked.
    """
    records = [(package, _record(package)) for package in packages]
    cache = writable_cache(cache, [_cache_name(package) for package in packages])
    try:
        asyncio.run(_install(records, prefix, cache, progress))
    except InstallerError as error:
        raise _explained(redacted(str(error)), packages, cache) from error
    _warn_of_link_scripts(prefix, progress)


async def _install(
    records: Sequence[tuple[LockedPackage, RepoDataRecord]],
    prefix: Path,
    folder: Path,
    progress: Progress,
) -> None:
    cache = PackageCache.new_layered([folder], validation_mode=ValidationMode.fast())
    index = await cache.index()
    for package, record in records:
        if not index.contains_record(record):
            _verify_archive(package)
        drop_altered_files(folder / _cache_name(package))
    with progress.doing(Work.INSTALLING, len(records)) as task:
        await rattler_install(
            [record for _, record in records],
            prefix,
            package_cache=cache,
            installed_packages=[],
            execute_link_scripts=False,
            client=open_client(LONGEST),
            reporter=_Reporter(task) if progress.shows else None,  # type: ignore[abstract]
            show_progress=False,
        )


class _Reporter(InstallerReporter):
    """Passes rattler's events on; rattler calls from several threads at a time."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task
        self._lock = threading.Lock()
        self._names: dict[int, str] = {}
        self._bytes: dict[int, tuple[int, int]] = {}  # received, expected

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        self._names[operation] = package_name
        return operation

    def on_download_start(self, cache_entry: int) -> int:
        return cache_entry  # the number its name is kept under

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        expected = max(total or 0, progress)
        with self._lock:
            before = self._bytes.get(download_idx, (0, 0))
            self._bytes[download_idx] = (progress, expected)
        name = self._names.get(download_idx, "")
        self._task.received(progress - before[0], expected - before[1], name)

    def on_download_completed(self, download_idx: int) -> None:
        size = self._bytes.get(download_idx, (0, 0))[0]
        self._task.fetched(self._names.get(download_idx, ""), size)

    def on_link_complete(self, index: int) -> None:
        del index
        self._task.finished()


def _record(package: LockedPackage) -> RepoDataRecord:
    if not re.fullmatch(r"[0-9a-f]{64}", package.sha256):
        raise InstallError(
            f"The lock has no valid sha256 for {package.name}, so it cannot be verified.",
            "lock again: run `condavision lock --upgrade SCRIPT`",
        )
    folder, _, file_name = package.url.rpartition("/")
    channel, _, subdir = folder.rpartition("/")
    build = package.build or ""
    number = build.rpartition("_")[2]
    python = subdir == "noarch" and "python" in package.dependencies
    record = PackageRecord(
        package.name,
        package.version,
        BuildString(build),
        int(number) if number.isascii() and number.isdigit() else 0,
        subdir,
        noarch=("python" if python else "generic") if subdir == "noarch" else None,
        depends=[f"{name} {spec}".strip() for name, spec in package.dependencies.items()],
        sha256=bytes.fromhex(package.sha256),
        md5=bytes.fromhex(package.md5) if package.md5 else None,
        python_site_packages_path=_site_packages(package),
    )
    return RepoDataRecord(record, file_name, package.url, channel)


def _site_packages(package: LockedPackage) -> str | None:
    """Return the site-packages of a free-threaded python (CEP 17); the lock does not have it."""
    match = _FREE_THREADED.search(package.build or "")
    if package.name != "python" or match is None:
        return None
    return f"lib/python{match[1]}.{match[2]}t/site-packages"


def _local_archive(url: str) -> Path | None:
    """Return the file that a ``file://`` url names, None for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _cache_name(package: LockedPackage) -> str:
    return f"{package.name}-{package.version}-{package.build}"


def _verify_archive(package: LockedPackage) -> None:
    archive = _local_archive(package.url)
    if archive is None:
        return
    try:
        with archive.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InstallError(
            f"{package.name} {package.version} cannot be read from {archive}: {error.strerror}.",
            "if the channel moved or lost it, lock again: run `condavision lock --upgrade SCRIPT`",
        ) from error
    if found != package.sha256:
        raise _tampered(package, f"sha256 {package.sha256}, found {found}")


def _warn_of_link_scripts(prefix: Path, progress: Progress) -> None:
    found = sorted(
        match[1]
        for folder in ("bin", "Scripts")
        for file in (prefix / folder).glob(".*-link.*")
        if (match := re.fullmatch(r"\.(.+)-(?:pre|post)-link\.(?:sh|bat)", file.name))
    )
    if found:
        progress.warning(
            f"{', '.join(found)}: link scripts are never run; {prefix} lacks what they would set up"
        )


def _tampered(package: LockedPackage, detail: str) -> InstallError:
    return InstallError(
        f"{package.name} {package.version} is not the package that was locked ({detail}): "
        f"{package.url}",
        "if the channel rebuilt it, lock again: run `condavision lock --upgrade SCRIPT`",
        "if not, it was tampered with: do not use this channel",
    )


_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "No space left|os error 28|os error 112",
        "the disk of {cache} is full",
        "make room: run `condavision clean`",
    ),
    (
        "Permission denied|Read-only file system|os error 13|os error 30",
        "{cache} or the environment beside it cannot be written",
        "choose a folder of your own: `export CONDAVISION_HOME=FOLDER`",
    ),
    (
        "target prefix cannot be longer than the placeholder",
        "the path of the environment is too long to be written into its programs",
        "choose a shorter path: `export CONDAVISION_HOME=FOLDER`",
    ),
    (
        r"HTTP status client error \(40[13]",
        "the server refuses access",
        f"give it your credentials: {CREDENTIALS}",
    ),
    (
        r"HTTP status client error \(4(?:04|10)",
        "the channel no longer has it",
        "lock again: run `condavision lock --upgrade SCRIPT`",
    ),
    (
        "Zip archive|zstd|bzip2|decompress|corrupt|unexpected end|invalid .*header",
        "the archive is damaged",
        "run again; if it fails again, the channel has a damaged copy",
    ),
    (
        "HTTP status server error|error sending request|client error|connection|timed out|dns",
        "the download failed",
        "check the network and proxy settings, and run again: files already fetched are kept",
    ),
)


def _explained(message: str, packages: Iterable[LockedPackage], cache: Path) -> InstallError:
    """Return rattler's chain of causes as one sentence, with a hint."""
    lines = [line.removeprefix("Caused by: ").strip().rstrip(".") for line in message.splitlines()]
    failed = re.search(r"failed to (?:fetch|link) (\S+)", message)
    package = next(
        (item for item in packages if failed and item.url.endswith("/" + failed[1])), None
    )
    reason = lines[-1] if lines else message
    if package is not None and (mismatch := re.search(r"expected \S+, got (\w+)", message)):
        return _tampered(package, f"sha256 {package.sha256}, found {mismatch[1]}")
    what = f"{package.name} {package.version}" if package else "The environment"
    where = f" from {package.url}" if package and "failed to fetch" in message else ""
    causes = without_names("\n".join(lines[1:] or lines))
    for pattern, cause, hint in _CAUSES:
        if re.search(pattern, causes, re.IGNORECASE):
            text = cause.format(cache=cache)
            return InstallError(
                f"{what} could not be installed{where}: {text} ({reason}).",
                channel_certificate_hint(reason) or hint,
            )
    return InstallError(
        f"{what} could not be installed{where}: {reason}.",
        "run again; if it fails the same way, remove the cached package below "
        f"{cache} and lock again",
    )
