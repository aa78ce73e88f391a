"""nox sessions, make targets, `init` and the package itself: the doors people come in by."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import nox
import pytest

from condavision.analysis.source.script_search import EXCLUDED
from condavision.core.platforms import current_subdir
from condavision.export.formats import load
from condavision.export.scaffold import FILES
from condavision.export.share import Share
from condavision.inference.workspace import Workspace
from condavision.locks.lockfile import read_lock, write_lock
from condavision.project.targets import Together
from tests.command_line import CONDAVISION, CommandLine, Finished, InProcess
from tests.locks.test_lockfile import HASH, LOCKS, REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.interpreters.probing import Interpreter

    MakeProject = Callable[[Mapping[str, str]], Path]

REPOSITORY = Path(__file__).parents[2]
NOX = [sys.executable, "-m", "nox", "--non-interactive"]
ECHO = """\
import sys
print(sys.argv[1:], sys.stdin.read())
sys.exit(7)
"""
NAMES = ["plain.py", "with space.py", "$HOME;'q\"uote.py", "ünï-code.py", "a$b$$c#d.py", "-dash.py"]
ARGUMENTS = ["--month", "5", "a b", "$HOME", "it's", 'say "hi"', ";", "*", "", "\\n", "ü"]


@pytest.fixture
def command(make_project: MakeProject, home: Path) -> CommandLine:
    """condavision in a repository that `init` was run in, with scripts of all names, locked."""
    scripts = dict.fromkeys(NAMES, ECHO)
    settings = {"condavision.toml": 'channels = ["interpreters:"]\n'}
    command = InProcess(make_project({**settings, **scripts}))
    command("init").ok()
    command("lock", *(f"./{name}" for name in NAMES)).ok()
    return command


def test_nox_runs_any_name_with_every_argument(command: CommandLine) -> None:
    name = "".join(it.removesuffix(".py") for it in reversed(NAMES)) + ".py"  # make has more to do
    (command.folder / name).write_text(ECHO)
    command("lock", f"./{name}").ok()
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


LOCAL = ("click.py", "yaml.py", "rich/__init__.py", "json.py", "pickle.py")


@pytest.mark.slow
def test_no_front_end_imports_local_modules(command: CommandLine) -> None:
    """What lies beside the scripts, and on their PYTHONPATH, is theirs alone."""
    for name in LOCAL:
        (command.folder / name).parent.mkdir(exist_ok=True)
        (command.folder / name).write_text("raise SystemExit('imported')\n")
    (command.folder / "plain.py").write_text("print('ran')\n")
    by_nox = [str(Path(sys.executable).with_name("nox")), "--non-interactive", "-s"]
    in_path = {"PYTHONPATH": str(command.folder)}
    command.process([*CONDAVISION, "lock", "plain.py"], environ=in_path).ok()
    command("install", "--launcher", "launchers", "plain.py").ok()
    launcher = command.folder / "launchers" / "plain"
    launcher.write_text(launcher.read_text().replace("[ -e", "[ ! -e"))  # stale
    (command.folder / "condavision.py").write_text("raise SystemExit('imported')\n")
    ways: list[tuple[list[str], dict[str, str]]] = [
        ([*by_nox, "lock", "--", "plain.py"], {}),
        ([*by_nox, "check", "--", "plain.py"], {}),
        ([*by_nox, "run", "--", "plain.py"], {}),
        ([str(launcher)], {"PATH": "/usr/bin:/bin"}),  # as in cron
        ([str(launcher)], {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/none", **in_path}),
    ]
    for way, variables in ways:
        command.process(way, environ=variables).ok()


def test_nox_finds_condavision_elsewhere(command: CommandLine, tmp_path: Path) -> None:
    """As with a nox that pipx or uv installed for itself."""
    venv = tmp_path / "venv"
    command.process([sys.executable, "-m", "venv", "--without-pip", str(venv)]).ok()
    [packages] = venv.glob("lib/*/site-packages")
    (packages / "theirs.pth").write_text(f"{Path(nox.__file__).parents[1]}\n")
    run = [str(venv / "bin" / "python"), "-m", "nox", "-s", "run", "--", "plain.py", "a"]
    on_path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    assert command.process(run, environ=on_path).out == "['a'] \n"
    ran = command.process(run, environ={"PATH": "/usr/bin:/bin"})
    assert (ran.code, "uv tool install condavision" in ran.err) == (1, True)


def test_nox_checks_and_locks(command: CommandLine) -> None:
    assert command.process([*NOX, "-s", "check"]).ok().out.count(" ok") == len(NAMES)
    (command.folder / "plain.py").write_text("import no_such_thing_at_all\n")
    assert command.process([*NOX, "-s", "check"]).code == 71
    assert command.process([*NOX, "-s", "lock", "--", "plain.py"]).code == 66


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert "is stale" in make("run/plain.py").err
    (command.folder / "more").mkdir()
    (command.folder / "more" / "new.py").write_text("print('new')\n")
    make("lock", "SCRIPTS=more/new.py").ok()
    assert make("run/more/new.py").ok().out == "new\n"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_has_targets_for_folders_locked_together_and_modules(command: CommandLine) -> None:
    environ = {"CONDAVISION": shlex.join(CONDAVISION)}
    show = "import os, sys, tabulate\nprint(sys.argv[1:], os.path.basename(os.getcwd()))\n"
    for name in ("jobs/a.py", "jobs/sub/b.py", "jobs/own.py", "tools/echo.py"):
        path = command.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(show)

    def make(*arguments: str, **variables: str) -> Finished:
        return command.process(["make", "-s", *arguments], environ={**environ, **variables})

    def known() -> set[str]:
        said = make("-pqRr").out.rpartition("# Make data base")[2]  # the one before is outdated
        found = re.findall(r"^run/([^:]*):", said, re.MULTILINE)
        return set(found) - {"-dash.py", "plain.py"}

    command("lock", "--together", "jobs", "-m", "tools.echo").ok()
    command("lock", "-m", "echo", cwd=command.folder / "tools").ok()
    command("lock", "jobs/own.py").ok()
    (command.folder / "naïve name.py").write_text("import humanize\n")
    command("lock", "naïve name.py").ok()
    modules = {"-m/tools.echo", "-m/tools/echo"}
    assert known() == {"jobs/a.py", "jobs/sub/b.py", "jobs/own.py", *modules}
    make("install").ok()
    assert len(command("list", "--json").ok().json()) == 3, "theirs, and those no target is for"
    for target, place in (
        ("jobs/sub/b.py", command.folder.name),
        ("-m/tools.echo", command.folder.name),
        ("-m/tools/echo", "tools"),
    ):
        ran = make(f"run/{target}", f"ARGS={shlex.join(ARGUMENTS)}").ok()
        assert (ran.out, ran.err) == (f"{ARGUMENTS} {place}\n", "")
    (command.folder / "jobs" / "sub" / "new.py").write_text("print('new')\n")
    assert make("run/jobs/sub/new.py").ok().out == "new\n", "what is added later runs too"
    (command.folder / "jobs" / "sub" / "new.py").unlink()
    assert "jobs/sub/new.py" not in known()
    (command.folder / "tools" / "echo.py").write_text("import humanize\n")
    assert "is stale" in make("run/-m/tools.echo").err
    shutil.rmtree(command.folder / "jobs")
    assert known() == {"jobs/own.py", *modules}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_many_makes_at_once_know_their_targets(command: CommandLine) -> None:
    index = command.folder / "locks" / ".local" / "scripts.yml"
    environ = {"CONDAVISION": shlex.join(CONDAVISION)}
    command.process(["make", "-s", "run/plain.py"], environ=environ)
    plain = next(line for line in index.read_text().splitlines() if '"plain.py"' in line)
    more = [plain.replace("plain.py", f"plain{number}.py") for number in range(150)]
    index.write_text("\n".join([index.read_text().rstrip("\n"), *more, ""]))
    with ThreadPoolExecutor(4) as pool:
        for now in (1, 2):
            os.utime(index, (time.time() + now,) * 2)
            makes = [["make", "-s", "run/plain.py"] for _ in range(4)]
            for ran in pool.map(partial(command.process, environ=environ), makes):
                assert "cannot stat" not in ran.err
                assert "No rule" not in ran.err
                assert ran.out == "[] \n"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_finds_the_scripts_that_are_locked_together(make_project: MakeProject) -> None:
    """As ``lock`` does: Python by name or shebang, nothing of caches, packages and environments."""
    names = [
        *("a.py", "window.pyw", "book.ipynb", "conftest.py", "data.csv", ".hidden.py", "sp ace.py"),
        *(f"{folder}/no.py" for folder in sorted(EXCLUDED)),
        *("venv/pyvenv.cfg", "venv/lib/no.py", "env/conda-meta/history", "env/no.py"),
        *("cache/CACHEDIR.TAG", "cache/no.py", "unpacked/info/index.json", "unpacked/no.py"),
        *("package/__init__.py", "package/no.py", "package/__main__.py", "package/below/yes.py"),
        *(".config/yes.py", "runnable/__main__.py", "runnable/yes.py"),
    ]
    entry = f'"./": {{"lock": "{HASH}", "digest": "0"}}\n'
    root = make_project({**dict.fromkeys(names, ""), "locks/scripts.yml": entry})
    lines = {
        "tool": "#!/usr/bin/env python3",
        "by-uv": "#!/usr/bin/env -S uv run --script",
        "by-pipx": "#!/usr/bin/env -S pipx run",
        "other": "#!/bin/sh",
        "text": "x",
    }
    for name, line in lines.items():
        (root / name).write_text(f"{line}\n")
    (root / "binary").write_bytes(bytes(range(256)))
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to(".")
    (root / "future").mkdir()
    os.utime(root / "future", (2**31 - 1, 2**31 - 1))
    shutil.copy(REPOSITORY / "templates" / "Makefile", root)
    listed = CommandLine(root).process(["make", "-pqRr", "CONDAVISION=condavision-is-not-here"])
    targets = re.findall(r"^run/(.*):", listed.out, re.MULTILINE)
    wanted = {str(path.relative_to(root)) for path in Workspace().together(Together(root)).scripts}
    assert {"window.pyw", "tool", "by-uv", "by-pipx", "package/__main__.py"} <= wanted
    assert not {"other", "text"} & wanted
    assert sorted(targets) == sorted(wanted - {"book.ipynb", "sp ace.py"})


TOOL = """\
#!/bin/sh
# Stands for a conda: notes what it is asked for, and makes an environment of the tests' Python.
if [ "$1" = --version ]; then
  case $0 in *conda) echo conda 26.7 ;; *-1) echo mamba 1.5; echo conda 24.3 ;; *) echo 2.3.0; esac
  exit
fi
mkdir busy || exit  # another one runs
echo "$0 $*" >>asked
while [ "$1" != -p ]; do shift; done
mkdir -p "$2/bin" "$2/etc/conda/activate.d"
printf '%s\\n' '#!/bin/sh' '[ "$2 $3" != "-m pip" ] || { echo "$*" >>../../asked; exit; }' \\
  'exec PYTHON "$@"' >"$2/bin/python"
chmod +x "$2/bin/python"
echo 'export ACTIVATED=yes' >"$2/etc/conda/activate.d/sample.sh"
rmdir busy
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("tool", ["mamba", "mamba-1", "conda"])
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
        "MAMBA_EXE": str(stub) if tool == "mamba-1" else "",
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
        pip = "-Es -m pip install -q --no-deps --require-hashes -r pip.txt"
        assert asked == [f"{stub} {made}", pip]
        wanted = load("explicit").render(Share(read_lock(lock), current_subdir()))
        lines = {line.removeprefix("# pip ") for line in wanted.splitlines()[2:]}
        lines = {line.replace("#sha256=", " --hash=sha256:") for line in lines}
        written = [(root / own / name).read_text() for name in ("explicit.txt", "pip.txt")]
        assert {line for text in written for line in text.splitlines()} == lines


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_with_conda_alone(make_project: MakeProject, home: Path) -> None:
    """One conda at a time; every way to name a script; no local module in our own Pythons."""
    hashes = [f"{number}{HASH[1:]}" for number in range(1, 6)]
    entries = (f'"s{it}.py": {{"lock": "{it}", "digest": "0"}}\n' for it in hashes)
    names = {f"s{it}.py": "import sys\nprint(sys.argv[1:])\n" for it in hashes}
    local = {"json.py": "raise SystemExit('imported')\n"}
    root = make_project({**names, **local, "locks/scripts.yml": "".join(entries)})
    lock = write_lock(root / "locks", LOCKS["every platform, with PyPI"], REQUIREMENTS)
    for it in hashes:
        shutil.copy(lock, lock.with_name(lock.name.replace(HASH, it)))
    shutil.copy(REPOSITORY / "templates" / "Makefile", root)
    stub = root / "bin" / "conda"
    stub.parent.mkdir()
    stub.write_text(TOOL.replace("PYTHON", sys.executable))
    stub.chmod(0o755)
    environ = {
        "PATH": f"{stub.parent}:/usr/bin:/bin",
        "CONDAVISION": "condavision-is-not-here",
        "MAMBA_EXE": "",
        "CONDA_EXE": "",
    }

    def make(*arguments: str) -> Finished:
        return CommandLine(root).process(["make", "-s", *arguments], environ=environ)

    first, second, *_ = (f"s{it}.py" for it in hashes)
    make("install", f"SCRIPT={first}").ok()
    assert len(list(root.glob(".condavision/*/prefix"))) == 1
    make("-j4", "install").ok()
    assert len(list(root.glob(".condavision/*/prefix"))) == len(hashes)
    ran = make("run", f"SCRIPT=./{second}", "ARGS='a b' $(touch hacked); touch hacked")
    assert ran.ok().out == "['a b', '$(touch', 'hacked);', 'touch', 'hacked']\n"
    assert not (root / "hacked").exists()
    for script in ("a b.py", "-m"):
        assert "condavision is not installed" in make("run", f"SCRIPT={script}").err


DECLARED = {
    "a.json": {
        "QUOTES": "first",
        "ONLY_A": 'it\'s $HOME `id` \\ "x"\n\n  two\n',
        "PATH": "no",
    },
    "b.json": {"QUOTES": "'", "CONDA_PREFIX": "no", "PYTHONHOME": "no", "EMPTY": ""},
    "README": {"IGNORED": "yes"},
}
STATE = {"env_vars": {"STATE": "ünï\t;#%s", "ONLY_B": "***unset***", "no name": "x", "N": 1}}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("minor", [(2, 7), (3, 6), sys.version_info[:2]])
def test_make_sets_declared_variables_without_condavision(
    minor: tuple[int, int],
    make_project: MakeProject,
    home: Path,
    interpreter: Callable[[tuple[int, int]], Interpreter],
) -> None:
    """Byte for byte as conda's activation, for the scripts of a folder and for modules."""
    show = "import os\nprint(repr(sorted(os.environ.items())))\n"
    entry = f'{{"lock": "{HASH}", "digest": "0"}}\n'
    index = f'"jobs/": {entry}"-m it in jobs": {entry}'
    root = make_project({"jobs/it.py": show, "locks/scripts.yml": index})
    write_lock(root / "locks", LOCKS["every platform, with PyPI"], REQUIREMENTS)
    shutil.copy(REPOSITORY / "templates" / "Makefile", root)
    stub = root / "bin" / "mamba"
    stub.parent.mkdir()
    copies = "".join(
        f'mkdir -p "$2/{Path(name).parent}"; cp {name} "$2/{name}"\n'
        for name in ("conda-meta/state", *(f"etc/conda/env_vars.d/{name}" for name in DECLARED))
    )
    stub.write_text(TOOL.replace("PYTHON", str(interpreter(minor).executable)) + copies)
    stub.chmod(0o755)
    for name, table in (
        ("conda-meta/state", STATE),
        *((f"etc/conda/env_vars.d/{name}", table) for name, table in DECLARED.items()),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    environ = {
        "PATH": f"{stub.parent}:/usr/bin:/bin",
        "CONDAVISION": "condavision-is-not-here",
        "MAMBA_EXE": "",
        "ONLY_B": "outside",
    }
    for target in ("run/jobs/it.py", "run/-m/jobs/it"):
        ran = CommandLine(root).process(["make", "-s", target], environ=environ)
        found = dict(ast.literal_eval(ran.ok().out))
        assert found["ONLY_A"] == DECLARED["a.json"]["ONLY_A"]
        wanted = {"QUOTES": "'", "EMPTY": "", "ONLY_B": "outside", "ACTIVATED": "yes"}
        assert {name: found.get(name) for name in wanted} == wanted
        state = found["STATE"] if minor > (3,) else found["STATE"].encode("latin-1").decode()
        assert state == STATE["env_vars"]["STATE"]
        assert found["PATH"].endswith(environ["PATH"])
        assert found["CONDA_PREFIX"] == f"{root}/.condavision/{HASH}/environment"
        assert not {"PYTHONHOME", "IGNORED", "N", "no name"} & set(found)


def test_exec_targets_never_solve(command: CommandLine) -> None:
    """A run target that could solve would need the solver; make it impossible to import."""
    trap = command.folder / "trap"
    trap.mkdir()
    (trap / "sitecustomize.py").write_text(
        "import sys\n"
        "class Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('condavision.compile_stage.solving'):\n"
        "            raise RuntimeError('the exec stage imports a solver')\n"
        "sys.meta_path.insert(0, Trap())\n"
    )
    environ = {"PYTHONPATH": str(trap)}
    ran = command.process([*CONDAVISION, "run", "plain.py"], environ=environ)
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
    condavision = [str(python.with_name("condavision"))]
    explained = tool.process([*condavision, "explain", "--json", "s.py"]).ok().json()
    assert explained["pypi"] == ["pyyaml"]
    assert explained["python"] == ">=3.11"
    tool.process([*condavision, "init"]).ok()
    assert (tmp_path / "Makefile").exists()


def test_the_version_is_one() -> None:
    import condavision

    assert condavision.__version__ == importlib.metadata.version("condavision")
