"""The engine of a Dask cluster, on workers that are threads of this process."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from distributed import LocalCluster
from distributed.comm import CommClosedError

from condavision.cluster import dask_connection, dask_workers
from condavision.cluster.dask_dispatcher import DaskDispatcher
from condavision.cluster.dask_engine import DaskEngine
from condavision.cluster.dask_workers import DaskWorkers
from condavision.cluster.engines import EngineOptions, open_engine
from condavision.cluster.task import File, Job, Limits, Reason, Task
from condavision.cluster.worker import run_task
from condavision.errors import CondavisionError
from condavision.inference.runnable import runnable
from condavision.inference.workspace import Workspace
from condavision.system.progress import Progress
from tests.cluster.processes import PATIENCE, until
from tests.command_line import InProcess
from tests.serving.test_starting import until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.cluster.task import Outcome


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler and two workers."""
    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=False, dashboard_address=":0", protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


class Mapped:
    """A script on a cluster."""

    def __init__(self, project: Path, address: str, running: Path, **options: Any) -> None:
        self.script = project / "script.py"
        self.workers = DaskWorkers(address, lambda: address, Progress())
        self.engine = DaskEngine(self.workers, **{"ship": False, "limit": 1000, **options})
        workspace = Workspace()
        self.engine.prepare(runnable(self.script, workspace), workspace, Progress())
        self.running = running
        self.limits = Limits(inline=100)

    def start(self, *arguments: str, **task: Any) -> Any:
        job = Job(str(self.script), "", "a", "b", str(self.running), limits=self.limits)
        return self.engine.submit(run_task, job, Task(3, job.digest, arguments, **task))

    def run(self, *arguments: str, **task: Any) -> Outcome:
        found: Outcome = self.start(*arguments, **task).result(PATIENCE)
        return found


@pytest.fixture
def mapped(project: Path, address: str, tmp_path: Path) -> Iterator[Callable[..., Mapped]]:
    opened: list[Mapped] = []

    def start(**options: Any) -> Mapped:
        opened.append(Mapped(project, address, tmp_path / "running", **options))
        return opened[-1]

    yield start
    for it in opened:
        it.engine.shutdown()
    shutil.rmtree(Path(os.environ["CONDAVISION_HOME"]) / "bundles", ignore_errors=True)


def test_a_task_is_the_same_as_on_this_machine(mapped: Callable[..., Mapped]) -> None:
    it = mapped()
    found = it.run("a b", "--exit", "3", stdin=b"in\n")
    assert (found.number, found.exit_code, found.reason) == (3, 3, None)
    assert found.stdout == File("stdout", 7, b"a b|in\n")
    assert found.stderr == File("stderr", 3, b"eee")
    assert found.host in it.engine.hosts
    assert it.engine.capacity >= 4
    large = it.run("x", "--write", "a.txt", "--size", "999")
    folder = Path(large.folder)
    assert folder.is_relative_to(it.running)  # it is shared
    assert large.files == (File("work/a.txt", 7),)
    assert folder.joinpath("stdout").stat().st_size == large.stdout.size > 999


def apart(it: Mapped) -> None:
    """Let workers not see the folder of a job as shared."""
    it.running.mkdir()
    it.engine.dispatcher._mark = lambda _: "absent"  # type: ignore[assignment, method-assign]


def test_what_was_written_comes_back_where_nothing_is_shared(
    mapped: Callable[..., Mapped],
) -> None:
    it = mapped(limit=2000)
    apart(it)
    found = it.run("x", "--write", "a.txt", "--size", "999")
    folder = Path(found.folder)
    assert folder.parent == it.running
    assert folder.joinpath("work", "a.txt").read_text() == "written"
    assert folder.joinpath("stdout").read_bytes() == b"x|\n" + b"\xff" * 999
    assert found.stdout.content is None
    assert not it.run("x").folder
    large = it.run("x", "--size", "2000")
    assert (large.exit_code, large.reason) == (None, Reason.TOO_LARGE)
    assert f"what input {large.number} wrote" in large.detail
    tasks = Path(os.environ["CONDAVISION_HOME"], "tasks")
    left = [path.name for folder in tasks.iterdir() if folder.is_dir() for path in folder.iterdir()]
    assert {*left} <= {"shared"}


def test_files_go_with_a_task(mapped: Callable[..., Mapped], tmp_path: Path) -> None:
    script = Path(__file__).with_name("script.py")
    first, second = tmp_path / "a" / "in.csv", tmp_path / "b" / "in.csv"
    for path in (first, second):
        path.parent.mkdir()
        path.write_text(str(path))
    it = mapped(ship=True, limit=1000)
    found = it.run(str(first), files=(str(first), str(second)))
    assert found.stdout.content is not None
    name, _, _ = found.stdout.content.decode().partition("|")
    assert (Path(name).name, name == str(first)) == ("in.csv", False)
    assert not Path(name).exists()
    large = it.run("x", files=(str(script),))
    assert large.reason is Reason.TOO_LARGE
    assert f"the files of input {large.number}" in large.detail
    assert it.run("x", files=("/gone",)).reason is Reason.FILE_MISSING
    assert mapped().run("x", files=("/gone",)).detail == "/gone"


def test_which_paths_are_of_files_to_ship(project: Path, address: str) -> None:
    """Parameters that take a file, and inputs that are files; words are the script's business."""
    path = project / "a.csv"
    path.write_text("1,2")
    for value in ({"table": path.name}, {"args": [f"--table={path}"]}, {"args": ["--table", path]}):
        with project.joinpath("in.jsonl").open("a") as stream:
            stream.write(f"{json.dumps(value, default=str)}\n")
    command = InProcess(project)
    words = ("map", "-q", "script.py", "--cluster", address, "--ship", "-o")

    def places(out: str, *more: str) -> list[str]:
        command(*words, out, *more).ok()
        rows = (project / out / "results.jsonl").read_text().splitlines()
        printed = [json.loads(it)["stdout"].splitlines()[1].partition(":") for it in rows]
        assert [content for _, _, content in printed] == ["1,2"] * len(rows)
        return [place for place, _, _ in printed]

    shipped, *not_shipped = places("json", "in.jsonl")
    assert Path(shipped).name == path.name
    assert not Path(shipped).exists()
    assert not_shipped == [str(path)] * 2
    project.joinpath("x.txt").write_text("x\n")
    assert places("fixed", "x.txt", "--each", "line", "--", f"--table={path}") == [str(path)]


INPUTS: tuple[dict[str, Any], ...] = (
    {"text": "plain"},
    {"text": "ü \N{SNOWMAN}\ud83d\ude00", "stdin": "é\n"},
    {"text": "large", "size": 70_000},
    {"text": "bytes", "size": 3},
    {"text": "fails", "exit": 3},
    {"text": "writes", "write": "ä b.txt"},
    {"args": ["raw", "--write", "a.txt", "--exit", "1"]},
    {"text": "slow", "sleep": 0.2},
)


@pytest.mark.slow  # three maps
def test_bytes_of_results_do_not_depend_on_the_engine(
    project: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.joinpath("in.jsonl").write_text("".join(f"{json.dumps(it)}\n" for it in INPUTS * 2))
    command = InProcess(project)

    def results(name: str, *options: str) -> dict[str, bytes]:
        """Return the content of every file of the results, rows without what depends on a run."""
        assert command("map", "-q", "script.py", "in.jsonl", "-o", name, *options).code == 1
        folder = project / name
        files = (it for it in folder.rglob("*") if it.is_file() and ".map" not in it.parts)
        found = {str(it.relative_to(folder)): it.read_bytes() for it in files}
        rows = found["results.jsonl"]
        found["results.jsonl"] = re.sub(rb', "seconds": [0-9.]+, "host": "[^"]*"}', b"", rows)
        return found

    here = results("one", "--jobs", "1")
    assert len(here) == 1 + 2 * 4
    assert here == results("many", "--jobs", "8")
    assert here == results("dask", "--cluster", address)
    monkeypatch.setattr(DaskDispatcher, "_mark", lambda *_: "absent")
    assert here == results("apart", "--cluster", address)


@pytest.mark.slow
def test_all_tasks_end_at_once(mapped: Callable[..., Mapped], tmp_path: Path) -> None:
    it = mapped()
    log = tmp_path / "log"
    running = [it.start("x", "--log", str(log), "--sleep", "99", "--family") for _ in range(6)]
    until(lambda: log.exists() and len(log.read_text().splitlines()) == 4)
    it.engine.cancel_all()
    for each in [*running, it.start("late")]:
        assert each.result(PATIENCE).reason is Reason.CANCELLED
    for pid in processes_in(it.running):
        until_gone(pid)


def test_tasks_end_with_their_client(mapped: Callable[..., Mapped], tmp_path: Path) -> None:
    it = mapped()
    log = tmp_path / "log"
    lost = it.start("x", "--log", str(log), "--sleep", "99")
    until(log.exists)
    (pid,) = processes_in(it.running)
    it.workers.client.close()
    assert lost.exception(PATIENCE) is not None
    until_gone(pid)


def processes_in(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                cwd = process.joinpath("cwd").readlink()
            except OSError:
                continue
            if cwd.is_relative_to(folder):
                found.append(int(process.name))
    return found


def test_the_environment_is_prepared_on_every_worker(mapped: Callable[..., Mapped]) -> None:
    it = mapped()
    assert it.engine.install(None) == dict.fromkeys(it.engine.hosts)


def options(cluster: str) -> EngineOptions:
    return EngineOptions(cluster, jobs=None, ship=False, limit=0)


def test_another_version_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "__version__", "99")
    with pytest.raises(CondavisionError, match=r"it has condavision 0.*, and this is 99"):
        open_engine(options(address), Progress())


def test_a_worker_that_ends_while_it_is_asked_is_not_refused(mapped: Callable[..., Mapped]) -> None:
    workers = mapped().workers
    for worker in workers.client.nthreads():
        workers.refuse(worker, CommClosedError("the connection has been closed"))
    assert workers.allowed is None
    assert not workers.refused


WRONG = {
    "host:8786": "not the address",
    "tcp": "not the address",
    "slurm:": "number of jobs",
    "slurm:x": "number of jobs",
    "ssh:": "no host",
    "tcp://127.0.0.1:1": "cannot be used",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items())
def test_a_cluster_that_cannot_be_used(
    text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_connection, "_CONNECT", 1.0)
    with pytest.raises(CondavisionError, match=why):
        open_engine(options(text), Progress())
