"""Caches and environments on other file systems, under any umask, and at long paths."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.core.model import Lock, LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.install import install
from condavision.errors import InstallError
from condavision.interpreters.conda_package import PackageFile
from condavision.system.progress import Progress
from tests.channels.package import Package

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.environments.environment import Environment
    from tests.environments.conftest import MakeLock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and mounts are POSIX's")

SUBDIR = current_subdir()


def build(lock: Lock, home: Path) -> Environment:
    return install(lock, SUBDIR, home=home, progress=Progress())


def works(environment: Environment) -> bool:
    code = "import certifi, sys; print(certifi.where.__name__, sys.prefix)"
    command = [str(environment.python), "-I", "-c", code]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return ran.stdout == f"where {environment.prefix}\n"


@pytest.mark.parametrize("folder", ["pkgs", "envs", "pyc"])
def test_on_a_file_system_of_its_own(
    folder: str, make_lock: MakeLock, home: Path, small_disk: Callable[..., Path]
) -> None:
    """Files cannot be linked from one to the other: they are copied, bytecode too."""
    disk = small_disk("size=500m") / folder
    if (home / folder).exists():
        shutil.copytree(home / folder, disk, symlinks=True)
        shutil.rmtree(home / folder)
    disk.mkdir(exist_ok=True)
    (home / folder).symlink_to(disk)
    environment = build(make_lock("requests"), home)
    assert works(environment)
    assert list(environment.prefix.glob("lib/python*/site-packages/idna/__pycache__/*.pyc"))


@pytest.mark.slow
def test_packages_in_a_read_only_cache(
    make_lock: MakeLock, home: Path, small_disk: Callable[..., Path]
) -> None:
    """An administrator fills it; users link from it, and fetch missing packages for themselves."""
    disk = small_disk("size=500m")
    lock = make_lock("requests")
    filled = disk / "home"
    build(lock, filled)
    shutil.rmtree(home / "pkgs")
    (home / "pkgs").symlink_to(filled / "pkgs")
    small_disk("ro")
    assert works(build(lock, home))
    assert build(make_lock("pyyaml"), home).is_ready
    [module] = (home / "pkgs").glob("idna-*/site-packages/idna/__init__.py")
    small_disk("rw")
    module.write_text("altered = True\n")
    small_disk("ro")
    again = build(make_lock("requests", "pyyaml"), home)
    assert works(again), "fetched again, into the user's own cache"


@pytest.mark.slow
def test_a_read_only_home_of_the_user(
    make_lock: MakeLock,
    home: Path,
    iniconfig: LockedPackage,
    small_disk: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is written but into CONDAVISION_HOME, whatever rattler and uv do by default."""
    monkeypatch.setenv("HOME", str(small_disk("size=1m")))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    small_disk("ro")
    assert works(build(make_lock("requests", extra=(iniconfig,)), home))


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o077, 0o002])
def test_under_any_umask(umask: int, make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("requests")
    before = os.umask(umask)
    try:
        environment = build(lock, home / "own")
    finally:
        os.umask(before)
    assert works(environment)
    marker = stat.S_IMODE(environment.marker.stat().st_mode)
    assert marker == 0o666 & ~umask
    [record] = environment.marker.parent.glob("requests-*.json")
    for path, mode in (
        (environment.prefix, 0o777),
        (environment.prefix / "bin" / "normalizer", 0o777),
        (record, 0o666),
    ):
        assert stat.S_IMODE(path.stat().st_mode) == mode & ~umask


@pytest.mark.slow
@pytest.mark.parametrize("name", ["long/" * 60, "long-" * 40 + "/" + "name-" * 40])
def test_long_paths(name: str, make_lock: MakeLock, tmp_path: Path) -> None:
    environment = build(make_lock("requests"), tmp_path / name)
    assert len(str(environment.prefix)) > 255
    assert works(environment)
    script = environment.prefix / "bin" / "normalizer"
    assert subprocess.run([script, "--help"], check=True, capture_output=True).stdout


def binary_package(folder: Path) -> LockedPackage:
    """A package whose binary file has room for a prefix of 255 bytes, as conda-build makes them."""
    placeholder = ("/placehold" * 26)[:255]
    content = b"\x7fELF" + placeholder.encode() + b"/share\0rest\0"
    entry = PackageFile("share/binary", content, placeholder=placeholder, binary=True)
    file = Package("binary", "1.0", "0", noarch="generic", entries=(entry,)).write(folder)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return LockedPackage(Manager.CONDA, "binary", "1.0", SUBDIR, file.as_uri(), sha256, build="0")


@pytest.mark.slow
def test_a_path_too_long_for_a_binary(make_lock: MakeLock, tmp_path: Path) -> None:
    lock = make_lock("requests", extra=(binary_package(tmp_path / "channel"),))
    environment = build(lock, tmp_path / "short")
    content = (environment.prefix / "share" / "binary").read_bytes()
    assert os.fsencode(environment.prefix) + b"/share\0" in content
    long = tmp_path / ("long-" * 45)
    with pytest.raises(InstallError, match="too long") as caught:
        build(lock, long)
    assert "export CONDAVISION_HOME=" in caught.value.hints[0]
    assert not list((long / "envs").glob("*/"))


def test_a_path_that_is_not_utf_8(make_lock: MakeLock, tmp_path: Path) -> None:
    lock = make_lock("requests")
    with pytest.raises(InstallError, match="UTF-8") as caught:
        build(lock, Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")))
    assert "export CONDAVISION_HOME=" in caught.value.hints[0]
