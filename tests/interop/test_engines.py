"""Exports for Snakemake and Slurm, run by a real Snakemake and a real Slurm, if there are any."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.interop.conftest import LockedProject

    MakeProject = Callable[[Mapping[str, str]], Path]

SNAKEFILE = """\
rule words:
    output: "words.txt"
    conda: "envs/words.yml"
    shell: "python words.py >{output}; command -v python >>{output}"
"""


@pytest.mark.slow
def test_snakemake_makes_the_environment_of_the_lock(project: LockedProject, conda: str) -> None:
    if shutil.which("snakemake") is None:
        pytest.skip("snakemake is not installed on this machine")
    if not conda.endswith("/conda"):
        pytest.skip("snakemake knows conda alone")
    project.lock("words.py", "linux-64", "win-64")
    command = project.command
    command("export", "words.py", "--format", "snakemake", "-o", "envs/words.yml").ok()
    (command.folder / "Snakefile").write_text(SNAKEFILE)
    ran = subprocess.run(
        ["snakemake", "words", "--cores", "1", "--sdm", "conda"],
        cwd=command.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    words, python = (command.folder / "words.txt").read_text().splitlines()
    assert "Using pinnings from" in ran.stderr
    assert words == "1,234,567 six"  # one from PyPI, one from conda
    assert python.startswith(str(command.folder / ".snakemake/conda"))


@pytest.mark.slow
def test_slurm_runs_a_task_for_each_line(
    make_project: MakeProject, home: Path, slurm: None
) -> None:
    script = "import six, sys\nprint(sys.argv[1:])\nsys.exit(3 * (sys.argv[-1] == 'bad'))\n"
    settings = {"condavision.toml": 'channels = ["interpreters:"]\n'}
    command = InProcess(make_project({**settings, "a b.py": script, "inputs": "one\nbad\n$x y"}))
    command("lock", "a b.py").ok()
    command("install", "a b.py").ok()
    command("export", "a b.py", "--format", "slurm", "-o", "ab.sbatch").ok()
    tools = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    submit = ["sbatch", "--wait", "--array=1-3", "--output=%a.out", "ab.sbatch", "inputs", "-v"]
    assert command.process(submit, environ=tools).code == 3  # the highest of the tasks
    found = [(command.folder / f"{task}.out").read_text() for task in (1, 2, 3)]
    assert found == ["['-v', 'one']\n", "['-v', 'bad']\n", "['-v', '$x y']\n"]
