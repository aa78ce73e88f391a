"""Installs PyPI distributions for Python 2.7, which uv does not: by url and sha256, as locked.

Files are kept in the cache by their hash, and checked each time. Source distributions are built by
pip, run by the environment's own Python.
"""

from __future__ import annotations

import asyncio
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile

from condavision.environments.download import (
    AT_ONCE,
    DownloadError,
    GoneError,
    OtherContentError,
    StalledError,
    download,
    open_downloads,
)
from condavision.environments.pypi_errors import (
    RELOCK,
    gone,
    label,
    not_downloaded,
    other_content,
)
from condavision.environments.pypi_install import refuse_sdists
from condavision.environments.vendored import is_intact, vendored_path
from condavision.environments.wheel_records import INSTALLER
from condavision.errors import ChannelError, InstallError
from condavision.python2.run_pip import build_wheel
from condavision.python2.tools import FOLDER, tools
from condavision.system.file_lock import exclusive
from condavision.system.progress import Work
from condavision.system.timeout import LONGER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from installer.records import RecordEntry
    from installer.scripts import LauncherKind
    from installer.utils import Scheme
    from rattler import Client

    from condavision.core.model import LockedPackage
    from condavision.environments.environment import Environment
    from condavision.system.progress import Progress, Task

_SITE_PACKAGES = Path("lib", "python2.7", "site-packages")
_OF_PIP = ("DEPRECATION", "ERROR: Failed", "-----")
_OF_COMPILER = re.compile(r"\berror: ")
_METADATA = {
    "INSTALLER": f"{INSTALLER}\n".encode(),
    "direct_url.json": b'{"archive_info": {}}\n',
}


def install_for_python2(
    packages: Sequence[LockedPackage],
    environment: Environment,
    interpreter: LockedPackage,
    progress: Progress,
    *,
    allow_sdist: bool,
    inherit: tuple[int, ...] = (),
) -> None:
    """Install ``packages`` into an environment of Python 2.7, without dependencies.

    ``interpreter`` is its locked Python. Nothing is compiled. ``inherit`` are file descriptors that
    the processes started here keep open.

    Raises:
        InstallError: a distribution cannot be fetched or built, has another content than locked,
            is no wheel, or is a source distribution and those are not allowed.
        OSError: the cache or the prefix cannot be written.
    """
    refuse_sdists(packages, allowed=allow_sdist)
    home = environment.home
    files = {_place(package, home / FOLDER): package for package in packages}
    lacking = {file: package for file, package in files.items() if not _is_kept(file, package)}
    if lacking:
        with progress.doing(Work.FETCHING, len(lacking)) as task:
            asyncio.run(_fetch_all(lacking, task))
    for file, package in files.items():
        wheel = file
        if file.suffix != ".whl":
            progress.message(f"building {package.name} {package.version}")
            wheel = _built(package, file, environment, interpreter, inherit)
        unpack(package, wheel, environment)


def _place(package: LockedPackage, cache: Path) -> Path:
    """Return where a distribution is kept; pip puts what it reads while solving there too."""
    return cache / "files" / package.sha256 / vendored_path(package, cache).name


def _is_kept(file: Path, package: LockedPackage) -> bool:
    try:
        return is_intact(file, package)
    except FileNotFoundError:
        return False


async def _fetch_all(lacking: dict[Path, LockedPackage], task: Task) -> None:
    client = open_downloads()
    gate = asyncio.Semaphore(AT_ONCE)

    async def fetch(file: Path, package: LockedPackage) -> None:
        async with gate:
            await _fetch(client, file, package, task)

    await asyncio.gather(*(fetch(*one) for one in lacking.items()))


async def _fetch(client: Client, file: Path, package: LockedPackage, task: Task) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".tmp", dir=file.parent) as folder:
        part = Path(folder, file.name)
        try:
            size = await download(client, package, part, task)
        except DownloadError as error:
            raise _unfetched(package, error) from error
        part.replace(file)
    task.fetched(file.name, size)
    task.finished()


def _unfetched(package: LockedPackage, error: DownloadError) -> InstallError:
    what = label(package)
    match error:
        case OtherContentError():
            return other_content(what)
        case GoneError():
            return gone(what)
        case StalledError():
            return not_downloaded(what, str(error), LONGER)
    return not_downloaded(what, str(error))


def _built(
    package: LockedPackage,
    source: Path,
    environment: Environment,
    interpreter: LockedPackage,
    inherit: tuple[int, ...],
) -> Path:
    """Return the wheel of a source distribution, built once for each Python."""
    home = environment.home
    kept = home / FOLDER / "built" / f"{package.sha256[:32]}-{interpreter.sha256[:32]}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(kept.with_name(f"{kept.name}.lock"), lambda: None):
        if not kept.is_dir():
            with TemporaryDirectory(prefix=".tmp", dir=kept.parent) as folder:
                made = Path(folder, "made")
                made.mkdir()
                try:
                    helpers = tools(home, inherit=inherit)
                except ChannelError as error:
                    raise InstallError(error.message, *error.hints) from error
                output = build_wheel(environment.python, helpers, source, made, inherit)
                if output:
                    raise _unbuilt(package, output)
                made.rename(kept)
    return next(kept.glob("*.whl"))


def _unbuilt(package: LockedPackage, output: str) -> InstallError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith(_OF_PIP)]
    of_compiler = next(filter(_OF_COMPILER.search, causes), None)  # ends with "gcc failed" else
    return InstallError(
        f"{package.name} {package.version} could not be built for Python 2.7:"
        f" {of_compiler or (causes or lines)[-1]}",
        "install what it needs to compile (a compiler, headers, libraries), or use a channel",
    )


def unpack(package: LockedPackage, wheel: Path, environment: Environment) -> None:
    """Unpack a wheel into an environment of Python 2.7; its scripts name that Python.

    Raises:
        InstallError: it is no proper wheel, or has a file that would be outside of the prefix.
        OSError: the prefix cannot be written.
    """
    prefix = environment.prefix
    windows = environment.subdir.startswith("win-")
    site_packages = str(prefix / ("Lib/site-packages" if windows else _SITE_PACKAGES))
    schemes = {
        "purelib": site_packages,
        "platlib": site_packages,
        # as pip in virtual environments: `include/python2.7` may be a link to the machine's
        "headers": str(prefix / "include" / "site" / "python2.7" / package.name),
        "scripts": str(prefix / ("Scripts" if windows else "bin")),
        "data": str(prefix),
    }
    kind: LauncherKind = "win-amd64" if windows else "posix"
    destination = _Prefix(schemes, str(environment.python), kind, inside=prefix.resolve())
    try:
        with _Wheel.open(wheel) as source, warnings.catch_warnings(action="ignore"):
            install(source, destination, _METADATA)
    except (InstallerError, zipfile.BadZipFile, ValueError, KeyError, AssertionError) as error:
        raise InstallError(
            f"{label(package)} could not be installed: it is not a proper wheel ({error}).",
            RELOCK,
        ) from error


class _Wheel(WheelFile):
    """Takes no notice of ``RECORD``, which is wrong in many: all of the file is what was locked."""

    def read_dist_info(self, filename: str) -> str:
        """Return the text of a file of the ``.dist-info`` folder."""
        return "" if filename == "RECORD" else super().read_dist_info(filename)


@dataclass
class _Prefix(SchemeDictionaryDestination):
    """Writes files anew: one that is there may be a link to the cache of conda's packages.

    Distributions may bring the same file, such as ``backports/__init__.py``.
    """

    overwrite_existing: bool = True
    inside: Path = Path()

    def write_to_fs(
        self, scheme: Scheme, path: str, stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """Write one file.

        Raises:
            ValueError: it would be outside of the prefix.
        """
        target = self._path_with_destdir(scheme, path)
        if not target.parent.resolve().is_relative_to(self.inside):
            raise ValueError(f"Attempting to write {path} outside of the prefix")
        target.unlink(missing_ok=True)
        entry = super().write_to_fs(scheme, path, stream, is_executable=False)
        if is_executable or scheme == "scripts":  # for those who can read it
            mode = target.stat().st_mode
            target.chmod(mode | (mode & 0o444) >> 2)
        return entry
