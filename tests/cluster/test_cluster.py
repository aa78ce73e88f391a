"""`map` on a scheduler and workers that are processes, of another Python, and that die."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from condavision.interpreters.discovery import discover
from tests.cluster.processes import Cluster, until
from tests.cluster.test_dask_engine import processes_in
from tests.command_line import CONDAVISION, CommandLine
from tests.serving.test_starting import until_gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


REPOSITORY = Path(__file__).parents[2]
KILLS = 3
INPUTS = 60


@pytest.fixture(scope="session")
def other_python(
    once: Callable[[str, Callable[[Path], None]], Path], known_interpreters: Path
) -> Path:
    """A Python of another version that has condavision; this one if there is none."""
    mine = sys.version_info[:2]
    others = [it for it in discover(known_interpreters) if (3, 11) <= it.minor != mine]
    found = max(others, key=lambda it: it.minor, default=None)
    if found is None:
        return Path(sys.executable)

    def make(folder: Path) -> None:
        uv = str(find_uv_bin())
        subprocess.run(
            [uv, "venv", "-q", "--python", str(found.executable), str(folder / "venv")], check=True
        )
        python = str(folder / "venv" / "bin" / "python")
        install = [uv, "pip", "install", "-q", "--python", python, "-e", f"{REPOSITORY}[cluster]"]
        subprocess.run(install, check=True)

    return once("other-python", make) / "venv" / "bin" / "python"


@pytest.fixture
def cluster(project: Path, tmp_path: Path) -> Iterator[Cluster]:
    found = Cluster(tmp_path)
    yield found
    found.close()


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(it) for it in (folder / "out" / "results.jsonl").read_text().splitlines()]


def write_inputs(folder: Path, inputs: list[dict[str, object]]) -> None:
    folder.joinpath("in.jsonl").write_text("".join(f"{json.dumps(it)}\n" for it in inputs))


@pytest.mark.slow  # a scheduler and workers, of another Python, which start again and again
def test_every_input_has_a_row_whatever_dies(
    cluster: Cluster, project: Path, other_python: Path, tmp_path: Path
) -> None:
    home = str(tmp_path / "worker")  # of a machine that has nothing
    for python in (other_python, sys.executable):
        cluster.worker(python, nanny=True, CONDAVISION_HOME=home)
    log = project / "log"
    inputs: list[dict[str, object]] = [
        {"text": f"{number}", "log": str(log), "sleep": 0.02} for number in range(INPUTS)
    ]
    inputs[7] = {"text": "poison", "kill": True}
    write_inputs(project, inputs)
    command = [*CONDAVISION, "map", "script.py", "in.jsonl", "-o", "out", "--json"]
    with subprocess.Popen(
        [*command, "--cluster", cluster.address],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(KILLS):
            before = log.stat().st_size if log.exists() else 0
            ran = before + random.randrange(60)  # bytes, three for each run
            while process.poll() is None and (log.stat().st_size if log.exists() else 0) <= ran:
                time.sleep(0.01)
            cluster.kill_one()
        out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    found = rows(project)
    assert [it["input"] for it in found] == inputs
    assert [it.get("reason") for it in found].count(None) == INPUTS - 1
    assert found[7]["reason"] == "worker-lost"
    document = json.loads(out)
    assert document["set_aside"] == [8]
    (lost,) = document["lost_workers"]
    assert lost["host"] == socket.gethostname()
    assert lost["workers"] >= 4  # the scheduler gives an input that kills them to as many
    assert lost["inputs"] >= 4
    assert set(log.read_text().splitlines()) == {it["text"] for it in inputs} - {"poison"}


@contextmanager
def mapping(project: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    """Start a map on a cluster, and wait until one input has a row and others run."""
    words = ("map", "script.py", "in.jsonl", "-o", "out", "--cluster", address)
    with subprocess.Popen(
        [*CONDAVISION, *words], cwd=project, stderr=subprocess.PIPE, text=True
    ) as process:
        results = project / "out" / "results.jsonl"
        until(lambda: results.exists() and rows(project) != [])
        until(lambda: processes_in(project / "out") != [])
        yield process


@pytest.mark.slow  # two schedulers, a worker of each
def test_a_map_resumes_that_was_interrupted_or_lost_its_scheduler(
    project: Path, tmp_path: Path
) -> None:
    inputs: list[dict[str, object]] = [
        {"text": f"{number}", "sleep": number * 99} for number in range(3)
    ]
    write_inputs(project, inputs)
    with ExitStack() as ending:
        one = Cluster(tmp_path)
        ending.callback(one.close)
        one.worker()
        with mapping(project, one.address) as process:
            process.send_signal(signal.SIGINT)
            assert process.wait(600) == 130
        for pid in processes_in(project / "out"):
            until_gone(pid)
        assert len(rows(project)) == 1
        with mapping(project, one.address) as process:
            os.killpg(one.scheduler, signal.SIGKILL)
            err = process.communicate(timeout=600)[1]
        assert process.returncode == 1
        assert "the same command then runs what is left" in err
        assert "Traceback" not in err
        for pid in processes_in(project / "out"):
            until_gone(pid)
    write_inputs(project, [inputs[0], *({**it, "sleep": 0} for it in inputs[1:])])
    with ExitStack() as ending:
        other = Cluster(tmp_path)
        ending.callback(other.close)
        other.worker()
        words = ("map", "script.py", "in.jsonl", "-o", "out", "--cluster", other.address, "--json")
        assert CommandLine(project)(*words).ok().json()["earlier"] == 1
    assert len(rows(project)) == 3


@pytest.mark.slow  # a scheduler and two workers
def test_workers_that_cannot_run_tasks_are_left_out(
    cluster: Cluster, project: Path, tmp_path: Path
) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    hidden = "import sys\nsys.modules['condavision'] = None\n"
    lacking.joinpath("sitecustomize.py").write_text(hidden)
    cluster.worker(PYTHONPATH=str(lacking))
    write_inputs(project, [{"text": f"{number}"} for number in range(9)])
    command = CommandLine(project)
    words = ("map", "script.py", "in.jsonl", "-o", "out", "--cluster", cluster.address)
    none = command(*words)
    assert none.code == 1
    assert "condavision is not installed there" in none.err
    assert "Traceback" not in none.err
    cluster.worker()
    some = command(*words).ok()
    assert "is not used: condavision is not installed there" in some.err
    assert len(rows(project)) == 9
    installed = command("map", "script.py", "--install-only", "--cluster", cluster.address)
    assert installed.code == 1


@pytest.mark.slow  # a scheduler and two workers
@pytest.mark.skipif(not shutil.which("setarch"), reason="no machine is of another platform")
def test_a_worker_of_another_platform_is_left_out(cluster: Cluster, project: Path) -> None:
    cluster.worker(wrapper=("setarch", "i686"))
    write_inputs(project, [{"text": f"{number}"} for number in range(9)])
    command = CommandLine(project)
    words = ("map", "script.py", "in.jsonl", "-o", "out", "--cluster", cluster.address)
    none = command(*words)
    assert none.code == 73
    assert re.search(r"the lock of script.py is for linux-[^,]+, not for linux-i686", none.err)
    cluster.worker()
    some = command(*words).ok()
    assert "is not used: the lock of script.py is for" in some.err
    assert len(rows(project)) == 9


NETWORK = "10.213.77"
HOSTS = ("condavision-a", "condavision-b")


@pytest.fixture
def hosts() -> Iterator[tuple[str, ...]]:
    """Network namespaces that reach this one, and each other through it."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("only root makes hosts")
    with ExitStack() as ending:
        for number, name in enumerate(HOSTS):
            inside, outside = f"cva{number}", f"cvb{number}"
            ending.callback(subprocess.run, ["ip", "netns", "del", name], check=False)
            here, there = f"{NETWORK}.{4 * number + 1}/30", f"{NETWORK}.{4 * number + 2}/30"
            for line in (
                f"netns add {name}",
                f"link add {outside} type veth peer name {inside} netns {name}",
                f"addr add {here} dev {outside}",
                f"link set {outside} up",
                f"-n {name} addr add {there} dev {inside}",
                f"-n {name} link set {inside} up",
                f"-n {name} link set lo up",
                f"-n {name} route add default via {here.partition('/')[0]}",
            ):
                if subprocess.run(
                    ["ip", *line.split()], capture_output=True, check=False
                ).returncode:
                    pytest.skip("this machine makes no hosts")
        yield HOSTS


@pytest.mark.slow  # a scheduler, and a worker on each of two hosts
def test_hosts_that_share_no_folder(hosts: tuple[str, ...], project: Path, tmp_path: Path) -> None:
    table = tmp_path / "project" / "table.csv"
    table.write_text("1,2\n")
    found = Cluster(tmp_path, f"{NETWORK}.1")
    try:
        for name in hosts:
            home = tmp_path / name
            home.mkdir()
            alone = f'hostname {name}; mount -t tmpfs none {project}; exec "$@"'
            wrapper = ("ip", "netns", "exec", name, "unshare", "-m", "-u", "sh", "-c", alone, "sh")
            found.worker(wrapper=wrapper, CONDAVISION_HOME=str(home))
        write_inputs(
            project,
            [{"text": f"{number}", "write": "a.txt", "size": 70_000} for number in range(12)],
        )
        command = CommandLine(project)
        words = ("map", "script.py", "in.jsonl", "-o", "out", "--cluster", found.address)
        assert {*command(*words, "--json").ok().json()["hosts"]} == {*hosts}
        for number, row in enumerate(rows(project)):
            assert row["files"] == [f"files/0/{number + 1}/work/a.txt"]
            folder = project / "out" / "files" / "0" / f"{number + 1}"
            assert (folder / "work" / "a.txt").read_text() == "written"
            assert (folder / "stdout").stat().st_size > 70_000
        words = ("map", "script.py", table.name, "-o", "shipped", "--cluster", found.address)
        assert "1 whose file was missing" in command(*words).out
        assert "1 succeeded" in command(*words, "--ship", "--failed").ok().out
    finally:
        found.close()
