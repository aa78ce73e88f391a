"""The hooks, run by pre-commit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from tests.command_line import InProcess
from tests.pages import REPOSITORY, in_sh, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FROM_REPOSITORY = shown("docs/howto/pre-commit.md", "rev: v0.1.0")
INSTALLED = shown("docs/howto/pre-commit.md", "language: system")
GIT = "git -c user.name=ada -c user.email=ada@example.org"


@pytest.fixture
def command(
    make_project: Callable[[Mapping[str, str]], Path],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> InProcess:
    """A repository with a script that is locked, and whose locks are committed."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "hooks"))
    settings = {"condavision.toml": 'channels = ["interpreters:"]\n'}
    command = InProcess(make_project({**settings, "report.py": "import six\n"}))
    command("lock", "report.py").ok()
    in_sh(f"git init -q; git add .; {GIT} commit -qm first", command).ok()
    return command


def _checked(command: InProcess) -> None:
    """Run the hook before a commit of a script with a lock that fits, and one with none."""
    line = "git add .; python -m pre_commit run --verbose"
    passed = in_sh(line, command).ok()
    assert "condavision" in passed.out
    assert "Passed" in passed.out
    (command.folder / "report.py").write_text("import humanize, six\n")
    failed = in_sh(line, command)
    assert failed.code == 1
    assert "exit code: 71" in failed.out
    assert "added humanize" in failed.out


@pytest.mark.slow
def test_a_hook_of_an_installed_condavision(command: InProcess) -> None:
    (command.folder / ".pre-commit-config.yaml").write_text(INSTALLED)
    (command.folder / "report.py").write_text("import six  # edited\n")
    _checked(command)


UV = """\
import os, sys
os.execv({uv!r}, [{uv!r}, "pip", *sys.argv[1:]])
"""


@pytest.mark.slow
def test_a_hook_of_the_repository(command: InProcess, tmp_path: Path) -> None:
    """It is installed by a pip that is uv's, which takes a tenth of the time."""
    clone = tmp_path / "condavision"
    shutil.copytree(REPOSITORY, clone, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__"))
    shutil.copy(REPOSITORY / ".pre-commit-hooks.yaml", clone)
    tagged = f"git init -q; git add .; {GIT} commit -qm first; git tag v0.1.0"
    InProcess(clone).process(["sh", "-e", "-c", tagged]).ok()
    text = FROM_REPOSITORY.replace("https://git.example.org/condavision", str(clone))
    (command.folder / ".pre-commit-config.yaml").write_text(text)
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").touch()
    (tmp_path / "pip" / "__main__.py").write_text(UV.format(uv=find_uv_bin()))
    in_sh("python -m pre_commit install-hooks", command, PYTHONPATH=str(tmp_path)).ok()
    _checked(command)
