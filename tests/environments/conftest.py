"""Locks of real packages, and their environments."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from condavision.core.model import Lock, LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.install import install
from condavision.system.progress import Progress
from tests.channels.engine import install as link
from tests.channels.engine import locked, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from condavision.environments.environment import Environment
    from tests.channels.server import Channel

    MakeLock = Callable[..., Lock]
    Once = Callable[[str, Callable[[Path], None]], Path]

THIS_PYTHON = f"python {sys.version_info[0]}.{sys.version_info[1]}.*"


def altered(lock: Lock, name: str, **changes: str) -> Lock:
    """The lock with one of its packages changed."""
    packages = [replace(p, **changes) if p.name == name else p for p in lock.packages]  # type: ignore[arg-type]
    return replace(lock, packages=tuple(packages))


@pytest.fixture(scope="session")
def extracted_pythons(channel_folder: Path, once: Once) -> Path:
    """A package cache with this Python and what it depends on: extracting takes seconds."""

    def make(folder: Path) -> None:
        records = solve(channel_folder.as_uri(), [THIS_PYTHON])
        link(records, folder / "prefix", folder / "pkgs")

    return once("pythons", make) / "pkgs"


def link_packages(cache: Path, home: Path) -> None:
    """Give a home the packages of a cache."""
    shutil.copytree(cache, home / "pkgs", symlinks=True, copy_function=os.link)


@pytest.fixture
def home(home: Path, extracted_pythons: Path) -> Path:
    """A home without environments, whose package cache has this Python and nothing else."""
    link_packages(extracted_pythons, home)
    return home


def lock_of(url: str, *specs: str, extra: tuple[LockedPackage, ...] = ()) -> Lock:
    """Solve specs on a channel, this Python included unless another is given."""
    python = () if any(spec.startswith("python ") for spec in specs) else (THIS_PYTHON,)
    packages = (*map(locked, solve(url, [*python, *specs])), *extra)
    return Lock("0" * 16, (url,), (current_subdir(),), packages)


@pytest.fixture
def make_lock(channel: Channel) -> MakeLock:
    """Solve specs on the test channel, this Python included unless another is given."""

    def make(*specs: str, url: str | None = None, extra: tuple[LockedPackage, ...] = ()) -> Lock:
        return lock_of(url or channel.url, *specs, extra=extra)

    return make


@pytest.fixture
def make_environment(make_lock: MakeLock, home: Path) -> Callable[..., Environment]:
    """Install what specs solve to, into an empty home."""

    def make(
        *specs: str, compile_bytecode: bool = True, extra: tuple[LockedPackage, ...] = ()
    ) -> Environment:
        return install(
            make_lock(*specs, extra=extra),
            current_subdir(),
            home=home,
            progress=Progress(),
            compile_bytecode=compile_bytecode,
        )

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A separate file system, mounted with the given options, and again with others."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        again = "remount," if os.path.ismount(folder) else ""
        command = ["mount", "-t", "tmpfs", "-o", again + options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("only root mounts file systems, and not everywhere")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


def _wheel(requirement: str, folder: Path) -> LockedPackage:
    if not list(folder.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
        subprocess.run([*command, requirement], check=True)
    [file] = folder.glob("*.whl")
    name, version = file.name.split("-")[:2]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return LockedPackage(Manager.PYPI, name, version, current_subdir(), file.as_uri(), digest)


@pytest.fixture(scope="session")
def iniconfig(channel_folder: Path) -> LockedPackage:
    """A wheel from PyPI, kept with the test channel."""
    folder = channel_folder.parent / "wheel"
    with FileLock(folder.with_suffix(".lock")):
        return _wheel("iniconfig", folder)
