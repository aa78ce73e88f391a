"""The README is true: its files are written, its commands run, their output compared."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from condavision.cli import main as command_line
from tests.command_line import CommandLine, InProcess
from tests.pages import REPOSITORY, play, shown, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.interpreters.probing import Interpreter

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BOOTSTRAP = "python3 -m venv .venv && .venv/bin/pip install -q -e . && .venv/bin/nox -s"


@pytest.mark.slow
def test_the_tour(
    make_project: Callable[[Mapping[str, str]], Path], home: Path, python2: Interpreter
) -> None:
    folder = make_project({"condavision.toml": 'channels = ["interpreters:"]\n'})
    assert play("README.md", InProcess(folder, merged=True), taken()) >= 6


@pytest.mark.slow
def test_the_demo(home: Path, tmp_path: Path) -> None:
    """Run the first command's session; its bootstrap is what CI starts with."""
    clone = tmp_path / "clone"
    shutil.copytree(REPOSITORY, clone, ignore=shutil.ignore_patterns(".*", "_build", "__pycache__"))
    shutil.rmtree(clone / "locks", ignore_errors=True)
    demo = [sys.executable, "-m", "nox", "--non-interactive", "-s", "demo"]
    printed = CommandLine(clone).process(demo).ok().out
    for words in ("due: 2027-03-21", "circle", "| plums", "Hello Ada", "senor-coconut"):
        assert words in printed
    assert "Python 2.7" in printed, "run, or named as skipped"
    if "is skipped" not in printed:
        assert "count  shelf" in printed, "a package of Python 2.7"


def test_both_commands_start_from_nothing() -> None:
    assert shown("README.md", "nox -s demo") == f"$ {BOOTSTRAP} demo\n"
    assert shown("README.md", "nox -s tests") == f"$ {BOOTSTRAP} tests\n"


def test_ci_runs_the_test_command_as_shown() -> None:
    ran = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    steps = f"{BOOTSTRAP} tests".split(" && ")
    assert [step for line in ran for step in steps if line.partition(" ||")[0] == step] == steps


def test_every_command_is_in_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    command_line(["--help"])
    listed = capsys.readouterr().out.partition("Compile stage")[2].partition("\nEnvironment")[0]
    names = re.findall(r"^  ([a-z-]+)(?: |$)", listed, flags=re.MULTILINE)
    assert {"lock", "run", "doctor"} < {*names}
    for name in names:
        assert re.search(rf"^\|[^|]*`{name}[ `]", README, flags=re.MULTILINE), name


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the command is another one there")
@pytest.mark.parametrize("installer", ["uv", "pipx", "python3"])
def test_the_command_works_as_typed_after_the_installation(
    installer: str, home: Path, tmp_path: Path
) -> None:
    """Install as the README has it, and run the next command from PATH alone."""
    lines = shown("README.md", "uv tool install .\n").splitlines()
    assert lines == shown("docs/tutorial.md", "uv tool install").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{installer} "))
    beside = Path(sys.executable).parent
    if installer != "uv":  # its own Python, where a user has installed pip or pipx
        beside = tmp_path / "python" / "bin"
        run = CommandLine(tmp_path).process
        run([find_uv_bin(), "venv", "-q", "--seed", "-p", sys.executable, "python"]).ok()
        if installer == "pipx":
            run(["python/bin/python", "-m", "pip", "install", "-q", "pipx"]).ok()
    folders = {name: str(tmp_path / "bin") for name in ("UV_TOOL_BIN_DIR", "PIPX_BIN_DIR")}
    tools = {name: str(tmp_path / "tools") for name in ("UV_TOOL_DIR", "PIPX_HOME")}
    environ = {"PATH": f"{beside}{os.pathsep}{os.environ['PATH']}"}
    CommandLine(REPOSITORY).process(line.split(), environ=folders | tools | environ).ok()
    commands = beside if installer == "python3" else tmp_path / "bin"
    (tmp_path / "report.py").write_text("import sys\n")
    only = {"PATH": f"{commands}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    locked = CommandLine(tmp_path).process(
        ["condavision", "lock", "-c", "interpreters:", "report.py"], environ=only
    )
    assert "written" in locked.ok().out
