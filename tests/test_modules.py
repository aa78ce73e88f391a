"""`-m MODULE`: found from here as Python finds it, locked, and run as `python -m` runs it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.locks.index import read_index
from condavision.warm import warm_command
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

TOOL = """\
import json, os, sys
from . import helper
print(json.dumps([sys.argv[1:], sys.path[0], __name__, __package__, sys.stdin.read()]))
sys.exit(5)
"""
FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "shop/__init__.py": "import zoneinfo\n",
    "shop/tool.py": TOOL,
    "shop/helper.py": "",
    "shop/sub/__init__.py": "",
    "shop/sub/__main__.py": "from .. import helper\nprint('sub', __package__)\n",
    "below/alone.py": "import near\nprint(near.x)\n",
    "below/near.py": "x = 'near'\n",
}


@pytest.fixture
def folder(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> Path:
    return make_project(FILES)


@pytest.fixture
def command(folder: Path) -> InProcess:
    return InProcess(folder)


def keys(folder: Path) -> set[str]:
    return {*read_index(folder / "locks" / ".local").entries}


def test_it_is_analysed_with_its_packages(command: InProcess) -> None:
    found = command("explain", "-m", "shop.tool", "--json").ok().json()
    assert found["script"] == "-m shop.tool"
    assert found["files"] == ["__main__", "shop", "shop.helper"]
    assert found["python"] == ">=3.9", "the package's __init__ runs too"


def test_every_word_behind_it_is_its_own(command: InProcess) -> None:
    command("lock", "-m", "shop.tool").ok()
    process = CommandLine(command.folder)
    words = ["-q", "--locks", "a b", "--", "-m", "x", ""]
    for given in (["-m", "shop.tool"], ["-mshop.tool"], ["-q", "-m", "shop.tool"]):
        ran = process("run", *given, *words, stdin="in")
        assert ran.code == 5, ran.err
        assert ran.json() == [words, str(command.folder), "__main__", "shop", "in"]


def test_the_next_run_is_warm_and_only_from_there(
    command: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("lock", "-m", "shop.tool").ok()
    time.sleep(0.12)
    assert CommandLine(command.folder)("run", "-q", "-m", "shop.tool").code == 5

    def is_warm(module: str) -> bool:
        return warm_command(module, ["x"], os.environ, module=True) is not None

    monkeypatch.chdir(command.folder)
    found = warm_command("shop.tool", ["x"], os.environ, module=True)
    assert found is not None
    assert found[0][-3:] == ["-m", "shop.tool", "x"]
    assert not is_warm("shop.other")
    monkeypatch.chdir(command.folder / "below")
    assert not is_warm("shop.tool")
    monkeypatch.chdir(command.folder)
    assert is_warm("shop.tool")
    (command.folder / "shop" / "tool").mkdir()
    assert not is_warm("shop.tool"), "a package goes before a module"


def test_folders_without_init_are_watched_too(
    command: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("lock", "-m", "below.near").ok()
    monkeypatch.chdir(command.folder)
    time.sleep(0.12)
    assert CommandLine(command.folder)("run", "-q", "-m", "below.near").code == 0
    assert warm_command("below.near", [], os.environ, module=True) is not None
    (command.folder / "below" / "near").mkdir()
    assert warm_command("below.near", [], os.environ, module=True) is None


@pytest.mark.slow
def test_packages_and_other_folders(command: InProcess) -> None:
    command("lock", "-m", "shop.sub").ok()
    process = CommandLine(command.folder)
    assert process("run", "-q", "-m", "shop.sub").ok().out == "sub shop.sub\n"
    below = command.folder / "below"
    command("lock", "-m", "alone", cwd=below).ok()
    assert process("run", "-q", "-m", "alone", cwd=below).ok().out == "near\n"
    assert keys(command.folder) == {"-m shop.sub", "-m alone in below"}
    failed = process("run", "-m", "alone")
    assert failed.code == 65
    assert f"no module `alone` in {command.folder}" in failed.err
    checked = [one["script"] for one in command("check", ".", "--json").ok().json()]
    assert checked == ["-m alone in below", "-m shop.sub"], "they are no scripts besides"
    (below / "near.py").write_text("import humanize\n")
    assert "cd below && condavision lock -m alone" in command("check", ".").out


def test_a_module_and_its_file_are_two(command: InProcess) -> None:
    command("lock", "-m", "below.near", "below/near.py").ok()
    assert keys(command.folder) == {"-m below.near", "below/near.py"}
    for name in (["-m", "below.near"], ["below/near.py"]):
        command("check", *name).ok()
        prefix = command("path", *name).ok().out.strip()
        assert prefix in command("install", *name).ok().out


def test_a_module_uses_the_lock_of_its_file_where_it_requires_the_same(command: InProcess) -> None:
    command("lock", "shop/sub").ok()
    assert keys(command.folder) == {"shop/sub/__main__.py"}
    prefix = command("path", "shop/sub").ok().out
    assert command("path", "-m", "shop.sub").ok().out == prefix
    command("check", "-m", "shop.sub").ok()
    (command.folder / "shop" / "helper.py").write_text("import humanize\n")
    assert "the lock of shop/sub is stale" in command("path", "shop/sub").err
    assert "-m shop.sub has no lock" in command("path", "-m", "shop.sub").err


def test_what_is_recorded_is_looked_at_wherever_it_lies(command: InProcess) -> None:
    """As scripts of a package and by their first line are, which the walk of a folder passes."""
    names = ["below/alone.py", "shop/helper.py", "tool"]
    for name in names:
        (command.folder / name).write_text("#!/usr/bin/env python3\nimport sys\n")
    command("lock", *names).ok()
    for name in names[1:]:
        (command.folder / name).write_text("import tomllib\n")
    for named in (["."], ["shop", "tool"], [str(command.folder)]):
        stale = command("check", *named, "--json")
        assert stale.code
        found = {one["script"]: one["state"] for one in stale.json()}
        assert [found[name] for name in names[1:]] == ["stale", "stale"]
    command("lock", ".").ok()
    checked = command("check", ".", "--json").ok().json()
    assert {*names} <= {one["script"] for one in checked}
    (command.folder / "shop" / "helper.py").unlink()
    assert command("check", "shop/helper.py").code == 65


def test_what_it_requires_now_is_noticed(command: InProcess) -> None:
    command("lock", "-m", "shop.tool").ok()
    (command.folder / "shop" / "__init__.py").write_text("import humanize\n")
    checked = command("check", "-m", "shop.tool")
    assert checked.code == 71
    assert "added humanize (shop/__init__.py:1)" in checked.out
    assert "condavision lock -m shop.tool" in checked.out


def test_it_is_found_on_python_path(
    command: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "far.py").write_text("print('far')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    command("lock", "-m", "far").ok()
    monkeypatch.delenv("PYTHONPATH")
    ran = CommandLine(command.folder)("run", "-q", "-m", "far")
    assert ran.ok().out == "far\n", "where it lies was recorded"


WRONG = [
    (["lock", "-m", "nowhere"], 65, "no module `nowhere`"),
    (["lock", "-m", "shop/tool.py"], 2, "not a module name"),
    (["run", "-m", "shop.tool.py"], 65, "hint: did you mean `-m shop.tool`?"),
    (["lock", "-m", "shop"], 65, "`shop` is a package without __main__.py"),
    (["explain", "-m", "shop.tool", "shop/tool.py"], 2, "give exactly one"),
    (["install", "--launcher", "bin", "-m", "shop.tool"], 2, "condavision run -m shop.tool"),
]


@pytest.mark.parametrize(("words", "code", "said"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_mistakes(words: list[str], code: int, said: str, command: InProcess) -> None:
    failed = command(*words)
    assert failed.code == code
    assert said in failed.err
    assert keys(command.folder) == set()


CAUTIONED = [
    ("shop/tool.py", False),
    ("shop/sub/__main__.py", False),
    ("below/alone.py", False),
    ("no-name/tool.py", True),
]
"""Scripts, and whether a run of what was locked fails."""


@pytest.mark.parametrize(("script", "expected"), CAUTIONED)
def test_a_script_that_cannot_run_as_a_module_is_cautioned(
    script: str, expected: bool, command: InProcess
) -> None:
    (command.folder / "no-name").mkdir()
    (command.folder / "no-name" / "tool.py").write_text(TOOL)
    (command.folder / "no-name" / "helper.py").write_text("")
    locked = command("lock", script).ok()
    assert ("relative import fails" in locked.err) == expected
    assert ("relative import fails" in command("check", script).out) == expected
    assert not command("lock", "-m", "shop.tool").ok().err.count("relative import")
    if expected:
        assert "no known parent package" in CommandLine(command.folder)("run", script).err
        assert command("install", "--launcher", "bin", script).code in {2, 70}
        assert not [*(command.folder / "bin").iterdir()]
        command("path", script).ok()


def test_a_script_that_imports_relatively_runs_as_its_module(
    command: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its own lock or that of the module, cold and warm, and from a launcher."""
    for locked in (["-m", "shop.sub"], ["shop/sub"]):
        command("lock", *locked).ok()
        ran = CommandLine(command.folder)("run", "-q", "shop/sub")
        assert ran.ok().out == "sub shop.sub\n"
    assert command("path", "shop/sub").ok().out == command("path", "-m", "shop.sub").ok().out
    monkeypatch.chdir(command.folder)
    time.sleep(0.12)
    CommandLine(command.folder)("run", "-q", "shop/sub").ok()
    found = warm_command("shop/sub", ["x"], os.environ)
    assert found is not None
    assert found[0][-3:] == ["-m", "shop.sub", "x"]
    command("install", "--launcher", "bin", "shop/sub").ok()
    elsewhere = command.process([str(command.folder / "bin" / "sub")], cwd=command.folder.parent)
    assert elsewhere.ok().out == "sub shop.sub\n"


def test_a_script_and_its_module_are_one_program(command: InProcess) -> None:
    script = "shop/sub/__main__.py"
    command("lock", script).ok()
    assert keys(command.folder) == {script}
    for words in (["-m", "shop.sub"], [script], ["shop"], ["shop/sub"]):
        command("lock", *words).ok()
        assert "-m shop.sub" in keys(command.folder)
        assert script not in keys(command.folder)
    (checked,) = command("check", script, "--json").ok().json()
    assert (checked["script"], checked["state"]) == (script, "ok")
    assert ", as -m shop.sub: " in command("explain", script).ok().out
    exported = [
        command("export", *it, "--format", "requirements").ok().out
        for it in ([script], ["-m", "shop.sub"])
    ]
    assert exported[0] == exported[1]
    (command.folder / script).write_text("from . import x\nimport humanize\n")
    (command.folder / "shop/sub/x.py").write_text("")
    refused = command("run", script, "y")
    assert refused.code == 71
    assert "run `condavision lock -m shop.sub`" in refused.err
    assert "or do both: run `condavision run --lock -m shop.sub y`" in refused.err


def test_the_lock_of_a_path_with_channels_of_the_command_line_serves_its_module(
    command: InProcess,
) -> None:
    (command.folder / "condavision.toml").write_text("")
    command("lock", "-c", "interpreters:", "shop/sub").ok()
    assert "relative import" not in command("check", "shop/sub").ok().out
    ran = CommandLine(command.folder)("run", "-q", "shop/sub")
    assert ran.ok().out == "sub shop.sub\n"


def test_prune_forgets_modules_that_are_gone(command: InProcess) -> None:
    command("lock", "-m", "shop.tool", "-m", "shop.sub", "below/near.py").ok()
    (command.folder / "shop" / "tool.py").unlink()
    command("lock", "--prune", "below/near.py").ok()
    assert keys(command.folder) == {"-m shop.sub", "below/near.py"}


def test_the_library_runs_modules(command: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(command.folder)
    assert not condavision.lock(modules=["shop.sub"]).failed
    assert condavision.analyze(module="shop.sub").project.key == "-m shop.sub"
    assert condavision.check(modules=["shop.sub"]).code == 0
    prefix = condavision.install(module="shop.sub").prefix
    assert prefix.is_dir()
    ran = condavision.run("shop.sub", module=True, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "sub shop.sub\n")


def test_what_is_handed_over(command: InProcess) -> None:
    """`export` and `vendor` take modules as `install` does."""
    (command.folder / "below" / "near.py").write_text("import iniconfig\nx = 1\n")
    below = command.folder / "below"
    command("lock", "-m", "alone", cwd=below).ok()
    exported = command("export", "-m", "alone", "--format", "requirements", cwd=below).ok().out
    assert "\niniconfig==" in exported
    assert command("export", "-m", "alone", "--format", "requirements").code == 65, "not from here"
    twice = command("export", "near.py", "-m", "alone", "--format", "explicit", cwd=below)
    assert (twice.code, command("export", "--format", "explicit").code) == (2, 2)
    command("lock", "-m", "shop.tool").ok()
    vendored = command("vendor", "files", "-m", "alone", "--json", cwd=below).ok().json()
    assert [name.partition("-")[0] for name in vendored["fetched"]] == ["iniconfig"]
    assert command("vendor", "other", "-m", "shop.tool").code == 2, "which has nothing of PyPI"
    assert command("vendor", "files", "-m", "no.such").code == 65


def test_what_differs(command: InProcess) -> None:
    """Modules are compared with each other, with scripts, and with what they were in git."""
    (command.folder / "script.py").write_text("import iniconfig\n")
    command("lock", "-m", "shop.tool", "script.py").ok()

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command.process(["git", *who, *words]).ok()

    def added(*words: str, cwd: Path | None = None) -> list[tuple[str, bool]]:
        found = command("diff", *words, "--json", cwd=cwd).ok().json()
        return [(one["name"], not one["before"]) for one in found]

    assert added("script.py", "-m", "shop.tool") == [("iniconfig", False)]
    assert added("script.py", "script.py") == added("-m", "shop.tool", "-m", "shop.tool") == []
    for path in (command.folder / "locks" / ".local").glob("*.yml"):
        path.rename(command.folder / "locks" / path.name)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    (command.folder / "shop" / "helper.py").write_text("import iniconfig\n")
    command("lock", "-m", "shop.tool").ok()
    for path in (command.folder / "locks" / ".local").glob("*.yml"):
        path.rename(command.folder / "locks" / path.name)
    git("add", "-A")
    git("commit", "-q", "-m", "second")
    assert added("HEAD~1:", "-m", "shop.tool") == [("iniconfig", True)]
    assert added("HEAD:", "HEAD~1:", "-m", "shop.tool") == [("iniconfig", False)]
    assert added("HEAD~1:script.py", "-m", "shop.tool") == []
    for words, code, said in (
        (["-m", "shop.tool"], 2, "diff compares two locks"),
        (["script.py", "script.py", "-m", "shop.tool"], 2, "diff compares two locks"),
        (["HEAD:", "script.py"], 2, "`HEAD:` has no script"),
        (["HEAD:", "-m", "shop.tool", "-m", "shop.sub"], 2, "`HEAD:` has no script"),
        (["HEAD~1:script.py", "-m", "shop.sub"], 70, "-m shop.sub has no lock"),
        (["HEAD:", "-m", "shop.sub"], 70, "HEAD has no lock of -m shop.sub"),
        (["HEAD~1:script.py", "-m", "a/b"], 2, "not a module name"),
    ):
        done = command("diff", *words)
        assert (done.code, said in done.err) == (code, True), done.err
