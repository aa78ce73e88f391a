"""A locked script on this machine, and the job that runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import CommandLine

SCRIPT = Path(__file__).with_name("script.py")


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory, known_interpreters: Path) -> Path:
    """A project with a locked script, and the cache that has its environment. Not to be changed."""
    folder = tmp_path_factory.mktemp("mapped")
    shutil.copytree(known_interpreters, folder / "home" / "interpreters")
    shutil.copy(SCRIPT, folder)
    folder.joinpath("condavision.toml").write_text('channels = ["interpreters:"]\n')
    environ = {"CONDAVISION_HOME": str(folder / "home")}
    CommandLine(folder)("lock", "-q", SCRIPT.name, environ=environ).ok()
    return folder


@pytest.fixture
def project(
    locked: Path, tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of that project for one test; the cache is shared."""
    folder = tmp_path / "project"
    shutil.copytree(locked, folder, ignore=shutil.ignore_patterns("home"))
    monkeypatch.setenv("CONDAVISION_HOME", str(locked / "home"))
    return folder
