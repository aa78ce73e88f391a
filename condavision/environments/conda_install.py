"""Installs conda packages into a prefix: fetches, verifies and checks them; rattler links them.

py-rattler 0.28 checks neither the hash of a ``file://`` archive, nor the files in its cache, nor
where the files of a package would go.
"""

from __future__ import annotations

import asyncio
import os
import re
from functools import partial
from typing import TYPE_CHECKING

from rattler import BuildString, PackageRecord, RepoDataRecord
from rattler import install as rattler_install
from rattler.exceptions import InstallerError
from rattler.install import InstallerReporter
from rattler.package_cache import PackageCache as LinkCache
from rattler.package_cache import ValidationMode

from condavision.environments.download import LONGEST, OtherContentError, StalledError
from condavision.environments.package_cache import (
    GUARD,
    PackageCache,
    PackageError,
    set_modes,
    writable_cache,
)
from condavision.environments.package_files import entry_name, require_inside
from condavision.errors import InstallError
from condavision.system.error_text import channel_certificate_hint, without_names
from condavision.system.file_lock import exclusive
from condavision.system.progress import Work
from condavision.system.rattler_client import open_client
from condavision.system.secrets import CREDENTIALS, redacted
from condavision.system.timeout import LONGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from condavision.core.model import LockedPackage
    from condavision.environments.package_files import PackageFiles
    from condavision.system.progress import Progress, Task

_FREE_THREADED = re.compile(r"_cp(\d)(\d+)t$")


def install_conda_packages(
    packages: Sequence[LockedPackage],
    prefix: Path,
    cache: Path,
    progress: Progress,
    *,
    work: Work = Work.INSTALLING,
    deep: bool = False,
) -> None:
    """Fetch, verify and link ``packages`` into ``prefix``, which is empty or absent.

    ``cache`` keeps the extracted packages. Link scripts are not run; packages that have some are
    named in a warning. ``work`` is what this is shown as. With ``deep`` the digests of all cached
    files are checked.

    Raises:
        InstallError: a package cannot be fetched, has another content than locked, or cannot be
            linked.
    """
    names = [entry_name(package) for package in packages]
    records = [_record(package) for package in packages]
    folder = writable_cache(cache, names)
    try:
        with progress.doing(work, len(records)) as task:
            found = _filled(folder, packages, progress, task, deep=deep)
            require_inside(found, _noarch_folder(packages))
            asyncio.run(_link(records, prefix, folder, progress, task))
        for made in (
            "bin",
            "conda-meta",
        ):  # rattler's own: entry points for a group, records for us
            set_modes(prefix / made, linked=True)
    except (InstallerError, PackageError) as error:
        raise _explained(error, packages, folder) from error
    _warn_of_link_scripts(prefix, progress)


def _filled(
    folder: Path,
    packages: Sequence[LockedPackage],
    progress: Progress,
    task: Task,
    *,
    deep: bool,
) -> list[PackageFiles]:
    """Return the files of packages; fetch those that the cache has not, or not intact."""
    cache = PackageCache(folder)
    find = partial(cache.find, deep=deep)
    found = [*map(find, packages)]
    if None in found:
        folder.mkdir(parents=True, exist_ok=True)
        waiting = f"waiting for another process that uses {folder}"
        with exclusive(folder / GUARD, lambda: progress.message(waiting)):
            found = [
                it or cache.find(package, deep=deep)
                for it, package in zip(found, packages, strict=True)
            ]
            missing = [package for it, package in zip(found, packages, strict=True) if it is None]
            found += asyncio.run(cache.add(missing, task))
    return [files for files in found if files is not None]


async def _link(
    records: Sequence[RepoDataRecord], prefix: Path, folder: Path, progress: Progress, task: Task
) -> None:
    await rattler_install(
        list(records),
        prefix,
        package_cache=LinkCache.new_layered([folder], validation_mode=ValidationMode.skip()),
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


def _noarch_folder(packages: Iterable[LockedPackage]) -> str:
    """Return the site-packages of the environment, where noarch packages are linked to."""
    if os.name == "nt":
        return "Lib/site-packages"
    for package in packages:
        if package.name == "python":
            minor = ".".join(package.version.split(".")[:2])
            return _site_packages(package) or f"lib/python{minor}/site-packages"
    return "site-packages"


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
        f"{redacted(package.url)}",
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
        r"HTTP status client error \(4(?:04|10)|No such file",
        "the channel no longer has it",
        "lock again: run `condavision lock --upgrade SCRIPT`",
    ),
    (
        "Zip archive|zstd|bzip2|decompress|corrupt|unexpected end|invalid .*header",
        "the archive is damaged",
        "run again; if it fails again, the channel has a damaged copy",
    ),
    (
        "HTTP status server error|error sending request|body|client error|connection|timed out|dns",
        "the download failed",
        "check the network and proxy settings, and run again: files already fetched are kept",
    ),
)


def _explained(
    error: InstallerError | PackageError, packages: Iterable[LockedPackage], cache: Path
) -> InstallError:
    """Return why a package could not be fetched or linked as one sentence, with a hint."""
    if isinstance(error, PackageError):
        return _not_fetched(error.package, error.__cause__ or error, cache)
    lines = [line.removeprefix("Caused by: ").strip() for line in redacted(str(error)).splitlines()]
    failed = re.search(r"failed to (?:fetch|link) (\S+)", str(error))
    package = next(
        (item for item in packages if failed and item.url.endswith("/" + failed[1])), None
    )
    what = f"{package.name} {package.version}" if package else "The environment"
    return _caused(f"{what} could not be installed", lines, cache)


def _not_fetched(package: LockedPackage, cause: BaseException, cache: Path) -> InstallError:
    what = f"{package.name} {package.version} could not be installed from {redacted(package.url)}"
    match cause:
        case OtherContentError(found=found):
            return _tampered(package, f"sha256 {package.sha256}, found {found}")
        case StalledError():
            return InstallError(f"{what}: the download was given up: {cause}.", LONGER)
        case OSError(strerror=str() as reason):
            return _caused(what, [reason], cache)
    return _caused(what, redacted(str(cause)).splitlines(), cache)


def _caused(what: str, lines: list[str], cache: Path) -> InstallError:
    """Return an error with the last line of a chain of causes, and the hint that fits them."""
    reason = lines[-1].rstrip(".") if lines else "no reason is given"
    causes = without_names("\n".join(lines[1:] or lines))
    for pattern, cause, hint in _CAUSES:
        if re.search(pattern, causes, re.IGNORECASE):
            text = cause.format(cache=cache)
            return InstallError(
                f"{what}: {text} ({reason}).", channel_certificate_hint(reason) or hint
            )
    return InstallError(
        f"{what}: {reason}.",
        "run again; if it fails the same way, remove the cached package below "
        f"{cache} and lock again",
    )
