"""Environments out of locks: verified, complete, shared, or an error and nothing at all."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rattler.exceptions import InstallerError

from condavision.cli import group
from condavision.cli.progress import BarProgress, LineProgress, choose_progress
from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.bytecode import compile_prefix, compile_sources
from condavision.environments.conda_install import _explained
from condavision.environments.environment import Environment, environment_of
from condavision.environments.install import Care, install
from condavision.environments.inventory import list_environments, remove
from condavision.environments.last_use import record_use
from condavision.environments.pypi_install import install_pypi_packages
from condavision.environments.wheel_records import altered_files
from condavision.errors import InstallError
from condavision.system.progress import Progress
from tests.channels.server import Channel, Fault
from tests.environments.conftest import THIS_PYTHON, altered

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.model import Lock
    from condavision.interpreters.probing import Interpreter
    from tests.environments.conftest import MakeLock

SUBDIR = current_subdir()


def build(
    lock: Lock, home: Path, progress: Progress | None = None, *, compiled: bool = False
) -> Environment:
    progress = progress or Progress()
    return install(lock, SUBDIR, home=home, progress=progress, compile_bytecode=compiled)


def python(environment: Environment, code: str) -> str:
    command = [str(environment.python), "-E", "-s", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def nothing_is_left(home: Path) -> bool:
    return not any(path.is_dir() for path in (home / "envs").iterdir())


def test_a_noarch_package_works_with_its_entry_point(
    make_environment: Callable[..., Environment],
) -> None:
    environment = make_environment("requests", "pyyaml")
    assert "site-packages" in python(environment, "import requests; print(requests.__file__)")
    assert python(environment, "import sys; print(sys.prefix)") == str(environment.prefix)
    normalizer = environment.prefix / "bin" / "normalizer"
    assert normalizer.read_bytes().startswith(b"#!" + os.fsencode(environment.prefix))


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["python 2.7.*", "python 3.8.*", "python 3.12.*"])
def test_every_python_gets_its_own_site_packages(
    spec: str,
    make_environment: Callable[..., Environment],
    interpreter: Callable[[tuple[int, int]], object],
) -> None:
    major, minor = spec.removeprefix("python ").split(".")[:2]
    interpreter((int(major), int(minor)))
    environment = make_environment(spec, "six")
    found = python(environment, "import sys, ssl, ctypes; print(sys.version[:6])")
    assert found.startswith(f"{major}.{minor}.")
    assert list(environment.prefix.glob("lib/python*/site-packages/**/six*.pyc"))


def bytecode(environment: Environment, package: str) -> dict[str, int]:
    """The inodes of the files that a package has as bytecode, by their paths in it."""
    [folder] = environment.prefix.glob(f"lib/python[23].*/site-packages/{package}")
    return {str(it.relative_to(folder)): it.stat().st_ino for it in folder.rglob("*.pyc")}


@pytest.mark.parametrize(
    ("python_spec", "package"),
    [(THIS_PYTHON, "idna"), pytest.param("python 2.7.*", "pip", marks=pytest.mark.slow)],
)
def test_bytecode_is_completed_where_python_has_written_some(
    python_spec: str,
    package: str,
    make_lock: MakeLock,
    home: Path,
    interpreter: Callable[[tuple[int, int]], object],
) -> None:
    if package == "pip":
        interpreter((2, 7))
    lock = make_lock(python_spec, package)
    lines = io.StringIO()
    first = build(lock, home, LineProgress(lines))
    assert not bytecode(first, package)
    assert "compiling" not in lines.getvalue()
    python(first, f"import {package}")
    written = bytecode(first, package)
    assert written
    assert build(lock, home, compiled=True) == first
    completed = bytecode(first, package)
    assert written.items() < completed.items()
    assert install(lock, SUBDIR, home=home, progress=Progress(), care=Care.DIGESTS) == first
    for file in first.prefix.glob("lib/**/*.pyc"):
        file.unlink()
    build(lock, home, compiled=True)
    assert not bytecode(first, package), "it is completed once"
    remove(list_environments(home))
    assert bytecode(build(lock, home), package) == completed, "what is kept is linked in any case"


def test_bytecode_that_python_would_not_write_is_compiled(
    make_lock: MakeLock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert bytecode(build(make_lock("idna"), home), "idna")


def test_bytecode_is_compiled_where_a_disk_is_nearly_full(
    make_lock: MakeLock, home: Path, small_disk: Callable[..., Path]
) -> None:
    """Python before 3.12.8 and 3.13.1 leaves half of a file there, and fails on its next import."""
    (home / "envs").symlink_to(small_disk("size=100m"))
    assert bytecode(build(make_lock("idna"), home), "idna")


def test_an_environment_that_cannot_be_written_stays_as_it_is(
    make_lock: MakeLock, home: Path, small_disk: Callable[..., Path]
) -> None:
    (home / "envs").symlink_to(small_disk("size=500m"))
    lock = make_lock("idna")
    first = build(lock, home)
    small_disk("ro")
    assert build(lock, home, compiled=True) == first
    assert not bytecode(first, "idna")


def test_bytecode_is_compiled_once_for_each_python(make_lock: MakeLock, home: Path) -> None:
    first = bytecode(build(make_lock("requests"), home, compiled=True), "idna")
    assert first
    assert bytecode(build(make_lock("requests", "pyyaml"), home, compiled=True), "idna") == first
    for file in home.glob("pyc/*/*/*.pyc"):
        file.write_bytes(b"damaged" * 3)
    other = build(make_lock("idna"), home, compiled=True)
    assert python(other, "import idna; print(idna.__name__)") == "idna"
    assert not set(bytecode(other, "idna").values()) & set(first.values())


@pytest.mark.parametrize("minor", [(2, 7), (3, 6), (3, 8), sys.version_info[:2]])
def test_bytecode_cut_off_by_a_full_disk_is_not_kept(
    minor: tuple[int, int],
    interpreter: Callable[[tuple[int, int]], Interpreter],
    small_disk: Callable[..., Path],
) -> None:
    python = interpreter(minor).executable
    disk = small_disk("size=1m")
    small, big = disk / "small.py", disk / "big.py"
    small.write_text("x = 1\n")
    big.write_text(f"x = {'y' * 400_000!r}\n")
    (disk / "compileall.py").write_text("raise SystemExit('a module of the user')\n")
    (disk / "filler").write_bytes(b"x" * 400_000)
    with pytest.raises(OSError, match="No space left"):
        compile_sources([small, big], disk / "..", python, Progress())
    assert [file.name.partition(".")[0] for file in disk.rglob("*.pyc")] == ["small"]
    (disk / "filler").unlink()
    compile_sources([small, big], disk / "..", python, Progress())
    assert len(list(disk.rglob("*.pyc"))) == 2


def test_bytecode_of_a_compiler_that_was_killed_is_not_kept(
    tmp_path: Path, interpreter: Callable[[tuple[int, int]], Interpreter]
) -> None:
    def compiled(name: str, python: Path) -> int:
        prefix = tmp_path / name
        (prefix / "conda-meta").mkdir(parents=True)
        sources = [f"lib/python3.12/site-packages/m{number}.py" for number in range(5)]
        (prefix / sources[0]).parent.mkdir(parents=True)
        for source in sources:
            (prefix / source).write_text("x = 1\n")
            os.utime(prefix / source, (1e9, 1e9))
        records = (
            {"name": "python", "version": "3.12.1", "sha256": "a" * 64, "files": []},
            {"name": "pkg", "noarch": "python", "sha256": "b" * 64, "files": sources},
        )
        for record in records:
            (prefix / "conda-meta" / f"{record['name']}.json").write_text(json.dumps(record))
        compile_prefix(prefix, python, tmp_path / "pyc", Progress())
        return len(list(prefix.rglob("*.pyc")))

    whole = interpreter((3, 12)).executable
    killed = tmp_path / "killed"  # as when memory runs out, after some modules
    killed.write_text(
        f'#!/bin/sh\n"{whole}" -m compileall -q lib/python3.12/site-packages/m0.py\nkill -9 $$\n'
    )
    killed.chmod(0o755)
    assert compiled("first", killed) == 1
    assert compiled("second", whole) == 5
    shutil.rmtree(next((tmp_path / "pyc").iterdir()) / ("b" * 64))
    (next((tmp_path / "pyc").iterdir()) / ("b" * 64)).mkdir()
    assert compiled("third", whole) == 5, "where an older release kept nothing"


def test_equal_packages_share_one_environment(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("requests")
    reordered = replace(lock, hash="f" * 16, packages=tuple(reversed(lock.packages)))
    assert environment_of(lock, SUBDIR, home) == environment_of(reordered, SUBDIR, home)
    other = altered(lock, "requests", sha256="0" * 64)
    assert environment_of(lock, SUBDIR, home) != environment_of(other, SUBDIR, home)


def test_a_ready_environment_needs_neither_channel_nor_lock_file(
    make_lock: MakeLock, home: Path, channel: Channel
) -> None:
    lock = make_lock("requests", url=channel.http_url)
    first = build(lock, home)
    channel.fail("", Fault.NOT_FOUND)
    asked = len(channel.requested)
    (home / "envs" / f"{first.key}.lock").unlink()
    assert build(lock, home) == first
    assert len(channel.requested) == asked
    assert not (home / "envs" / f"{first.key}.lock").exists()


def test_cached_packages_are_linked_without_the_network(
    make_lock: MakeLock, home: Path, channel: Channel
) -> None:
    build(make_lock("requests", url=channel.http_url), home)
    lock = make_lock("urllib3", url=channel.http_url)
    channel.fail("", Fault.ERROR)
    environment = build(lock, home)
    assert python(environment, "import urllib3; print('here')") == "here"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.NOT_FOUND, "no longer has it"),
        (Fault.ERROR, "the download failed"),
        (Fault.TRUNCATED, "the (archive is damaged|download failed)"),
        (Fault.GARBLED, "(archive is damaged|is not the package that was locked)"),
        (Fault.STALLED, "given up: fewer than 1000 bytes came in 1 s"),
    ],
)
def test_a_failing_download_is_an_error_and_heals(
    fault: Fault,
    said: str,
    make_lock: MakeLock,
    home: Path,
    channel: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if fault is Fault.STALLED:
        monkeypatch.setenv("CONDAVISION_TIMEOUT", "1")
    lock = make_lock("requests", url=channel.http_url)
    channel.fail("/requests-", fault)
    with pytest.raises(InstallError, match=said) as caught:
        build(lock, home)
    assert "requests" in caught.value.message
    assert caught.value.hints
    assert "\n" not in caught.value.message
    assert nothing_is_left(home)
    channel.heal()
    assert build(lock, home).is_ready


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bzip2", "zstd"])
def test_a_name_does_not_decide_why_a_download_failed(
    name: str, make_lock: MakeLock, home: Path, channel: Channel
) -> None:
    url = f"{channel.http_url}/noarch/{name}-1.0-h_0.conda"
    package = LockedPackage(Manager.CONDA, name, "1.0", SUBDIR, url, "0" * 64, build="h_0")
    for fault, said in (
        (Fault.ERROR, "the download failed"),
        (Fault.NOT_FOUND, "the channel no longer has it"),
    ):
        channel.fail(f"/{name}-", fault)
        with pytest.raises(InstallError, match=said):
            build(make_lock(extra=(package,)), home)


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_package_that_is_not_what_was_locked_is_refused(
    scheme: str, cached: bool, make_lock: MakeLock, home: Path, channel: Channel
) -> None:
    lock = make_lock("requests", url=channel.http_url if scheme == "http" else channel.url)
    if cached:
        build(lock, home)
    with pytest.raises(InstallError, match=r"requests .* is not the package that was locked"):
        build(altered(lock, "requests", sha256="0" * 64), home)
    assert build(lock, home).is_ready


@pytest.mark.parametrize("digest", ["", "0" * 63, "../../x"])
def test_a_package_without_a_digest_is_refused(
    digest: str, make_lock: MakeLock, home: Path
) -> None:
    with pytest.raises(InstallError, match="no valid sha256 for requests"):
        build(altered(make_lock("requests"), "requests", sha256=digest), home)
    assert nothing_is_left(home)


def _cut(file: Path) -> None:
    os.truncate(file, 3)


def _edit(file: Path) -> None:
    content = file.read_bytes()
    with file.open("r+b") as stream:
        stream.write(b"raise SystemExit(3)\n" if len(content) > 20 else b"#")


@pytest.mark.parametrize("damage", [_cut, _edit, Path.unlink])
def test_a_damaged_cache_entry_is_fetched_again(
    damage: Callable[[Path], None], make_lock: MakeLock, home: Path
) -> None:
    build(make_lock("requests"), home)
    [file] = (home / "pkgs").glob("certifi-*/site-packages/certifi/__init__.py")
    damage(file)
    environment = build(make_lock("requests", "pyyaml"), home)
    assert python(environment, "import certifi; print(certifi.where.__name__)") == "where"


def test_link_scripts_are_named_and_not_run(make_lock: MakeLock, home: Path) -> None:
    said = io.StringIO()
    environment = build(make_lock("post-link-sample"), home, Progress(said))
    assert "post-link-sample" in said.getvalue()
    assert not (environment.prefix / "post-link-ran").exists()


def test_lines_where_there_is_no_terminal(
    make_lock: MakeLock, home: Path, channel: Channel
) -> None:
    said = io.StringIO()
    build(make_lock("requests", url=channel.http_url), home, LineProgress(said))
    lines = said.getvalue().splitlines()
    assert any("fetched requests (" in line and "kB" in line for line in lines)
    assert not any("compiling" in line for line in lines), "where nothing is compiled"
    assert all(line.startswith("condavision: ") and "\x1b" not in line for line in lines)


def test_every_module_that_is_compiled_is_counted(
    tmp_path: Path, interpreter: Callable[[tuple[int, int]], Interpreter]
) -> None:
    """On a terminal too; those that do not compile are counted, and keep none from being so."""
    sources = [tmp_path / f"ünï code\n{number}.py" for number in range(230)]
    for number, source in enumerate(sources):
        source.write_text("x = 1\n" if number % 7 else "def (\n")
    lines, bars = io.StringIO(), Terminal()
    for minor, progress in (((2, 7), LineProgress(lines)), ((3, 12), BarProgress(bars))):
        compile_sources(sources, tmp_path, interpreter(minor).executable, progress)
        made = [file for pattern in ("*.pyc", "*/*.pyc") for file in tmp_path.glob(pattern)]
        assert len(made) == 197
        for file in made:
            file.unlink()
    assert lines.getvalue() == "condavision: compiling 230 modules\n"
    assert "230 of 230 modules" in bars.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_with_sizes_on_a_terminal(
    make_lock: MakeLock, home: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    said = Terminal()
    progress = choose_progress(said)
    assert isinstance(progress, BarProgress)
    build(make_lock("requests", url=channel.http_url), home, progress, compiled=True)
    assert "linking" in said.getvalue()
    assert re.search(r"compiling .* [1-9]\d* of [1-9]\d* modules", said.getvalue())
    assert re.search(r"[1-9]\S* [kM]B, \S+ [kM]B/s", said.getvalue())


def test_quiet_is_silent(make_lock: MakeLock, home: Path) -> None:
    said = Terminal()
    with group.make_context("condavision", ["-q", "install"]):
        progress = choose_progress(said)
    build(make_lock("requests"), home, progress, compiled=True)
    assert said.getvalue() == ""


def test_a_platform_that_was_not_locked(make_lock: MakeLock, home: Path) -> None:
    with pytest.raises(InstallError, match="no packages for win-arm64") as caught:
        install(make_lock("requests"), "win-arm64", home=home, progress=Progress())
    assert "--platform win-arm64" in caught.value.hints[0]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written(make_lock: MakeLock, home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(InstallError, match="cannot be made") as caught:
        build(make_lock("requests"), home)
    assert "CONDAVISION_HOME" in caught.value.hints[-1]


def test_a_cache_that_is_a_file(make_lock: MakeLock, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InstallError, match="cannot be made"):
        build(make_lock("requests"), tmp_path / "taken")


@pytest.mark.parametrize("name", ["a b", "été", "quo'te $HOME"])
def test_awkward_folders(name: str, make_lock: MakeLock, tmp_path: Path) -> None:
    environment = build(make_lock("requests"), tmp_path / name)
    assert python(environment, "import certifi; print(1)") == "1"
    if "'" in name:
        return  # rattler 0.28 does not quote it in the scripts it writes
    script = environment.prefix / "bin" / "normalizer"
    assert subprocess.run([script, "--help"], check=True, capture_output=True).stdout


def test_an_unfinished_environment_is_built_again(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("requests")
    environment = build(lock, home)
    environment.marker.unlink()
    left = environment.prefix / "lib" / "left-over"
    left.mkdir()
    left.chmod(0o000)
    assert build(lock, home).is_ready
    assert not left.exists()


def test_an_interpreter_that_is_gone_comes_back(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("requests")
    python = build(lock, home).python
    python.unlink()
    assert build(lock, home).python == python
    assert python.exists()


def test_a_full_disk_and_a_read_only_one(
    small_disk: Callable[..., Path], make_lock: MakeLock
) -> None:
    lock, home = make_lock("requests"), small_disk("size=6m")
    with pytest.raises(InstallError, match=r"the disk of .*pkgs is full") as caught:
        build(lock, home)
    assert "condavision clean" in caught.value.hints[0]
    assert nothing_is_left(home)
    small_disk("size=500m")
    environment = build(lock, home)
    small_disk("ro")
    assert build(lock, home) == environment
    record_use(environment, Path("/script.py"))
    assert python(environment, "import certifi; print(1)") == "1"
    with pytest.raises(InstallError, match=r"cannot be (made|removed)"):
        build(make_lock("pyyaml"), home)


def test_pypi_packages_come_through_uv(
    iniconfig: LockedPackage, make_lock: MakeLock, home: Path
) -> None:
    environment = build(make_lock("requests", extra=(iniconfig,)), home, compiled=True)
    [module] = environment.prefix.glob("lib/python*/site-packages/iniconfig/__init__.py")
    assert list(module.parent.glob("__pycache__/__init__*.pyc"))
    assert python(environment, "import iniconfig, requests; print(1)") == "1"


DISTRIBUTION_DAMAGE: dict[str, Callable[[Path], object]] = {
    "edited": lambda file: file.write_bytes(file.read_bytes().replace(b"class", b"klass")),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"#"),
    "emptied": lambda file: file.write_bytes(b""),
    "gone": lambda file: file.unlink(),
}


@pytest.mark.parametrize("place", ["the environment", "the cache"])
@pytest.mark.parametrize("damage", DISTRIBUTION_DAMAGE.values(), ids=DISTRIBUTION_DAMAGE)
def test_a_distribution_that_was_altered_is_fetched_again(
    damage: Callable[[Path], object],
    place: str,
    iniconfig: LockedPackage,
    make_lock: MakeLock,
    home: Path,
) -> None:
    """A file edited in an environment is edited in the cache, and not to be linked once more."""
    lock = make_lock(url=(home / "interpreters").as_uri(), extra=(iniconfig,))
    first = build(lock, home)
    assert list(altered_files(first.prefix)) == []
    folder = first.prefix if place == "the environment" else home / "uv" / "archive-v0"
    [file] = folder.rglob("iniconfig/__init__.py")
    time.sleep(0.02)
    damage(file)
    found = [("iniconfig", str(file.relative_to(first.prefix)))] if folder == first.prefix else []
    assert not found or list(altered_files(first.prefix)) == found
    remove(item for item in list_environments(home))
    said = io.StringIO()
    again = build(lock, home, LineProgress(said))
    assert list(altered_files(again.prefix)) == []
    assert python(again, "import iniconfig; print(iniconfig.IniConfig.__name__)") == "IniConfig"
    fetched = "fetching again, for files were altered: iniconfig" in said.getvalue()
    assert fetched is not (damage is DISTRIBUTION_DAMAGE["gone"] and place == "the environment")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "is not the file that was locked"),
        ({"url": "file:///nowhere/iniconfig-2.0.0-py3-none-any.whl"}, "no longer there"),
        ({"url": "http://127.0.0.1:9/iniconfig-2.0.0.tar.gz"}, "source distribution"),
    ],
)
def test_wrong_pypi_packages_are_refused(
    changes: dict[str, str], said: str, iniconfig: LockedPackage, make_lock: MakeLock, home: Path
) -> None:
    lock = altered(make_lock("requests", extra=(iniconfig,)), iniconfig.name, **changes)
    with pytest.raises(InstallError, match=said) as caught:
        build(lock, home)
    assert "iniconfig" in caught.value.message
    assert "\n" not in caught.value.message
    assert nothing_is_left(home)


@pytest.mark.slow
def test_digits_of_a_url_are_no_status(tmp_path: Path, clean_environment: None) -> None:
    url = "http://127.0.0.1:9/404/certificate-404/iniconfig-2.0.0-py3-none-any.whl"
    package = LockedPackage(Manager.PYPI, "iniconfig", "2.0.0", SUBDIR, url, f"404{61 * '0'}")
    with pytest.raises(InstallError, match="could not be downloaded") as raised:
        install_pypi_packages([package], Path(sys.executable), tmp_path / "cache")
    [hint] = raised.value.hints
    assert "check the network" in hint


@pytest.mark.parametrize("folder", ["", "/404"])
def test_a_certificate_nobody_vouches_for(folder: str, untrusted_url: str, tmp_path: Path) -> None:
    """As behind the proxy of a company: what to do is not an option of uv's."""
    url = f"{untrusted_url}{folder}/six-1.16.0-py2.py3-none-any.whl"
    package = LockedPackage(
        manager=Manager.PYPI,
        name="six",
        version="1.16.0",
        platform=SUBDIR,
        url=url,
        sha256=64 * "0",
    )
    with pytest.raises(InstallError) as raised:
        install_pypi_packages([package], Path(sys.executable), tmp_path / "cache")
    assert "certificate" in raised.value.message
    assert "--system-certs" not in raised.value.message
    [hint] = raised.value.hints
    assert "export UV_SYSTEM_CERTS=1" in hint


def test_a_lost_artefact_needs_an_upgrade(tmp_path: Path) -> None:
    lost = InstallerError("failed to fetch: HTTP status client error (404 Not Found)")
    hints = _explained(lost, (), tmp_path).hints
    assert hints == ("lock again: run `condavision lock --upgrade SCRIPT`",)
