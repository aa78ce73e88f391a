"""The generated Makefile where condavision is not installed and a real conda is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.interop.conftest import LockedProject

SHOW = """\
import os
print(repr(os.environ.get("DECLARED")), os.path.basename(os.getcwd()))
"""
DECLARED = 'it\'s $HOME `id` "x" \\\\ ünï\n  two'
MAKEFILE = Path(__file__).parents[2] / "templates" / "Makefile"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_conda_makes_the_environment(project: LockedProject, conda: str) -> None:
    """Packages of a channel and of PyPI, and declared variables, from the committed locks alone."""
    folder = project.command.folder
    project.lock("words.py")
    (folder / "jobs" / "sub").mkdir(parents=True)
    (folder / "words.py").rename(folder / "jobs" / "words.py")
    (folder / "jobs" / "sub" / "show.py").write_text(SHOW)
    project.command("lock", "--together", "jobs").ok()
    project.command("lock", "-m", "show", cwd=folder / "jobs" / "sub").ok()
    shutil.copy(MAKEFILE, folder)
    environ = {
        "PATH": f"{Path(conda).parent}:/usr/bin:/bin",
        "CONDAVISION": "condavision-is-not-here",
        "MAMBA_EXE": "",
    }

    def make(target: str) -> str:
        return project.command.process(["make", "-s", target], environ=environ).ok().out

    assert make("run/jobs/words.py") == "1,234,567 six\n"
    assert make("run/-m/jobs/sub/show") == "None sub\n"
    make("install")
    for environment in folder.glob(".condavision/*/environment"):
        said = ["env", "config", "vars", "set", "-p", str(environment), f"DECLARED={DECLARED}"]
        project.command.process([conda, *said], environ=environ).ok()
    for index in folder.glob("locks/**/scripts.yml"):
        index.touch()
    for target in ("run/jobs/sub/show.py", "run/-m/jobs/sub/show"):
        assert make(target).startswith(repr(DECLARED))
