"""What is not as it was installed is found, listed, installed again and removed."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.core.platforms import current_subdir
from condavision.environments.clean import CleanCriteria, clean
from condavision.environments.damage import damaged_files
from condavision.environments.install import Care, install
from condavision.environments.inventory import State, list_environments, remove
from condavision.errors import InstallError
from condavision.inspection.doctor.environments import check_environments
from condavision.inspection.doctor.finding import Subject
from condavision.project.config import Config
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.model import LockedPackage
    from condavision.environments.environment import Environment
    from tests.command_line import CommandLine
    from tests.environments.conftest import MakeLock

SITE_PACKAGES = "lib/python3*/site-packages"


def edited_in_place(file: Path) -> None:
    """Edit a file without a trace in its size and time."""
    status = file.stat()
    file.chmod(0o644)
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def cut(file: Path) -> None:
    file.write_bytes(b"")


DAMAGE: list[tuple[str, Callable[[Path], object], Care]] = [
    ("idna/core.py", Path.unlink, Care.SIZES),
    ("idna/core.py", cut, Care.SIZES),
    ("idna/core.py", edited_in_place, Care.DIGESTS),
    ("iniconfig/__init__.py", Path.unlink, Care.SIZES),
    ("iniconfig/__init__.py", cut, Care.SIZES),
    ("iniconfig/__init__.py", edited_in_place, Care.DIGESTS),
]


@pytest.mark.slow
def test_a_damaged_environment_is_installed_again_with_enough_care(
    make_lock: MakeLock, iniconfig: LockedPackage, home: Path
) -> None:
    lock = make_lock("idna", extra=(iniconfig,))

    def built(care: Care = Care.READY) -> Environment:
        options = {"home": home, "progress": Progress(), "compile_bytecode": False, "care": care}
        return install(lock, current_subdir(), **options)  # type: ignore[arg-type]

    environment = built()
    made = environment.marker.stat().st_ino
    for care in (Care.SIZES, Care.DIGESTS):
        assert built(care).marker.stat().st_ino == made, "nothing is damaged"
    for name, damage, needed in DAMAGE:
        [file] = environment.prefix.glob(f"{SITE_PACKAGES}/{name}")
        whole = file.read_bytes()
        damage(file)
        deep = needed is Care.DIGESTS
        subject = Subject(home, Config(Path()), deep=deep)
        [found] = [it for it in check_environments(subject) if it.what == environment.key]
        assert f"{name} missing or altered" in found.found
        if deep:
            assert damaged_files(environment) == ()
            assert built(Care.SIZES)
            assert file.read_bytes() != whole
        built(needed)
        assert file.read_bytes() == whole, (name, damage)
        assert damaged_files(environment, deep=True) == ()


def test_reinstall_builds_again_what_is_in_no_use(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("idna")
    options = {"home": home, "progress": Progress(), "compile_bytecode": False}
    environment = install(lock, current_subdir(), **options)  # type: ignore[arg-type]
    own = environment.prefix / "own"
    own.touch()
    again = {**options, "care": Care.ANEW}
    waiting = [str(environment.python), "-c", "print(flush=True); input()"]
    with subprocess.Popen(waiting, stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(InstallError, match=f"is used by process {process.pid}"):
            install(lock, current_subdir(), **again)  # type: ignore[arg-type]
        process.communicate(b"\n")
    assert own.exists()
    install(lock, current_subdir(), **again)  # type: ignore[arg-type]
    assert not own.exists()


def marked(place: Path, _: Path, content: bytes) -> None:
    (place / "conda-meta").mkdir(parents=True)
    (place / "conda-meta" / "condavision").write_bytes(content.replace(b"K", place.name.encode()))


def linked(place: Path, goal: Path) -> None:
    (place / "conda-meta").mkdir(parents=True)
    (place / "conda-meta" / "condavision").symlink_to(goal)


MARKERS = [b"", b"\xff", b"created soon", b"key K\ncreated nan\n", b"key K\ncreated 1e99\n", b"x\n"]
PLACES: dict[str, Callable[[Path, Path], object]] = {
    "a file": lambda place, _: place.touch(),
    "a link to a folder": lambda place, other: place.symlink_to(other),
    "a link to a file": lambda place, other: place.symlink_to(other / "kept"),
    "a link to nowhere": lambda place, other: place.symlink_to(other / "nowhere"),
    "a link to itself": lambda place, _: place.symlink_to(place),
    **{f"the marker {it!r}": partial(marked, content=it) for it in MARKERS},
    "a folder for a marker": lambda place, _: (place / "conda-meta/condavision").mkdir(
        parents=True
    ),
    "a marker that is a link": lambda place, other: linked(place, other / "kept"),
}


@pytest.mark.parametrize("case", PLACES)
def test_what_is_not_an_environment_is_listed_and_removed_alone(case: str, tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    place = home / "envs" / ("a" * 16)
    place.parent.mkdir(parents=True)
    other.mkdir()
    (other / "kept").write_text("mine")
    other.chmod(0o500)
    PLACES[case](place, other)
    [found] = list_environments(home)
    assert (found.key, found.state) == (place.name, State.DAMAGED)
    [finding] = [it for it in check_environments(Subject(home, Config(Path()))) if it.fix]
    assert (finding.what, f"clean {place.name}" in finding.fix) == (place.name, True)
    assert len(clean(home, CleanCriteria(names=(place.name,)), dry_run=False).removed) == 1
    assert list(place.parent.iterdir()) == []
    assert (other / "kept").read_text() == "mine"
    assert other.stat().st_mode & 0o777 == 0o500


def test_a_link_is_replaced_by_the_environment(
    make_lock: MakeLock, home: Path, tmp_path: Path
) -> None:
    lock = make_lock("idna")
    options = {"home": home, "progress": Progress(), "compile_bytecode": False}
    environment = install(lock, current_subdir(), **options)  # type: ignore[arg-type]
    elsewhere = tmp_path / "elsewhere"
    environment.prefix.rename(elsewhere)
    environment.prefix.symlink_to(elsewhere)
    care = {**options, "care": Care.SIZES}
    assert not install(lock, current_subdir(), **care).prefix.is_symlink()  # type: ignore[arg-type]
    assert (elsewhere / "conda-meta" / "condavision").is_file()
    remove(list_environments(home))


def test_install_goes_on_and_ends_with_the_first_error(local_command: CommandLine) -> None:
    folder = local_command.folder
    (folder / "a.py").write_text("import json\n")
    (folder / "t.py").write_text("import math\n")
    local_command("lock", "s.py", "t.py").ok()
    (folder / "t.py").write_text("import tomllib\n")
    done = local_command("install", ".")
    assert done.code == 70
    assert len(done.out.splitlines()) == 2
    assert "a.py has no lock" in done.err
    assert "the lock of t.py is stale" in done.err
    names = [it["name"] for it in local_command("install", ".", "--json").json()]
    assert names == ["s.py", "a.py", "t.py"]
    [made] = local_command("install", "s.py", "--verify", "--json").ok().json()
    prefix = made["prefix"]
    Path(prefix, "pyvenv.cfg").unlink()
    repaired = local_command("install", "s.py").ok()
    assert "pyvenv.cfg missing or altered" in repaired.err
    assert Path(prefix, "pyvenv.cfg").exists()
    assert local_command("install", "s.py", "s.py", "--reinstall", "-q").ok()
