"""The embedded channel: a local conda channel of the interpreters found on this machine.

Package files are named by the interpreter's digest and never move, so that a lock can refer to
them; the index lists one interpreter per version and is replaced atomically.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import json
import shutil
import tempfile
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock

from condavision.core.model import INTERPRETERS
from condavision.errors import ChannelError, ForeignInterpreterError
from condavision.interpreters.conda_package import package_filename, read_about
from condavision.interpreters.discovery import discover, discover_all, user_home
from condavision.interpreters.package import package_of, record_of
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.interpreters.probing import Interpreter

_STAGING = ".staging-"


def filename_of(interpreter: Interpreter) -> str:
    """Return the file name of an interpreter's package, the last part of its url."""
    return package_filename(record_of(interpreter))


def local_channel(cache: Path) -> Path:
    """Create or update the channel of this machine's interpreters and return its folder.

    The folder holds this platform's subdir and an empty ``noarch``. Nothing is written if nothing
    has changed since the last call. Do not call it from a running event loop.

    Args:
        cache: the folder of the channel: ``interpreters`` below ``system.cache_dir.home()``.

    Raises:
        ChannelError: no interpreter was found, or the channel cannot be written.
    """
    interpreters = discover(cache)
    if not interpreters:
        raise ChannelError(
            f"`{INTERPRETERS}` is empty: no CPython was found on this machine",
            "install one, and have it on PATH or in a usual place, as pyenv and `uv python` do",
        )
    channel = cache.absolute()
    subdir = channel / interpreters[0].subdir
    if not _is_fresh(subdir, interpreters):
        with _writing(channel):
            if not _is_fresh(subdir, interpreters):  # another process may have been first
                _refresh(channel, interpreters)
                _sweep(subdir, discover_all(cache))
    return channel


def restore(cache: Path, url: str, sha256: str) -> None:
    """Make sure that the package of a lock exists; create it if its interpreter still exists.

    Args:
        cache: the folder of the channel: ``interpreters`` below ``system.cache_dir.home()``.
        url: the ``file://`` url of a package that :func:`local_channel` once made.
        sha256: the hash of the package, in hex.

    Raises:
        ForeignInterpreterError: no interpreter of this machine yields that package.
        ChannelError: the package cannot be written.
    """
    parts = urlsplit(url)
    path = Path(url2pathname(parts.path))
    # A package of another home's cache says where its Python is, which that home's PATH had.
    intact = parts.scheme == "file" and _sha256(path) == sha256
    found = discover_all(cache, _executable_of(path) if intact else ())
    for interpreter in found if parts.scheme == "file" else ():
        if filename_of(interpreter) != path.name:
            continue
        with _writing(path.parent.parent) if not intact else nullcontext():
            if _sha256(path) == sha256:
                return
            package = package_of(interpreter)
            if hashlib.sha256(package).hexdigest() == sha256:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, package)
                return
    version = path.name.split("-")[1] if path.name.count("-") > 1 else ""
    similar = [str(it.executable) for it in found if it.version == version]
    others = f"; another {version} is {', '.join(similar)}" if similar else ""
    raise ForeignInterpreterError(
        f"the lock's Python ({path.name}) was made from another machine's interpreters,"
        f" or from one that has changed since: it is not on PATH, nor among the Pythons of"
        f" {user_home()}{others}",
        "run `condavision lock SCRIPT`",
        "or, if that Python is still there, add its folder to PATH",
    )


def _executable_of(package: Path) -> tuple[Path, ...]:
    """Return the executable that a package of this channel was made of."""
    try:
        return (Path(read_about(package)["extra"]["executable"]),)
    except Exception:  # noqa: BLE001 - whatever else a lock names
        return ()


def _is_fresh(subdir: Path, interpreters: Iterable[Interpreter]) -> bool:
    """Return whether the index lists exactly these and every package is complete."""
    try:
        index = json.loads((subdir / "repodata.json").read_bytes())["packages.conda"]
        (subdir.parent / "noarch" / "repodata.json").stat()
        return set(index) == {filename_of(found) for found in interpreters} and all(
            (subdir / name).stat().st_size == record["size"] for name, record in index.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


@contextmanager
def _writing(channel: Path) -> Iterator[None]:
    """Hold the channel's lock.

    Raises:
        ChannelError: the channel cannot be written.
    """
    try:
        channel.mkdir(parents=True, exist_ok=True)
        with FileLock(channel / ".lock"):
            yield
    except OSError as error:
        raise ChannelError(
            f"`{INTERPRETERS}` cannot be kept in {channel}: {error}",
            "set CONDAVISION_HOME to a folder that can be written",
        ) from error


def _refresh(channel: Path, interpreters: Iterable[Interpreter]) -> None:
    for leftover in channel.glob(f"{_STAGING}*"):  # of an interrupted run
        shutil.rmtree(leftover, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(dir=channel, prefix=_STAGING))
    try:
        (staging / "noarch").mkdir()
        for interpreter in interpreters:
            subdir = staging / interpreter.subdir
            subdir.mkdir(exist_ok=True)
            (subdir / filename_of(interpreter)).write_bytes(package_of(interpreter))
        _index(staging)
        for built in sorted(staging.glob("*/*"), key=lambda path: path.suffix == ".json"):
            placed = channel / built.relative_to(staging)
            placed.parent.mkdir(exist_ok=True)
            built.replace(placed)  # packages first: an index never lists a missing file
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _index(channel: Path) -> None:
    from rattler.index import index_fs  # noqa: PLC0415 - 0.1 s that a fresh channel never needs

    # py-rattler's threads can outlive their work and crash an interpreter that exits at once
    atexit.register(time.sleep, 0.05)
    try:
        asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
    except Exception as error:  # its errors have no common base below Exception
        raise ChannelError(
            f"`{INTERPRETERS}` cannot be indexed: {error}",
            f"check the free space; or remove {channel}, which is made again",
        ) from error


def _sweep(subdir: Path, interpreters: Iterable[Interpreter]) -> None:
    """Remove the packages of interpreters that no longer exist: their links are broken."""
    kept = {filename_of(interpreter) for interpreter in interpreters}
    for package in subdir.glob("*.conda"):
        if package.name not in kept:
            package.unlink(missing_ok=True)


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
