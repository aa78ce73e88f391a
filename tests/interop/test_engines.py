"""Exports for Snakemake and Slurm, run by a real Snakemake and a real Slurm, if there are any."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, InProcess
from tests.interop.conftest import PINNED
from tests.pages import blocks, in_sh, play, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.interop.conftest import LockedProject

    MakeProject = Callable[[Mapping[str, str]], Path]

CLEAN = """\
import sys, humanize, six
print(humanize.intcomma(int(open(sys.argv[1]).read())), six.__name__, sys.prefix)
"""
EXPORTED = shown("docs/howto/snakemake.md", "condavision export")
SNAKEFILE = shown("docs/howto/snakemake.md", 'conda: "envs/clean.yml"')
ITS_OWN = shown("docs/howto/snakemake.md", "condavision run")
STARTED = shown("docs/howto/snakemake.md", "snakemake --cores")
SUBMITTED = shown("docs/howto/slurm.md", "sbatch --wait")
CLUSTER = "docs/howto/cluster.md"
MAPPED = shown("docs/howto/cluster.md", "--cluster slurm:2")


@pytest.fixture
def workflow(project: LockedProject) -> CommandLine:
    """The workflow of the page, and a rule for all that it makes."""
    command = project.command
    if shutil.which("snakemake") is None:
        pytest.skip("snakemake is not installed on this machine")
    (command.folder / "clean.py").write_text(f"{PINNED}{CLEAN}")
    (command.folder / "raw").mkdir()
    (command.folder / "raw" / "a.csv").write_text("1234567")
    in_sh(EXPORTED.replace("osx-arm64", "win-64"), command).ok()  # a platform of the channel
    return command


def _cleaned(command: CommandLine, rule: str) -> tuple[list[str], str]:
    target = 'rule all:\n    input: "clean/a.csv"\n'
    (command.folder / "Snakefile").write_text(target + rule)
    ran = in_sh(STARTED, command).ok()
    return (command.folder / "clean" / "a.csv").read_text().split(), ran.err


@pytest.mark.slow
def test_snakemake_makes_the_environment_of_the_lock(workflow: CommandLine, conda: str) -> None:
    if not conda.endswith("/conda"):
        pytest.skip("snakemake knows conda alone")
    (number, six, prefix), said = _cleaned(workflow, SNAKEFILE)
    assert "Using pinnings from" in said
    assert (number, six) == ("1,234,567", "six")  # one from PyPI, one from conda
    assert prefix.startswith(str(workflow.folder / ".snakemake/conda"))


@pytest.mark.slow
def test_a_rule_of_snakemake_uses_the_environment_of_condavision(workflow: CommandLine) -> None:
    (number, six, prefix), _ = _cleaned(workflow, ITS_OWN)
    assert (number, six) == ("1,234,567", "six")
    assert prefix == workflow("path", "clean.py").ok().out.strip()


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


@pytest.mark.slow
def test_what_the_pages_show_on_slurm(
    make_project: MakeProject, home: Path, slurm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = CommandLine(make_project({}), merged=True)
    monkeypatch.setenv("DASK_CONFIG", str(command.folder / "~/.config/dask"))
    assert play("docs/howto/slurm.md", command) > 1
    others = [it for it in blocks(CLUSTER) if it.text != MAPPED]
    assert play(CLUSTER, command, others) == 1
