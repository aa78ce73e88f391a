"""Our locks in the hands of conda-lock: validated again, rendered, installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from conda_lock.lockfile import parse_conda_lock_file
from rattler import LockFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine
    from tests.interop.conftest import CondaLock, LockedProject

PLATFORMS = ("linux-64", "osx-arm64", "win-64")
# Where nothing is to be solved conda-lock asks the executable for its version and no more;
# a Python cannot solve, so a hash that does not match ends in a failure.
NOT_A_SOLVER = ("--conda", sys.executable)


def _environments(lock: Path) -> list[Path]:
    sources: list[str] = yaml.safe_load(lock.read_text())["metadata"]["sources"]
    return [lock.parent / name for name in sources]


@pytest.mark.parametrize("script", ["web.py", "words.py", "sum.py"])
def test_the_input_hash_is_accepted(
    project: LockedProject, conda_lock: CondaLock, script: str
) -> None:
    lock = project.lock(script, *PLATFORMS)
    before = lock.read_bytes()
    files = [option for path in _environments(lock) for option in ("-f", path)]
    for sources in (files, []):  # named, and as the lock itself names them
        done = conda_lock.lock("--check-input-hash", *NOT_A_SOLVER, *sources, "--lockfile", lock)
        assert f"already locked for {sorted(PLATFORMS)}" in done.ok().err
        assert lock.read_bytes() == before


def test_the_input_hash_of_changed_virtual_packages_is_accepted_with_their_file(
    project: LockedProject, conda_lock: CondaLock
) -> None:
    with (project.command.folder / "condavision.toml").open("a") as settings:
        settings.write('[virtual-packages]\n__glibc = "2.35"\n"linux-64/__cuda" = ""\n')
    lock = project.lock("web.py", *PLATFORMS)
    given = lock.with_name(lock.name.replace(".conda-lock.", ".virtual-packages."))
    check = ("--check-input-hash", *NOT_A_SOLVER, "--lockfile", lock)
    done = conda_lock.lock(*check, "--virtual-package-spec", given)
    assert f"already locked for {sorted(PLATFORMS)}" in done.ok().err
    assert conda_lock.lock(*check).code != 0  # with conda-lock's own it would be another lock


def test_a_file_for_each_platform_is_accepted_by_itself_too(
    project: LockedProject, conda_lock: CondaLock
) -> None:
    lock = project.lock("sum.py", *PLATFORMS)
    assert len(_environments(lock)) == len(PLATFORMS)
    for platform, source in zip(PLATFORMS, _environments(lock), strict=True):
        done = conda_lock.lock(
            *("--check-input-hash", *NOT_A_SOLVER, "-f", source, "-p", platform),
            *("--lockfile", lock),
        )
        assert "Locking dependencies" not in done.ok().err


def test_another_environment_is_not_accepted(project: LockedProject, conda_lock: CondaLock) -> None:
    lock = project.lock("web.py", "linux-64")
    (source,) = _environments(lock)
    source.write_text(source.read_text().replace("requests", "six"))
    done = conda_lock.lock("--check-input-hash", *NOT_A_SOLVER, "-f", source, "--lockfile", lock)
    assert done.code != 0
    assert "already locked" not in done.err


@pytest.mark.parametrize("script", ["web.py", "words.py"])
def test_it_is_rendered(project: LockedProject, conda_lock: CondaLock, script: str) -> None:
    lock = project.lock(script, "linux-64", "osx-arm64")
    conda_lock("render", "--kind", "explicit", "-p", "linux-64", lock).ok()
    rendered = (project.command.folder / "conda-linux-64.lock").read_text()
    lines = rendered.splitlines()
    packages = [p for p in parse_conda_lock_file(lock).package if p.platform == "linux-64"]
    assert "@EXPLICIT" in lines
    for package in packages:
        (line,) = (line for line in lines if package.url in line)
        assert line.startswith("# pip " if package.manager == "pip" else package.url)
        assert (package.hash.sha256 or "") in line or f"#{package.hash.md5}" in line
    conda_lock("render", "--kind", "env", "-p", "osx-arm64", lock).ok()
    environment = yaml.safe_load((project.command.folder / "conda-osx-arm64.lock.yml").read_text())
    assert "requests=2.32.3=pyhd8ed1ab_0" in environment["dependencies"] or script != "web.py"


def test_rattler_reads_it(project: LockedProject) -> None:
    lock = project.lock("words.py", "linux-64", "win-64")
    (environment,) = (found for _, found in LockFile.from_path(lock).environments())
    platforms = {str(platform.name): platform for platform in environment.platforms()}
    assert set(platforms) == {"linux-64", "win-64"}
    found = {
        (
            package.name,
            package.hashes.sha256.hex() if package.hashes and package.hashes.sha256 else "",
        )
        for package in environment.packages(platforms["win-64"]) or ()
    }
    written = [p for p in parse_conda_lock_file(lock).package if p.platform == "win-64"]
    assert found == {(package.name, package.hash.sha256) for package in written}


@pytest.mark.slow
@pytest.mark.parametrize(("script", "printed"), [("web.py", "requests"), ("words.py", "1,234,567")])
def test_it_is_installed(
    project: LockedProject,
    conda_lock: CondaLock,
    conda: str,
    tmp_path: Path,
    script: str,
    printed: str,
) -> None:
    lock = project.lock(script, "linux-64")
    prefix = tmp_path / "prefix"
    conda_lock("install", "--conda", conda, "--prefix", prefix, lock).ok()
    run: CommandLine = project.command
    assert run.process([str(prefix / "bin/python"), script]).ok().out.startswith(printed)


@pytest.mark.slow
def test_the_environment_file_makes_an_environment(
    project: LockedProject, conda: str, tmp_path: Path
) -> None:
    (source,) = _environments(project.lock("web.py", "linux-64"))
    prefix = tmp_path / "prefix"
    command = [conda, "env", "create", "--yes", "--prefix", str(prefix), "--file", str(source)]
    if not conda.endswith("/conda"):
        command.remove("env")
    project.command.process(command).ok()
    assert project.command.process([str(prefix / "bin/python"), "web.py"]).ok().out == "requests\n"


@pytest.mark.slow
def test_mamba_installs_it_without_conda_lock(
    project: LockedProject, conda: str, tmp_path: Path
) -> None:
    if conda.endswith("/conda"):
        pytest.skip("conda reads no conda-lock file by itself")
    lock = project.lock("words.py", "linux-64")
    prefix = tmp_path / "prefix"
    project.command.process([conda, "create", "--yes", "-p", str(prefix), "-f", str(lock)]).ok()
    found = project.command.process([str(prefix / "bin/python"), "words.py"]).ok().out
    assert found.startswith("1,234,567")
