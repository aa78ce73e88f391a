"""One task on this machine: what it is given, what it leaves, and how it ends."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cluster.job import describe
from condavision.cluster.task import File, Limits, Reason, Task
from condavision.cluster.worker import run_task
from condavision.exec_stage.child_process import Stop
from condavision.inference.workspace import Workspace
from tests.serving.test_starting import until_gone

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.cluster.task import Job, Outcome


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Callable[..., Outcome]:
    tmp_path.joinpath("running").mkdir()
    jobs: list[Job] = []
    script = project / "script.py"

    def run_one(
        *arguments: str, stdin: bytes | None = None, stop: Stop | None = None, **limits: Any
    ) -> Outcome:
        if limits or not jobs:
            jobs[:] = [describe(script, Workspace(), tmp_path / "running", Limits(**limits)).job]
        return run_task(jobs[0], Task(1, jobs[0].digest, arguments, stdin), stop)

    return run_one


def test_what_it_is_given_and_what_it_leaves(run: Callable[..., Outcome], tmp_path: Path) -> None:
    found = run("a b", "--exit", "3", stdin=b"in\n")
    assert (found.exit_code, found.reason, found.ok) == (3, None, False)
    assert found.stdout == File("stdout", 7, b"a b|in\n")
    assert found.stderr == File("stderr", 3, b"eee")
    assert found.host
    assert found.seconds > 0
    assert not found.folder
    assert run().stdout.content == b"None|\n"  # nothing is read from a terminal
    assert not any(tmp_path.joinpath("running").iterdir())


def test_files_and_large_output_stay_in_its_folder(run: Callable[..., Outcome]) -> None:
    found = run("x", "--write", "a.txt", "--size", "99", inline=50)
    folder = Path(found.folder)
    assert found.stdout == File("stdout", 102)
    assert found.stderr.content == b""
    assert found.files == (File("work/a.txt", 7),)
    assert sorted(it.name for it in folder.iterdir()) == ["stdout", "work"]
    assert folder.joinpath("stdout").read_bytes() == b"x|\n" + b"\xff" * 99


@pytest.mark.slow
def test_the_whole_group_ends_in_time(run: Callable[..., Outcome]) -> None:
    found = run("--family", "--sleep", "99", timeout=2, kill_after=0.01)
    assert (found.exit_code, found.reason) == (None, Reason.TIMEOUT)
    assert found.stdout.content is not None
    until_gone(int(found.stdout.content.split()[1]))


def test_a_request_to_stop_ends_it(run: Callable[..., Outcome], tmp_path: Path) -> None:
    stop = Stop()
    log = tmp_path / "log"

    def end_when_it_runs() -> None:
        while not log.exists():
            threading.Event().wait(0.01)
        stop.set()

    ending = threading.Thread(target=end_when_it_runs)
    ending.start()
    found = run("--log", str(log), "--sleep", "99", stop=stop)
    ending.join()
    assert (found.exit_code, found.reason, found.folder) == (None, Reason.CANCELLED, "")
    log.unlink()
    assert run("--log", str(log), stop=stop).reason is Reason.CANCELLED
    assert not log.exists()


def test_a_signal_is_an_exit_code(run: Callable[..., Outcome], project: Path) -> None:
    script = project / "script.py"
    script.write_text(f"import os, signal\nos.kill(os.getpid(), {signal.SIGKILL:d})\n")
    assert run().exit_code == -signal.SIGKILL


@pytest.mark.parametrize("name", ["script.py", "locks/.local/*.conda-lock.yml"])
def test_what_has_changed_meanwhile_is_not_run(
    name: str, run: Callable[..., Outcome], project: Path
) -> None:
    assert run().ok
    (edited,) = project.glob(name)
    with edited.open("a") as stream:
        stream.write("# edited\n")
    found = run()
    assert (found.exit_code, found.reason) == (None, Reason.NOT_INSTALLED)
    assert "script.py" in found.detail
