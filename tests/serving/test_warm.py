"""Warm runs of a server: as cold ones, but forked; and nothing of them is left."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.pages import shown
from tests.serving.conftest import PATIENCE, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

SCRIPT = shown("docs/warm.md", "from helpers import clean")
STATE = shown("docs/warm.md", '"warm": {')
CODE = """\
import json, os, sys
print(json.dumps([sys.argv[1:], sys.stdin.read(), os.getpid(), os.getppid(), sorted(os.environ)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="warm starts need Linux")
def test_runs_are_warm_once_the_modules_are_imported(project: Path) -> None:
    echo = project / "scripts" / "echo.py"
    echo.write_text(CODE)
    with serving(project, "--warm", "--state", project / "state") as server:
        runs = [server.run("echo.py", args=["x"], stdin="in").json()]
        while not runs[-1]["warm"]:
            runs.append(server.run("echo.py", args=["x"], stdin="in").json())
        assert all(run["exit_code"] == 0 for run in runs), runs
        cold, warm = (eval(run["stdout"]) for run in (runs[0], runs[-1]))
        assert warm[:2] == cold[:2] == [["x"], "in"]
        assert warm[4] == cold[4]
        assert not runs[0]["warm"]
        shown = server.client.get("/scripts/echo.py").json()["warm"]
        assert shown == {
            "state": "warm",
            "imported": ["json", "os", "sys"],
            "not_imported": [],
            "runs": 1,
        }
        assert "warm" in server.client.get("/scripts").json()["scripts"][0]
        zygote = os.pidfd_open(warm[3])
        server.end(signal.SIGKILL)
    assert select.select([zygote], [], [], PATIENCE)[0], "the zygote is still there"
    os.close(zygote)


@pytest.mark.slow  # an environment is installed
@pytest.mark.skipif(sys.platform != "linux", reason="warm starts need Linux")
def test_what_the_page_says_is_imported(local_command: CommandLine) -> None:
    scripts = local_command.folder / "scripts"
    scripts.mkdir()
    (scripts / "report.py").write_text(SCRIPT)
    (scripts / "helpers.py").write_text("import textwrap\n\nclean = textwrap.dedent\n")
    local_command("lock", "scripts/report.py").ok()
    with serving(local_command.folder, "--warm", "--state", local_command.folder / "state") as it:
        while not it.run("report.py").json()["warm"]:
            pass
        assert {"warm": it.client.get("/scripts/report.py").json()["warm"]} == json.loads(
            f"{{{STATE}}}"
        )
