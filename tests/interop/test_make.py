"""The generated Makefile where condavision is not installed and a real conda is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.interop.conftest import LockedProject

MAKEFILE = Path(__file__).parents[2] / "templates" / "Makefile"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_a_conda_makes_the_environment(project: LockedProject, conda: str) -> None:
    """Packages of a channel and of PyPI, from the committed lock alone."""
    project.lock("words.py")
    shutil.copy(MAKEFILE, project.command.folder)
    environ = {
        "PATH": f"{Path(conda).parent}:/usr/bin:/bin",
        "CONDAVISION": "condavision-is-not-here",
        "MAMBA_EXE": "",
    }
    ran = project.command.process(["make", "-s", "run/words.py"], environ=environ)
    assert ran.ok().out == "1,234,567 six\n"
