"""What is served follows sources and locks while the server runs."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess
from tests.serving.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX"),
    pytest.mark.slow,  # each installs an environment while a server runs
]

OLD = '# /// script\n# requires-python = "==3.11.*"\n# ///\n'
VERSION = "import sys\nprint(sys.version_info[:2])\n"


@pytest.mark.slow
def test_an_edit_and_its_lock(project: Path, interpreter: Callable[[Minor], Interpreter]) -> None:
    interpreter((3, 11))
    script = project / "scripts" / "stale.py"
    script.write_text(VERSION)
    command = InProcess(project)
    command("lock", "scripts/stale.py").ok()
    with serving(project) as server:
        before = server.run("stale.py").json()["stdout"]
        script.write_text(f"{VERSION}print('edited')\n")  # the lock still fits
        assert server.run("stale.py").json()["stdout"] == f"{before}edited\n"
        script.write_text(OLD + VERSION)
        answer = server.run("stale.py")
        assert answer.status_code == 409
        assert answer.json()["hints"] == ["run `condavision lock scripts/stale.py`"]
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(server.run, "echo.py") for _ in range(8)]
            command("lock", "scripts/stale.py").ok()
            while (answer := server.run("stale.py")).status_code == 503:
                time.sleep(0.1)  # its new environment is being installed
            assert answer.json()["stdout"] == "(3, 11)\n"
            assert {it.result().status_code for it in waiting} == {200}
        script.unlink()
        assert server.run("stale.py").status_code == 404


@pytest.mark.slow
def test_scripts_are_locked_when_asked_for(project: Path) -> None:
    index = project / "locks" / ".local" / "scripts.yml"
    before = index.read_text()
    with serving(project, "--lock") as server:
        assert server.run("unlocked.py").json()["stdout"] == "new\n"
        (project / "scripts" / "dropped.py").write_text("print('dropped')\n")
        assert server.run("dropped.py").json()["stdout"] == "dropped\n"
        (project / "scripts" / "broken.py").write_text("import no_such_module_at_all\n")
        answer = server.run("broken.py")
        assert answer.status_code == 409
        assert "no_such_module_at_all" in answer.json()["detail"]
        assert server.run("echo.py").status_code == 200
    assert '"scripts/dropped.py"' in index.read_text().replace(before, "")
