"""`--cluster slurm:` with a real Slurm."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import dask
import pytest
import yaml

from condavision.cluster.queue_jobs import dask_jobqueue
from tests.cluster.processes import until
from tests.command_line import CONDAVISION, CommandLine, InProcess
from tests.interop.slurm import slurm  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # a Slurm, a scheduler, workers
MAP = ("map", "script.py", "in.jsonl", "-o")
INPUTS = 12
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "partition": ({"queue": "nope"}, "invalid partition specified: nope"),
    "time": ({"queue": "short"}, "slurm never starts what was submitted: job"),
    "processors": ({"cores": 99}, "slurm never starts what was submitted: job"),
    "memory": ({"memory": "1 TB"}, "Memory specification can not be satisfied"),
    "walltime": ({"walltime": "soon"}, "Invalid --time specification"),
    "nothing": ({"memory": None}, "the configuration of jobs lacks jobqueue.slurm.memory"),
    "type": ({"cores": "many"}, "jobqueue.slurm.cores is not a number: many"),
    "unit": ({"memory": "1 XB"}, "slurm cannot be used"),
    "name": ({"partition": "x", "queue": "nope"}, "slurm.partition is no setting of dask-jobqueue"),
    "python": ({"python": "/bin/false"}, "no job of slurm is left: job"),
}
JOBS: dict[str, object] = {
    "queue": "compute",
    "cores": 2,
    "processes": 1,
    "memory": "1 GB",
    "walltime": "00:10:00",
}


@pytest.fixture
def settings(
    slurm: None,  # noqa: F811
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A file of settings of dask-jobqueue, and a project with inputs."""
    folder = tmp_path / "dask"
    folder.mkdir()
    monkeypatch.setenv("DASK_CONFIG", str(folder))
    inputs: list[dict[str, object]] = [{"text": f"{number}"} for number in range(INPUTS)]
    inputs[3] = {"text": "writes", "write": "ä b.txt"}
    project.joinpath("in.jsonl").write_text("".join(f"{json.dumps(it)}\n" for it in inputs))
    return folder / "jobqueue.yaml"


def configure(settings: Path, **changed: object) -> None:
    settings.write_text(yaml.safe_dump({"jobqueue": {"slurm": {**JOBS, **changed}}}))


def rows(folder: Path) -> list[dict[str, object]]:
    found = [json.loads(it) for it in (folder / "results.jsonl").read_text().splitlines()]
    return [
        {name: it for name, it in row.items() if name not in {"seconds", "host"}} for row in found
    ]


def is_empty() -> bool:
    """Return whether Slurm has no job that waits, runs or ends."""
    return not subprocess.check_output(["squeue", "--noheader"]).strip()


def test_rows_are_those_of_one_machine(settings: Path, project: Path) -> None:
    configure(settings, **{"job-mem": "1M"})  # the limit that Slurm gives to Dask's worker
    command = CommandLine(project)
    installed = command("map", "script.py", "--install-only", "--json", "--cluster", "slurm:2")
    assert [*installed.ok().json()["hosts"].values()] == [None]
    until(is_empty)
    mapped = command(*MAP, "slurm", "--cluster", "slurm:2").ok()
    assert "Traceback" not in mapped.err
    until(is_empty)
    command(*MAP, "here").ok()
    assert rows(project / "slurm") == rows(project / "here")
    assert len(rows(project / "here")) == INPUTS


def test_a_job_that_waits_is_named_and_can_be_interrupted(settings: Path, project: Path) -> None:
    configure(settings, queue="down")
    said = project / "said"
    with (
        said.open("w") as stream,
        subprocess.Popen(
            [*CONDAVISION, *MAP, "out", "--cluster", "slurm:2"], cwd=project, stderr=stream
        ) as process,
    ):
        reason = "2 jobs are PENDING (PartitionDown); run `scontrol show job "
        until(lambda: process.poll() is not None or reason in said.read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(600) == 130
    until(is_empty)
    assert "interrupted" in said.read_text()
    assert "Traceback" not in said.read_text()
    configure(settings)
    CommandLine(project)(*MAP, "out", "--cluster", "slurm").ok()
    assert len(rows(project / "out")) == INPUTS


def test_what_cannot_run_is_an_error(settings: Path, project: Path) -> None:
    dask_jobqueue()  # has its defaults before they are changed
    for changed, said in WRONG.values():
        names = {f"jobqueue.slurm.{name}": it for name, it in {**JOBS, **changed}.items()}
        with dask.config.set(names):
            ended = InProcess(project)(*MAP, "out", "--cluster", "slurm:1")
        assert said in ended.err, changed
        assert ended.code == 1, changed
    until(is_empty)
