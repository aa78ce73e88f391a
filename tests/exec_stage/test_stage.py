"""Starting a locked target: its environment is installed where it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CONDAVISION, CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


def test_a_broken_environment_is_built_again(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    python = command.folder / command("path", "--python", "s.py").ok().out.strip()
    python.unlink()
    ran = command("run", "s.py").ok()
    assert ran.out == "s\n"
    assert "linked 1 Python of this machine in " in ran.err
    prefix = command("path", "s.py").ok().out.strip()
    command("clean", prefix).ok()


def test_a_notebook_is_not_run_as_a_script(command: CommandLine, bare_home: Path) -> None:
    cell = '{"cell_type": "code", "metadata": {}, "outputs": [], "source": ["import sys"]}'
    text = f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}'
    (command.folder / "n.ipynb").write_text(text)
    command("lock", "n.ipynb").ok()
    for words in (["export", "--format", "dockerfile"], ["install", "--launcher", "bin"]):
        ran = command(*words, "n.ipynb")
        assert ran.code == 2, words
        assert "is a notebook" in ran.err
        assert "run `condavision kernel n.ipynb`" in ran.err
    assert not [*(bare_home / "envs").glob("*")], "refused before anything is installed"


def test_what_an_installed_environment_does_not_take_is_not_imported() -> None:
    code = (
        "import sys, condavision.exec_stage.stage; print(*{'asyncio', 'rattler'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.fixture
def awkward(
    make_project: Callable[[Mapping[str, str]], Path],
    bare_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CommandLine]:
    """A project with a space, a quote and an accent in every path, and condavision on PATH."""
    root = make_project({"README": ""})
    project = root.parent / "it's a prøject"
    root.rename(project)
    (project / "condavision.toml").write_text('channels = ["interpreters:"]\npaths = ["a lïb"]\n')
    (project / "a lïb").mkdir()
    (project / "a lïb" / "helper.py").write_text("import yaml\n")
    away = bare_home.with_name("the hõme of all")
    bare_home.rename(away)
    monkeypatch.setenv("CONDAVISION_HOME", str(away))
    own = project / "bin"
    own.mkdir()
    command = own / "condavision"
    arguments = " ".join(CONDAVISION)
    command.write_text(f'#!/bin/sh\nexec {arguments} "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    yield InProcess(project)
    away.rename(bare_home)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="shebangs are POSIX's")
def test_a_script_that_names_condavision_as_its_interpreter(awkward: CommandLine) -> None:
    """`#!/usr/bin/env -S condavision run`, with and without a suffix, cold and warm."""
    code = (
        "#!/usr/bin/env -S condavision run\nimport sys, helper\nprint(sys.argv[1:])\nsys.exit(4)\n"
    )
    for name in ("the scrîpt.py", "the scrîpt"):
        (awkward.folder / name).write_text(code)
        (awkward.folder / name).chmod(0o755)
    locked = awkward("lock", ".", "--json").ok().json()
    assert sorted(one["script"] for one in locked) == ["the scrîpt", "the scrîpt.py"]
    for name in ("./the scrîpt.py", "./the scrîpt.py", "./the scrîpt"):
        ran = awkward.process([name, "a b", "--json", "ü"])
        assert (ran.out, ran.code) == ("['a b', '--json', 'ü']\n", 4), ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes")
def test_a_folder_whose_name_is_not_utf_8(command: CommandLine) -> None:
    folder = command.folder / "\udcff"
    folder.mkdir()
    (folder / "t.py").write_text("print('t')\n")
    (folder / "condavision.toml").write_text('channels = ["interpreters:"]\n')
    command("lock", "t.py", cwd=folder).ok()
    assert command("check", ".", cwd=folder).ok()
    assert command("run", "-q", "t.py", cwd=folder).ok().out == "t\n"


def test_a_module_that_no_folder_has(command: CommandLine) -> None:
    """One answer, with the way to a module of an installed package."""
    answers = [command(word, "-m", "gunicorn") for word in ("lock", "run")]
    assert all("$(condavision path --python YOUR-SCRIPT) -m gunicorn" in it.err for it in answers)
