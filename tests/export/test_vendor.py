"""Locks on a machine without a network: every artefact in one folder, whatever interrupts it."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.cli.progress import BarProgress
from condavision.core.model import Lock, LockedPackage, Manager
from condavision.environments.vendored import from_vendored, vendored_path
from condavision.errors import CondavisionError, InstallError, LockfileError, UsageError
from condavision.export.vendor import vendor
from condavision.locks.lockfile import read_lock
from condavision.system.progress import Progress
from tests.channels.engine import solve
from tests.channels.server import Channel, Fault
from tests.command_line import CONDAVISION, CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

    MakeProject = Callable[[Mapping[str, str]], Path]

WORDS = """\
# /// script
# requires-python = "==3.12.*"
# ///
import humanize, six
print(humanize.intcomma(1234567), six.__name__)
"""
PRINTED = "1,234,567 six\n"
FILES = ("humanize", "pip", "python", "six")


@pytest.fixture
def command(
    make_project: MakeProject,
    channel: Channel,
    home: Path,
    compiled: None,
    interpreter: Callable[[Minor], Interpreter],
) -> CommandLine:
    """A project with ``words.py``, locked on the test channel over HTTP and on PyPI."""
    interpreter((3, 12))
    settings = f'channels = ["{channel.http_url}"]\n'
    command = InProcess(make_project({"condavision.toml": settings, "words.py": WORDS}))
    command("lock", "words.py").ok()
    return command


@pytest.fixture
def lock(command: CommandLine) -> Lock:
    """The lock of that script."""
    (path,) = (command.folder / "locks").glob("*.conda-lock.yml")
    return read_lock(path)


def _files(folder: Path) -> set[str]:
    kinds = ("*.conda", "*.whl", "*.part", ".*.part")
    return {path.name for kind in kinds for path in folder.rglob(kind)}


def _cut_off(*arguments: str) -> list[str]:
    """condavision in a network namespace that has nothing, not even the loopback interface."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-n", "true"], check=False).returncode:
        pytest.skip("network namespaces need root on Linux")
    return [unshare, "-n", *CONDAVISION, *arguments]


@pytest.mark.slow
def test_a_vendored_script_runs_without_a_network(
    command: CommandLine, channel: Channel, tmp_path: Path
) -> None:
    folder = tmp_path / "the vendored files"
    said = command("vendor", folder, "words.py", "--json").ok().json()
    assert (said["files"], len(said["fetched"]), said["repaired"]) == (4, 4, [])
    channel.close()
    run = _cut_off("run", "--quiet", "--vendored", str(folder), "words.py")
    assert command.process(run).ok().out == PRINTED
    assert command("run", "words.py").ok().out == PRINTED  # the environment is the lock's own


WAYS = {
    "option": (["--vendored", "../vendored"], "", {}),
    "setting": ([], 'vendored = "../vendored"\n', {}),
    "variable": ([], "", {"CONDAVISION_VENDORED": "../vendored"}),
    "variable over setting": ([], 'vendored = "no"\n', {"CONDAVISION_VENDORED": "../vendored"}),
    "option over variable": (["--vendored", "../vendored"], "", {"CONDAVISION_VENDORED": "/no"}),
}


@pytest.mark.slow
def test_the_folder_can_be_named_in_three_ways(
    command: CommandLine, channel: Channel, lock: Lock, tmp_path: Path
) -> None:
    command("vendor", tmp_path / "vendored").ok()
    channel.close()
    own = {"CONDAVISION_HOME": str(tmp_path / "another home")}
    install = _cut_off("install", "-q", "--vendored", "../vendored", lock.hash)
    assert own["CONDAVISION_HOME"] in command.process(install, environ=own).ok().out
    (lacking,) = (tmp_path / "vendored").rglob("six-*")
    lacking.unlink()
    settings = (command.folder / "condavision.toml").read_text()
    for options, setting, environ in WAYS.values():
        (command.folder / "condavision.toml").write_text(settings + setting)
        command("check", "words.py").ok()  # where artefacts come from does not make a lock stale
        refused = command("install", "-q", *options, "words.py", environ=environ)
        assert refused.code == 73
        assert f"vendored lacks locked files; missing: {lacking.parent}" in refused.err.replace(
            f"{command.folder}/../", f"{tmp_path}/"
        ), "the folder was read"
        assert "humanize" not in refused.err, "and has the others"


def test_a_killed_run_is_resumed(command: CommandLine, channel: Channel, tmp_path: Path) -> None:
    folder = tmp_path / "vendored"
    channel.fail("linux-64/python-", Fault.SLOW)
    process = subprocess.Popen(
        [*CONDAVISION, "vendor", "-q", str(folder)], cwd=command.folder, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while sum(name.endswith((".conda", ".whl")) for name in _files(folder)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert any(name.endswith(".part") for name in _files(folder))
    channel.heal()
    asked = len(channel.requested)
    said = command("vendor", folder, "--json").ok().json()
    assert [name.partition("-")[0] for name in said["fetched"]] == ["python"]
    assert [path.partition("/python-")[1] for path in channel.requested[asked:]] == ["/python-"]
    assert {name.partition("-")[0] for name in _files(folder)} == set(FILES)


def test_damage_is_named_and_repaired(command: CommandLine, lock: Lock, tmp_path: Path) -> None:
    folder = tmp_path / "vendored"
    command("vendor", folder).ok()
    damaged, missing = (vendored_path(package, folder) for package in lock.packages[:2])
    content = damaged.read_bytes()
    damaged.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    missing.unlink()
    failed = command("run", "--vendored", folder, "words.py")
    assert failed.code == 73
    assert f"missing: {missing}" in failed.err
    assert f"damaged (another sha256 than locked): {damaged}" in failed.err
    said = command("vendor", folder, "--json").ok().json()
    assert (said["repaired"], said["fetched"]) == ([damaged.name], [missing.name])
    assert damaged.read_bytes() == content
    assert command("run", "-q", "--vendored", folder, "words.py").ok().out == PRINTED


WHAT_TO_TYPE = {
    Fault.NOT_FOUND: "no longer has it, so run `condavision lock --upgrade",
    Fault.GARBLED: "if its channel replaced it, run `condavision lock --upgrade",
    Fault.TRUNCATED: "try again",
}


@pytest.mark.parametrize("fault", WHAT_TO_TYPE)
def test_what_cannot_be_fetched_is_named_and_the_rest_kept(
    command: CommandLine, channel: Channel, tmp_path: Path, fault: Fault
) -> None:
    folder = tmp_path / "vendored"
    channel.fail("noarch/six-", fault)
    failed = command("vendor", folder)
    assert failed.code == 73
    assert "noarch/six-" in failed.err
    assert WHAT_TO_TYPE[fault] in failed.err
    assert "humanize" not in failed.err.partition("error:")[2]
    assert {name.partition("-")[0] for name in _files(folder)} == {"humanize", "pip", "python"}
    channel.heal()
    said = command("vendor", folder, "--json").ok().json()
    assert [name.partition("-")[0] for name in said["fetched"]] == ["six"]


@pytest.mark.slow
def test_wheels_beside_this_machine_s_interpreters_are_vendored_too(
    command: CommandLine, home: Path, tmp_path: Path
) -> None:
    shutil.rmtree(command.folder / "locks")
    command("lock", "-c", "interpreters:", "words.py").ok()
    folder = tmp_path / "vendored"
    said = command("vendor", folder, "words.py", "--json").ok().json()
    assert {name.partition("-")[0] for name in said["fetched"]} == {"humanize", "six"}
    shutil.rmtree(home / "uv")
    run = _cut_off("run", "--quiet", "--vendored", str(folder), "words.py")
    (wheel,) = folder.glob("wheels/six-*")
    content = wheel.read_bytes()
    wheel.unlink()
    refused = command.process(run)
    assert refused.code == 73
    assert f"missing: {wheel}" in refused.err
    wheel.write_bytes(content)
    assert command.process(run).ok().out == PRINTED


def test_a_download_that_stops_halfway_is_given_up(
    command: CommandLine, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDAVISION_TIMEOUT", "1")
    channel.fail("noarch/six-", Fault.STALLED)
    failed = command("vendor", tmp_path / "vendored")
    assert failed.code == 73
    assert "noarch/six-" in failed.err
    assert "export CONDAVISION_TIMEOUT=" in failed.err
    assert not [name for name in _files(tmp_path / "vendored") if name.startswith(("six", "."))]


def test_other_tools_can_use_the_folder(command: CommandLine, lock: Lock, tmp_path: Path) -> None:
    folder = tmp_path / "vendored"
    command("vendor", folder).ok()
    records = solve((folder / "channel").as_uri(), ["pip", "python", "six"])
    conda = {package.name for package in lock.packages if package.manager is Manager.CONDA}
    assert {record.name.normalized for record in records} == conda


def test_only_the_platforms_asked_for_are_copied(command: CommandLine, tmp_path: Path) -> None:
    platforms = ["--platform", "linux-64", "--platform", "win-64"]
    command("lock", "words.py", *platforms).ok()
    command("vendor", tmp_path / "win", "words.py", "--platform", "win-64").ok()
    assert (tmp_path / "win" / "channel" / "win-64").is_dir()
    assert not (tmp_path / "win" / "channel" / "linux-64").exists()
    assert command("vendor", tmp_path / "osx", "--platform", "osx-64").code == 2
    said = command("vendor", tmp_path / "both", "--json").ok().json()
    assert said["files"] == 5


def test_mistakes_are_said(command: CommandLine, make_project: MakeProject, tmp_path: Path) -> None:
    assert command("vendor", tmp_path / "v", "sum.py").code == 65
    assert command("vendor", "condavision.toml").code == 2
    (tmp_path / "file").write_text("")
    assert command("vendor", tmp_path / "file" / "v").code == 73
    (command.folder / "words.py").write_text("import json\n")
    command("lock", "-c", "interpreters:", "words.py").ok()
    refused = command("vendor", tmp_path / "v", "words.py")
    assert refused.code == 2
    assert "nothing to copy" in refused.err
    assert not (tmp_path / "v").exists()
    for committed in (command.folder / "locks").glob("*.conda-lock.yml"):
        committed.unlink()
    refused = command("vendor", tmp_path / "v")
    assert refused.code == 70
    assert "made from this machine's interpreters" in refused.err
    assert "give a script, such as words.py" in refused.err
    shutil.rmtree(command.folder / "locks")
    assert command("vendor", tmp_path / "v").code == 70


def _package(url: str, manager: Manager = Manager.CONDA, sha256: str = "a" * 64) -> LockedPackage:
    return LockedPackage(manager, "x", "1", "linux-64", url, sha256, md5="b" * 32, build="0")


def test_two_contents_under_one_name_are_refused(tmp_path: Path) -> None:
    one = _package("https://one.example/c/linux-64/x-1-0.conda")
    other = _package("https://other.example/c/linux-64/x-1-0.conda", sha256="c" * 64)
    lock = Lock("0" * 16, ("c",), ("linux-64",), (one, other))
    with pytest.raises(UsageError, match="the same name and different content"):
        vendor(tmp_path, [lock], (), Progress())


def test_what_is_still_to_be_built_is_named(tmp_path: Path) -> None:
    packages = []
    for name in ("x-1.tar.gz", "x-1-py2.py3-none-any.whl"):
        (tmp_path / name).write_text(name)
        digest = hashlib.sha256(name.encode()).hexdigest()
        packages.append(_package((tmp_path / name).as_uri(), Manager.PYPI, sha256=digest))
    lock = Lock("0" * 16, ("c",), ("linux-64",), tuple(packages))
    assert vendor(tmp_path / "v", [lock], (), Progress()).to_build == ("x-1.tar.gz",)


def test_too_little_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, size: int) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr("condavision.system.limits.mmap", refuse)
    lock = Lock("0" * 16, ("c",), ("linux-64",), (_package("file:///c/linux-64/x-1-0.conda"),))
    with pytest.raises(CondavisionError, match="less than 256 MB of memory is available"):
        vendor(tmp_path / "v", [lock], (), Progress())
    assert not (tmp_path / "v").exists()


@given(
    path=st.text(max_size=30)
    | st.lists(st.sampled_from(["..", "%2e%2e", "%2F", "/", "\\", "a-1"])).map("".join),
    manager=st.sampled_from([Manager.CONDA, Manager.PYPI]),
)
def test_no_url_leads_out_of_the_folder(path: str, manager: Manager) -> None:
    folder = Path("/vendored")
    try:
        found = vendored_path(_package(f"https://example.com/{path}", manager), folder)
    except (LockfileError, ValueError):
        return
    assert found.parent.parent in {folder, folder / "channel"}
    assert Path(os.path.normpath(found)) == found


def test_files_are_fetched_from_folders_too(
    command: CommandLine, lock: Lock, channel: Channel, tmp_path: Path
) -> None:
    local = dataclasses.replace(
        lock,
        packages=tuple(
            dataclasses.replace(package, url=package.url.replace(channel.http_url, channel.url))
            for package in lock.packages
            if package.manager is Manager.CONDA
        ),
    )
    vendored = vendor(tmp_path / "v", [local], (), BarProgress(sys.stderr))
    assert vendored.files == len(vendored.fetched) == 3
    for package in from_vendored(local.packages, tmp_path / "v"):
        assert package.url.startswith((tmp_path / "v").as_uri())
    with pytest.raises(InstallError, match="missing"):
        from_vendored(lock.packages, tmp_path / "v")
