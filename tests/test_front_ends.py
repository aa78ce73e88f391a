"""nox sessions, make targets, `init` and the package itself: the doors people come in by."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.scaffold import FILES
from tests.command_line import CONDAVISION, CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    MakeProject = Callable[[Mapping[str, str]], Path]

REPOSITORY = Path(__file__).parent.parent
NOX = [sys.executable, "-m", "nox", "--non-interactive"]
ECHO = """\
import sys
print(sys.argv[1:], sys.stdin.read())
sys.exit(7)
"""
NAMES = ["plain.py", "with space.py", "$HOME;'q\"uote.py", "ünï-code.py", "a$b$$c#d.py", "-dash.py"]
ARGUMENTS = ["--month", "5", "a b", "$HOME", "it's", 'say "hi"', ";", "*", ""]


@pytest.fixture
def command(make_project: MakeProject, home: Path) -> CommandLine:
    """condavision in a repository that `init` was run in, with scripts of all names, locked."""
    scripts = dict.fromkeys(NAMES, ECHO)
    settings = {"condavision.toml": 'channels = ["interpreters:"]\n'}
    command = CommandLine(make_project({**settings, **scripts}))
    command("init").ok()
    command("lock", *(f"./{name}" for name in NAMES)).ok()
    return command


def test_nox_runs_every_name_with_every_argument(command: CommandLine) -> None:
    for name in NAMES:
        ran = command.process([*NOX, "-s", "run", "--", f"./{name}", *ARGUMENTS], stdin="in")
        assert ran.code == 7, ran.err
        assert ran.out == f"{ARGUMENTS} in\n"


def test_nox_runs_from_where_it_was_called(command: CommandLine) -> None:
    elsewhere = command.folder / "below"
    elsewhere.mkdir()
    noxfile = str(command.folder / "noxfile.py")
    ran = command.process([*NOX, "-f", noxfile, "-s", "run", "--", "../plain.py"], cwd=elsewhere)
    assert ran.code == 7, ran.err


def test_nox_checks_and_locks(command: CommandLine) -> None:
    assert command.process([*NOX, "-s", "check"]).ok().out.count(" ok") == len(NAMES)
    (command.folder / "plain.py").write_text("import no_such_thing_at_all\n")
    assert command.process([*NOX, "-s", "check"]).code == 71
    assert command.process([*NOX, "-s", "lock", "--", "plain.py"]).code == 66


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_runs_every_name_with_every_argument(command: CommandLine) -> None:
    import shlex

    environ = {"CONDAVISION": shlex.join(CONDAVISION)}
    for name in NAMES:
        given = [f"SCRIPT=./{name}", f"ARGS={shlex.join(ARGUMENTS)}"]
        ran = command.process(["make", "-s", "run", *given], stdin="in", environ=environ)
        assert ran.out == f"{ARGUMENTS} in\n", ran.err
        assert ran.code == 2, "make's own code for a failed target"
        assert "Error 7" in ran.err


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_checks(command: CommandLine) -> None:
    ran = command.process(["make", "-s"], environ={"CONDAVISION": " ".join(CONDAVISION)})
    assert ran.ok().out.count(" ok") == len(NAMES)


def test_exec_targets_never_solve(command: CommandLine) -> None:
    """A run target that could solve would need the solver; make it impossible to import."""
    trap = command.folder / "trap"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text(
        "import sys\n"
        "class Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('condavision.solving'):\n"
        "            raise RuntimeError('the exec stage imports a solver')\n"
        "sys.meta_path.insert(0, Trap())\n"
    )
    environ = {"PYTHONPATH": str(trap)}
    ran = command.process([*NOX, "-s", "run", "--", "plain.py"], environ=environ)
    assert ran.code == 7, ran.err
    assert command("lock", "-c", "https://x.invalid/y", "plain.py", environ=environ).code == 1


def test_init_is_idempotent_and_keeps_edits(make_project: MakeProject, home: Path) -> None:
    command = CommandLine(make_project({"README": ""}))
    first = command("init", "--json").ok().json()
    assert [(Path(file["path"]).name, file["state"]) for file in first] == [
        (name, "written") for name in FILES
    ]
    mine = command.folder / "Makefile"
    mine.write_text("all:\n\techo mine\n")
    states = {Path(file["path"]).name: file["state"] for file in command("init", "--json").json()}
    assert states == {"noxfile.py": "unchanged", "Makefile": "kept"}
    assert mine.read_text() == "all:\n\techo mine\n"
    assert command("init", "nowhere").code == 2


@pytest.mark.slow
def test_the_wheel_holds_what_it_needs(tmp_path: Path) -> None:
    """Build it, install it alone, and use what is package data: the map, the templates."""
    import uv

    tool = CommandLine(tmp_path)
    binary = uv.find_uv_bin()
    tool.process([binary, "build", "--wheel", "-q", "-o", str(tmp_path), str(REPOSITORY)]).ok()
    (wheel,) = tmp_path.glob("*.whl")
    tool.process([binary, "venv", "-q", "-p", sys.executable, str(tmp_path / "venv")]).ok()
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    tool.process([binary, "pip", "install", "-q", "-p", str(python), str(wheel)]).ok()
    (tmp_path / "s.py").write_text("import yaml, tomllib\n")
    condavision = [str(python), "-m", "condavision"]
    explained = tool.process([*condavision, "explain", "--json", "s.py"]).ok().json()
    assert explained["pypi"] == ["pyyaml"]
    assert explained["python"] == ">=3.11"
    tool.process([*condavision, "init"]).ok()
    assert (tmp_path / "Makefile").exists()


def test_the_version_is_one() -> None:
    import condavision

    assert condavision.__version__ == importlib.metadata.version("condavision")
