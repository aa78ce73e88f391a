"""Notebooks in their locked environments, by real clients and kernels of Jupyter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from condavision.environments.activation import Activation
from condavision.environments.environment import Environment
from condavision.errors import UsageError
from condavision.exec_stage.kernel import (
    SPEC,
    kernel_name,
    kernels_folder,
    register,
    remove,
    spec_of,
)
from condavision.exec_stage.prepared import Activated
from condavision.system import extras
from tests.cli.test_json import require_valid
from tests.command_line import InProcess

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def notebook(*cells: str) -> str:
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
    found = [{**code, "execution_count": None, "source": cell} for cell in cells]
    words = {"cell_type": "markdown", "metadata": {}, "source": "# Words"}
    return json.dumps(
        {"cells": [words, *found], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    )


CELLS = (
    "import os, sys, helper\nprint(sys.prefix, os.environ['CONDA_PREFIX'], os.getcwd())",
    "print('e', file=sys.stderr)\n6 * 7",
)


@pytest.mark.slow  # installs ipykernel, and starts kernels
def test_a_notebook_is_executed_in_its_environment(command: CommandLine) -> None:
    folder = command.folder / "studies"
    folder.mkdir()
    (folder / "helper.py").write_text("")
    text = notebook(*CELLS)
    (folder / "n.ipynb").write_text(text)
    (folder / "bad.ipynb").write_text(notebook("print(1)", "1 / 0", "print(2)"))
    (folder / "lacking.ipynb").write_text(notebook("__import__('erehwon'[::-1])"))
    command("-q", "lock", "studies").ok()
    prefix = command("-q", "path", "studies/n.ipynb").ok().out.strip()

    ran = command("run", "studies/n.ipynb", "--output", "out.ipynb").ok()
    assert ran.out == f"{prefix} {prefix} {folder}\n"
    end = (
        "condavision: executed 2 cells of studies/n.ipynb; wrote out.ipynb\n"
        'condavision: `exclude = ["out.ipynb"]` at the top of condavision.toml keeps out.ipynb out'
        " of what `lock` and `check` read\n"
    )
    assert (ran.err[:2], ran.err[-len(end) :]) == ("e\n", end)
    assert (folder / "n.ipynb").read_text() == text
    written = json.loads((command.folder / "out.ipynb").read_text())["cells"]
    assert written[2]["outputs"][1]["data"] == {"text/plain": ["42"]}

    failed = command("run", "-o", "bad.ipynb", "studies/bad.ipynb")
    assert (failed.code, failed.out) == (1, "1\n")
    assert "bad.ipynb: cell 3: ZeroDivisionError: division by zero" in failed.err
    assert "----> 1 1 / 0" in failed.err
    assert "correct that cell" in failed.err
    written = json.loads((command.folder / "bad.ipynb").read_text())["cells"]
    assert [len(it.get("outputs", "-")) for it in written[1:]] == [1, 1, 0]

    failed = command("run", "studies/lacking.ipynb")
    assert "cell 2: ModuleNotFoundError: No module named 'nowhere'" in failed.err
    assert "`%pip install PACKAGE` to a cell, then run `condavision lock" in failed.err

    registered = ["kernel", "studies/n.ipynb", "--prefix", "jupyter", "--json"]
    document = command(*registered).ok().json()
    require_valid(document, "kernel")
    assert document["state"] == "registered"
    assert "choose the kernel `n (condavision)`" in command(*registered[:-1]).ok().err
    assert "run `condavision kernel studies/n.ipynb`" in command("vscode", "studies/n.ipynb").err
    specs = KernelSpecManager(kernel_dirs=[str(Path(document["folder"]).parent)])
    manager = KernelManager(kernel_name="n", kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready()
    shown: list[Any] = []
    client.execute_interactive(f"import sys, os\n{CELLS[0][23:]}", output_hook=shown.append)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    (output,) = (it["content"]["text"] for it in shown if it["msg_type"] == "stream")
    assert output.split()[:2] == [prefix, prefix]


@pytest.mark.slow  # solves ipykernel
def test_lock_says_what_running_a_notebook_needs(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command.folder / "n.ipynb").write_text(notebook("1"))
    in_process = InProcess(command.folder)
    assert "extra" not in in_process("lock", "n.ipynb").ok().err
    monkeypatch.setattr(extras, "_lacking", lambda _: "nbclient")
    locked = in_process("lock", "--upgrade", "n.ipynb").ok()
    assert "to run n.ipynb, the extra `notebook` is needed: run `" in locked.err
    assert "extra" not in in_process("lock", "n.ipynb").ok().err, "it is said of new locks"


USAGES: list[tuple[list[str], str]] = [
    (["run", "n.ipynb", "x"], "`x`: a notebook takes no arguments"),
    (["run", "n.ipynb", "--nope"], "no such option"),
    (["run", "-o", "x", "s.py"], "--output is for notebooks"),
    (["kernel"], "give a notebook or a script"),
    (["kernel", "s.py"], "run `condavision kernel --with ipykernel s.py`"),
    (["kernel", "--remove", "--prefix", "p", "s.py"], "there is no kernel"),
]


@pytest.mark.parametrize(("words", "said"), USAGES)
def test_wrong_usage(words: list[str], said: str, command: CommandLine) -> None:
    (command.folder / "n.ipynb").write_text(notebook("1"))
    command("lock", "s.py").ok()
    failed = command(*words)
    assert (failed.code, failed.out) == (2, "")
    assert said in failed.err


@pytest.fixture
def activated(tmp_path: Path) -> Activated:
    environment = Environment(tmp_path / "env", "", "linux-64")
    environment.python.parent.mkdir(parents=True)
    environment.python.touch(mode=0o755)
    path = f"{environment.python.parent}:"
    operations = (
        ("PATH", "PATH", "nonempty", path, "", f"={path}/bin"),
        ("SAMPLE", "", "", "", "", "=a $b"),
        ("PYTHONHOME", "", "", "", "", ""),
        ("BACKUP", "UNSET_HERE", "", "x", "", "keep"),
    )
    script = tmp_path / "My Study.ipynb"
    return Activated("n", script, environment, Activation(operations), (tmp_path / "lib",))


def test_a_spec_has_what_activation_sets(activated: Activated, tmp_path: Path) -> None:
    spec = spec_of(activated, "n")
    python = str(activated.environment.python)
    assert spec["argv"] == [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert spec["env"] == {
        "PATH": f"{activated.environment.python.parent}:${{PATH}}",
        "SAMPLE": "a $$b",
        "PYTHONHOME": "",
        "PYTHONPATH": str(tmp_path / "lib"),
    }


def test_a_kernel_belongs_to_its_script(activated: Activated, tmp_path: Path) -> None:
    assert activated.script is not None
    name = kernel_name(activated.script)
    assert name == "my-study"
    first = register(activated, tmp_path / "kernels", name)
    assert register(activated, tmp_path / "kernels", name) == first, "again"
    found = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")]).get_kernel_spec(name)
    assert found.display_name == "my-study (condavision)"
    with pytest.raises(UsageError, match="is the kernel of"):
        remove(tmp_path / "other.ipynb", tmp_path / "kernels", name)
    (tmp_path / "kernels" / "python3").mkdir()
    (tmp_path / "kernels" / "python3" / SPEC).write_text("{}")
    with pytest.raises(UsageError, match="is the kernel of something else"):
        register(activated, tmp_path / "kernels", "python3")
    with pytest.raises(UsageError, match="not a name"):
        register(activated, tmp_path / "kernels", "../x")
    remove(activated.script, tmp_path / "kernels", name)
    assert not first.folder.exists()


def test_the_users_folder_is_jupyters(clean_environment: None, tmp_path: Path) -> None:
    for variables in ({}, {"XDG_DATA_HOME": str(tmp_path)}, {"JUPYTER_DATA_DIR": str(tmp_path)}):
        code = "import jupyter_core.paths as p; print(p.jupyter_data_dir())"
        environ = {**os.environ, **variables}
        theirs = subprocess.check_output([sys.executable, "-c", code], env=environ, text=True)
        with pytest.MonkeyPatch.context() as patched:
            for name, value in variables.items():
                patched.setenv(name, value)
            assert kernels_folder() == Path(theirs.strip()) / "kernels"
