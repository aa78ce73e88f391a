"""nox sessions, make targets, `init` and the package itself: the doors people come in by."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.exporting import export
from condavision.lockfile import read_lock, write_lock
from condavision.scaffold import FILES
from condavision.subdir import current_subdir
from tests.command_line import CONDAVISION, CommandLine, Finished, InProcess
from tests.test_lockfile import HASH, LOCKS, REQUIREMENTS

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
    command = InProcess(make_project({**settings, **scripts}))
    command("init").ok()
    command("lock", *(f"./{name}" for name in NAMES)).ok()
    return command


def test_nox_runs_every_name_with_every_argument(command: CommandLine) -> None:
    for name in (*NAMES[1:4], NAMES[-1]):  # nox passes them on as they are; make has more to do
        ran = command.process([*NOX, "-s", "run", "--", name, *ARGUMENTS], stdin="in")
        assert ran.code == 7, ran.err
        assert ran.out == f"{ARGUMENTS} in\n"


def test_nox_runs_from_where_it_was_called(command: CommandLine) -> None:
    elsewhere = command.folder / "below"
    elsewhere.mkdir()
    noxfile = str(command.folder / "noxfile.py")
    ran = command.process([*NOX, "-f", noxfile, "-s", "run", "--", "../plain.py"], cwd=elsewhere)
    assert ran.code == 7, ran.err


def test_nox_runs_modules(command: CommandLine) -> None:
    (command.folder / "echo.py").write_text(ECHO)
    command.process([*NOX, "-s", "lock", "--", "-m", "echo"]).ok()
    ran = command.process([*NOX, "-s", "run", "--", "-m", "echo", *ARGUMENTS], stdin="in")
    assert (ran.code, ran.out) == (7, f"{ARGUMENTS} in\n"), ran.err


def test_nox_checks_and_locks(command: CommandLine) -> None:
    assert command.process([*NOX, "-s", "check"]).ok().out.count(" ok") == len(NAMES)
    (command.folder / "plain.py").write_text("import no_such_thing_at_all\n")
    assert command.process([*NOX, "-s", "check"]).code == 71
    assert command.process([*NOX, "-s", "lock", "--", "plain.py"]).code == 66


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_runs_every_name_with_every_argument(command: CommandLine) -> None:
    environ = {"CONDAVISION": shlex.join(CONDAVISION)}
    for name in NAMES:
        given = [f"SCRIPT={name}", f"ARGS={shlex.join(ARGUMENTS)}"]
        ran = command.process(["make", "-s", "run", *given], stdin="in", environ=environ)
        assert ran.out == f"{ARGUMENTS} in\n", ran.err
        assert ran.code == 2, "make's own code for a failed target"
        assert "Error 7" in ran.err


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_runs_modules(command: CommandLine) -> None:
    (command.folder / "echo.py").write_text(ECHO)
    command("lock", "-m", "echo").ok()
    ran = command.process(
        ["make", "-s", "run", "SCRIPT=-m", "ARGS=echo -- 'a b'"],
        environ={"CONDAVISION": shlex.join(CONDAVISION)},
    )
    assert ran.out == "['--', 'a b'] \n", ran.err


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_has_a_target_for_each_script(command: CommandLine) -> None:
    environ = {"CONDAVISION": " ".join(CONDAVISION)}

    def make(*arguments: str, **variables: str) -> Finished:
        return command.process(["make", "-s", *arguments], environ={**environ, **variables})

    assert make().ok().out.count(" ok") == len(NAMES)
    known = re.findall(r"^(run/.*):", make("-pqRr").out, re.MULTILINE)  # as completion asks
    assert sorted(known) == ["run/-dash.py", "run/plain.py"]
    make("-j2", "install").ok()
    assert len(command("list", "--json").ok().json()) == 1
    command("clean", "--all").ok()
    make("install").ok()
    assert len(command("list", "--json").ok().json()) == 1, "make sees that it is gone"
    made = [path.stat().st_mtime_ns for path in command.folder.glob(".condavision/*/prefix")]
    make("install").ok()
    again = [path.stat().st_mtime_ns for path in command.folder.glob(".condavision/*/prefix")]
    assert again == made, "and that it is there"
    make("run/plain.py")
    ran = make("run/plain.py", f"ARGS={shlex.join(ARGUMENTS)}", CONDAVISION="no Python of ours")
    assert ran.out == f"{ARGUMENTS} \n", ran.err
    assert "Error 7" in ran.err
    (command.folder / "plain.py").write_text("print('edited')\n")
    assert make("run/plain.py").ok().out == "edited\n"
    (command.folder / "plain.py").write_text("import no_such_thing_at_all\n")
    assert "no longer requires what it was locked for" in make("run/plain.py").err
    (command.folder / "more").mkdir()
    (command.folder / "more" / "new.py").write_text("print('new')\n")
    make("lock", "SCRIPTS=more/new.py").ok()
    assert make("run/more/new.py").ok().out == "new\n"


TOOL = """\
#!/bin/sh
# Stands for a conda: notes what it is asked for, and makes an environment of the tests' Python.
echo "$0 $*" >>asked
while [ "$1" != -p ]; do shift; done
mkdir -p "$2/bin" "$2/etc/conda/activate.d"
printf '%s\\n' '#!/bin/sh' '[ "$1" != -m ] || { echo "$*" >>asked; exit; }' 'exec PYTHON "$@"' \\
  >"$2/bin/python"
chmod +x "$2/bin/python"
echo 'export ACTIVATED=yes' >"$2/etc/conda/activate.d/sample.sh"
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("tool", ["mamba", "conda"])
def test_make_without_condavision(tool: str, make_project: MakeProject, home: Path) -> None:
    """Another tool makes the environment from the lock, once, and again when the lock is newer."""
    show = "import os, sys\nprint(sys.argv[1:], os.environ['ACTIVATED'])\n"
    entry = f'"it.py": {{"lock": "{HASH}", "digest": "0"}}\n'
    root = make_project({"it.py": show, "locks/scripts.yml": entry})
    lock = write_lock(root / "locks", LOCKS["every platform, with PyPI"], REQUIREMENTS)
    shutil.copy(REPOSITORY / "templates" / "Makefile", root)
    stub = root / "bin" / tool
    stub.parent.mkdir()
    stub.write_text(TOOL.replace("PYTHON", sys.executable))
    stub.chmod(0o755)
    environ = {
        "PATH": f"{stub.parent}:/usr/bin:/bin",
        "CONDAVISION": "condavision-is-not-here",
        "MAMBA_EXE": "",
        "CONDA_EXE": "",
    }
    for _ in range(2):
        command = ["make", "-s", "run/it.py", "ARGS='a b'"]
        ran = CommandLine(root).process(command, environ=environ)
        assert ran.ok().out == "['a b'] yes\n"
    own = f".condavision/{HASH}"
    asked = (root / "asked").read_text().splitlines()
    if tool == "mamba":
        assert asked == [f"{stub} create -y -p {root}/{own}/environment -f locks/{lock.name}"]
        os.utime(lock)
        CommandLine(root).process(command, environ=environ).ok()
        assert len((root / "asked").read_text().splitlines()) == 2
    else:
        made = f"create -y -q -p {root}/{own}/environment --file {own}/explicit.txt"
        pip = f"-m pip install -q --no-deps --require-hashes -r {own}/pip.txt"
        assert asked == [f"{stub} {made}", pip]
        wanted = export(read_lock(lock), "explicit", current_subdir())
        lines = {line.removeprefix("# pip ") for line in wanted.splitlines()[2:]}
        lines = {line.replace("#sha256=", " --hash=sha256:") for line in lines}
        written = [(root / own / name).read_text() for name in ("explicit.txt", "pip.txt")]
        assert {line for text in written for line in text.splitlines()} == lines


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
    lock = [*CONDAVISION, "lock", "-c", "https://x.invalid/y", "plain.py"]
    assert command.process(lock, environ=environ).code == 1


def test_init_is_idempotent_and_keeps_edits(make_project: MakeProject, home: Path) -> None:
    command = InProcess(make_project({"README": ""}))
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
