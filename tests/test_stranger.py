"""What a stranger stumbled over in an afternoon; each was wrong once."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@pytest.fixture
def command(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> CommandLine:
    """condavision in a project on this machine's interpreters."""
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": "print('s')\n"}
    return InProcess(make_project(files))


def test_a_notebook_is_not_run_as_a_script(command: CommandLine) -> None:
    cell = '{"cell_type": "code", "metadata": {}, "outputs": [], "source": ["import sys"]}'
    text = f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}'
    (command.folder / "n.ipynb").write_text(text)
    command("lock", "n.ipynb").ok()
    ran = command("run", "n.ipynb")
    assert ran.code == 2
    assert "is a notebook" in ran.err
    (kernel,) = re.findall(
        r'"\$\((.*)\)" -m ipykernel install --user --name n$', ran.err, re.MULTILINE
    )
    command(*kernel.split()[1:]).ok()
    (module,) = re.findall(r"`(import [a-z]+)`\n", ran.err)
    (command.folder / "n.ipynb").write_text(text.replace("import sys", module))
    assert "ipykernel" in command("explain", "n.ipynb").ok().out, "what it says declares it"


def test_a_folder_with_main_is_one_script(command: CommandLine) -> None:
    app = command.folder / "app"
    app.mkdir()
    (app / "__main__.py").write_text("import sys\nprint('app', sys.argv[1:])\n")
    command("lock", "app").ok()
    for name in ("app", "app/__main__.py"):
        assert command("run", "-q", name, "x").ok().out == "app ['x']\n"
    command("check", "app").ok()
    command("install", "app").ok()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_in_a_folder_are_not_waited_for(command: CommandLine) -> None:
    os.mkfifo(command.folder / "pipe")
    os.mkfifo(command.folder / "mod.py")
    command("lock", ".").ok()
    (command.folder / "s.py").write_text("import mod\n")
    assert "Traceback" not in command("lock", "s.py").err, "and it ends"


def test_a_place_that_cannot_be_written_is_named(command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for verb in (["lock", "s.py"], ["list"], ["list", "--json"]):
        failed = command(*verb, environ={"CONDAVISION_HOME": str(tmp_path / "file")})
        assert failed.code == 1
        assert "Traceback" not in failed.err
        assert "Not a directory" in failed.err or "File exists" in failed.err


def test_the_script_s_json_is_not_ours(command: CommandLine) -> None:
    failed = command("run", "s.py", "--json")
    assert (failed.code, failed.out) == (70, "")


def test_a_dash_after_the_separator(command: CommandLine) -> None:
    (command.folder / "-s.py").write_text("print('dash')\n")
    command("lock", "--", "-s.py").ok()
    assert command("run", "-q", "--", "-s.py").ok().out == "dash\n"


@pytest.mark.parametrize("name", ["-dash.py", "-m.py", "--dash.py", "-ahead"])
def test_a_dash_without_the_separator(command: CommandLine, name: str) -> None:
    (command.folder / name).write_text("print('dash')\n")
    ran = command("run", name)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert f"condavision run ./{name}" in ran.err
    command("lock", f"./{name}").ok()
    assert command("run", "-q", f"./{name}").ok().out == "dash\n"


@pytest.mark.parametrize("option", ["--quite", "--json", "-x"])
def test_an_option_that_run_has_not(command: CommandLine, option: str) -> None:
    ran = command("run", option, "s.py")
    assert (ran.code, ran.out) == (2, "")
    assert f"No such option: {option}" in ran.err or f"No such option '{option}'" in ran.err


MIXED = [
    'print "x"\ntype X = int\n',
    'exec "x = 1"\nasync def f(): pass\n',
    "print 'x'\nprint(f'{1}')\n",
]


@pytest.mark.parametrize("text", MIXED)
def test_python_2_mixed_with_later_syntax_is_told(command: CommandLine, text: str) -> None:
    (command.folder / "s.py").write_text(text)
    failed = command("lock", "s.py")
    assert failed.code == 65
    assert "s.py:" in failed.err


def test_bytes_that_no_python_decodes(command: CommandLine) -> None:
    (command.folder / "s.py").write_bytes(b"print('\xe9')\n")
    assert command("lock", "s.py").code == 65


def test_check_is_not_green_for_what_is_no_python(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    with (command.folder / "s.py").open("a") as stream:
        stream.write("def (\n")
    assert command("check", "s.py").code == 65


def test_failures_name_their_script_in_json_too(command: CommandLine) -> None:
    (command.folder / "old.py").write_text("# /// script\n# requires-python = '>=3.20'\n# ///\n")
    failed = command("lock", "old.py", "s.py", "--json")
    assert failed.code == 67
    assert [one["status"] for one in failed.json()] == ["written", "failed"]
    assert "old.py" in failed.err
    assert ">=3.20" in failed.err


def test_a_broken_environment_is_built_again(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    python = command.folder / command("path", "--python", "s.py").ok().out.strip()
    python.unlink()
    assert command("run", "-q", "s.py").ok().out == "s\n"
    prefix = command("path", "s.py").ok().out.strip()
    command("clean", prefix).ok()


def test_a_deleted_environment_file_is_written_again(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    (environment,) = (command.folder / "locks" / ".local").glob("*.environment.yml")
    text = environment.read_text()
    environment.unlink()
    command("lock", "s.py").ok()
    assert environment.read_text() == text


@pytest.mark.parametrize(
    "some", [["--unused-for", "30"], ["--keep", "0"], ["--unreferenced"], ["name"]], ids=" ".join
)
def test_all_and_some_contradict_each_other(command: CommandLine, some: list[str]) -> None:
    command("lock", "s.py").ok()
    prefix = Path(command("install", "s.py").ok().out.strip())
    refused = command("clean", "--all", *some)
    assert (refused.code, prefix.exists()) == (2, True)
    assert "--all" in refused.err
    command("clean", "--all", "--caches").ok()
    assert not prefix.exists()
