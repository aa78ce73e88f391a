"""The README is true: its files are written, its commands run, their output compared."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.cli import main as command_line
from condavision.project.settings_files import SettingsFiles
from tests.command_line import CONDAVISION, CommandLine, error_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.interpreters.probing import Interpreter

    MakeProject = Callable[[Mapping[str, str]], Path]

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:<!-- (?P<verb>file|append): (?P<name>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```",
    re.DOTALL,
)
BOOTSTRAP = "python3 -m venv .venv && .venv/bin/pip install -q -e . && .venv/bin/nox -s"


@dataclass(frozen=True)
class Step:
    """A block of the README: a file to write or append to, or a command and its output."""

    verb: str
    name: str
    text: str


def steps() -> Iterator[Step]:
    """Yield what the README shows, in order."""
    for block in BLOCK.finditer(README):
        if block["verb"]:
            yield Step(block["verb"], block["name"], block["text"])
        elif block["kind"] == "console":
            for shown in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                line, _, output = shown.partition("\n")
                yield Step("run", line, output)


def normalized(output: str) -> str:
    """Leave out what differs between machines: patch releases, the width of columns, speed."""
    output = re.sub(r"(?m)^still solving .*\n", "", output)
    output = re.sub(r"\b(2\.7|3\.\d+)\.\d+\b", "PYTHON", output)
    output = re.sub(r"\b3\.\d+\.\d+ ", "PYTHON ", output)
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in output.splitlines())


def test_the_tour(make_project: MakeProject, home: Path, python2: Interpreter) -> None:
    command = CommandLine(make_project({"condavision.toml": ""}))
    ran = 0
    for step in steps():
        path = command.folder / step.name
        if step.verb == "file":
            path.write_text(step.text, encoding="utf-8")
        elif step.verb == "append":
            path.write_text(path.read_text(encoding="utf-8") + step.text, encoding="utf-8")
        elif not step.name.startswith(BOOTSTRAP):
            words = shlex.split(step.name)
            assert words[0] == "condavision", step.name
            finished = subprocess.run(
                [*CONDAVISION, *words[1:]],
                cwd=command.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert normalized(finished.stdout) == normalized(step.text), step.name
            ran += 1
    assert ran >= 8


@pytest.mark.slow
def test_the_demo(home: Path, tmp_path: Path) -> None:
    """Run the first command's session; its bootstrap is what CI starts with."""
    clone = tmp_path / "clone"
    shutil.copytree(REPOSITORY, clone, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    shutil.rmtree(clone / "locks", ignore_errors=True)
    demo = [sys.executable, "-m", "nox", "--non-interactive", "-s", "demo"]
    printed = CommandLine(clone).process(demo).ok().out
    for shown in ("due: 2027-03-21", "circle", "| plums", "Hello Ada", "senor-coconut"):
        assert shown in printed
    assert "Python 2.7" in printed, "run, or named as skipped"
    if "is skipped" not in printed:
        assert "count  shelf" in printed, "a package of Python 2.7"


def test_both_commands_start_from_nothing() -> None:
    shown = [step.name for step in steps() if step.name.startswith(BOOTSTRAP)]
    assert shown == [f"{BOOTSTRAP} demo", f"{BOOTSTRAP} tests"]


def test_ci_runs_the_test_command_as_shown() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    assert f"{BOOTSTRAP} tests" in ci


def test_every_command_and_exit_code_is_in_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    command_line(["--help"])
    listed = capsys.readouterr().out.partition("Compile stage")[2].partition("\nEnvironment")[0]
    names = re.findall(r"^  ([a-z-]+)(?: |$)", listed, flags=re.MULTILINE)
    assert {"lock", "run", "doctor"} < {*names}
    for name in names:
        assert re.search(rf"^\|[^|]*`{name}[ `]", README, flags=re.MULTILINE), name
    for error in error_classes():
        assert error.code == 1 or f"| {error.code} |" in README, error


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    (shown,) = (
        text
        for text in re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
        if "[" in text and "floor" in text
    )
    (tmp_path / "condavision.toml").write_text(shown)
    config = SettingsFiles().config(tmp_path)
    assert config.paths == (tmp_path / "lib",)
    assert config.imports["legacy_helpers"] == ""
