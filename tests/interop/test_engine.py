"""The second engine: conda-lock with the conda, mamba or micromamba of this machine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from condavision.compile_stage.solving.conda_lock_engine import find_conda
from condavision.core.engine import Engine
from condavision.core.model import LockRecord
from condavision.errors import UsageError
from condavision.locks.lockfile import read_lock

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.core.model import Lock
    from tests.channels.server import Channel
    from tests.interop.conftest import LockedProject

PLATFORMS = ("linux-64", "osx-arm64", "win-64")


def _lock(project: LockedProject, script: str, *options: str) -> Lock:
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    (locked,) = project.command("lock", script, *platforms, *options, "--json").ok().json()
    return read_lock(project.command.folder / locked["lock"])


def _compared(lock: Lock) -> Lock:
    """Leave out what conda-lock drops of dependencies: builds and some spelling."""
    packages = (
        replace(package, dependencies=dict.fromkeys(sorted(package.dependencies), ""))
        for package in lock.packages
    )
    return replace(lock, packages=tuple(packages), record=LockRecord())


@pytest.mark.slow
@pytest.mark.parametrize("script", ["words.py", "sum.py"])
def test_both_engines_make_the_same_lock(project: LockedProject, conda: str, script: str) -> None:
    ours = _lock(project, script)
    shutil.rmtree(project.command.folder / "locks")
    theirs = _lock(project, script, "--engine", "conda-lock", "--conda", conda)
    assert theirs.record.engine is Engine.CONDA_LOCK
    assert _compared(theirs) == _compared(ours)
    (environment, *_) = (project.command.folder / "locks").glob("*.environment.yml")
    assert environment.exists()
    assert project.command("run", "-q", script).ok().out


@pytest.mark.slow
def test_a_lock_of_the_other_engine_is_made_again(project: LockedProject, conda: str) -> None:
    project.lock("web.py", "linux-64")
    options = ["--engine", "conda-lock", "--conda", conda, "--json"]
    states = [
        project.command("lock", "web.py", *options).ok().json()[0]["status"] for _ in range(2)
    ]
    assert states == ["written", "reused"]
    (again,) = project.command("lock", "web.py", "--json").ok().json()
    assert again["status"] == "reused"  # whoever has no conda leaves the lock as it is


@pytest.mark.slow
def test_earlier_versions_are_kept(project: LockedProject, conda: str) -> None:
    script = project.command.folder / "web.py"
    block = '# /// script\n# requires-python = "==3.12.*"\n# dependencies = [{}]\n# ///\n'
    script.write_text(block.format('"six<1.17"') + "import six\n")
    project.lock("web.py")
    script.write_text(block.format('"six"') + "import six\n")
    options = ["--engine", "conda-lock", "--conda", conda, "--json"]
    (locked,) = project.command("lock", "web.py", *options).ok().json()
    assert locked["packages"]["six"] == "1.16.0"
    (locked,) = project.command("lock", "web.py", *options, "--upgrade").ok().json()
    assert locked["packages"]["six"] == "1.17.0"


@pytest.mark.slow
def test_what_conda_says_is_handed_on(
    project: LockedProject, conda: str, channel: Channel, tmp_path: Path
) -> None:
    options = ["--engine", "conda-lock", "--conda", conda]
    script = project.command.folder / "web.py"
    script.write_text('# /// script\n# dependencies = ["requests<1"]\n# ///\nimport requests\n')
    failed = project.command("lock", "web.py", *options)
    assert failed.code == 67
    assert "requests" in failed.err
    assert "Traceback" not in failed.err
    assert "fake" not in failed.err
    assert not list((project.command.folder / "locks").glob("*.conda-lock.yml"))


@pytest.mark.slow
def test_platforms_without_a_solution_are_named(project: LockedProject, conda: str) -> None:
    script = project.command.folder / "sum.py"
    script.write_text('# /// script\n# dependencies = ["numpy>=2"]\n# ///\nimport numpy\n')
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    options = ["--engine", "conda-lock", "--conda", conda]
    failed = project.command("lock", "sum.py", *platforms, *options)
    assert failed.code == 67
    assert "--platform linux-64 --platform osx-arm64 sum.py" in failed.err  # the others are solved


REFUSED = [
    (["--conda", "no-such-conda"], "`no-such-conda` is not an executable"),
    (["--conda", "sh", "--exclude-newer", "7d"], "by date"),
    (["--conda", "sh", "--offline"], "offline"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED)
def test_what_it_cannot_do_is_said(project: LockedProject, options: list[str], reason: str) -> None:
    failed = project.command("lock", "web.py", "--engine", "conda-lock", *options)
    assert failed.code == 2
    assert reason in failed.err
    assert not list((project.command.folder / "locks").glob("*.conda-lock.yml"))


def test_an_executable_is_looked_for_and_never_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAMBA_EXE", "CONDA_EXE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="neither mamba"):
        find_conda(None)
    for name in ("conda", "micromamba", "mamba"):  # the faster, the sooner
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert find_conda(None) == str(tmp_path / name)
    monkeypatch.setenv("CONDA_EXE", str(tmp_path / "conda"))
    assert find_conda(None) == str(tmp_path / "conda")
    assert find_conda("mamba") == str(tmp_path / "mamba")


def test_a_project_cannot_name_a_program_to_run(project: LockedProject) -> None:
    with (project.command.folder / "condavision.toml").open("a") as settings:
        settings.write('engine = "conda-lock"\nconda = "./evil"\n')
    failed = project.command("lock", "web.py")
    assert failed.code == 2
    assert "`conda` is not a setting" in failed.err


@pytest.mark.slow
def test_a_conda_that_dies_after_its_work_is_asked_again(
    project: LockedProject, conda: str, tmp_path: Path
) -> None:
    dying = tmp_path / "conda"
    dying.write_text(
        f'#!/bin/sh\n"{conda}" "$@" || exit\n'
        f'case "$*" in *dry-run*) [ -e "{tmp_path}/died" ] || {{\n'
        f'touch "{tmp_path}/died"; kill -SEGV $$; }} ;; esac\n'
    )
    dying.chmod(0o755)
    project.command("lock", "web.py", "--engine", "conda-lock", "--conda", dying).ok()
    assert (tmp_path / "died").exists()
