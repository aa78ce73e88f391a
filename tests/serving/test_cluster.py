"""`serve --cluster`: runs on workers, which are processes that see no folder of the server's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from condavision.errors import UsageError
from condavision.serving.options import Options
from condavision.serving.runs import RunState, RunStore
from condavision.serving.service import Service
from tests.cluster.processes import Cluster, until
from tests.cluster.test_dask_engine import processes_in
from tests.serving.conftest import serving
from tests.serving.test_lifetime import ASYNC, WAIT, ended, known
from tests.serving.test_requests import CASES, require_answer
from tests.serving.test_starting import until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.serving.conftest import Server

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

LARGE = os.urandom(100_000)


class Machines:
    """A cluster whose workers share a cache that is not the server's."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self._home = folder / "worker"
        self.cluster = Cluster(folder)

    def worker(self, *, hidden: bool = False, nanny: bool = False) -> None:
        """Start a worker, from which the runs of the server are ``hidden`` as on another machine.

        Only root can do that. With a ``nanny`` it starts again when it is killed.
        """
        wrapper: tuple[str, ...] = ()
        if hidden and not os.geteuid() and shutil.which("unshare"):
            alone = f'mount -t tmpfs none {self.state}; exec "$@"'
            wrapper = ("unshare", "-m", "sh", "-c", alone, "sh")
        home = str(self._home)
        self.cluster.worker(wrapper=wrapper, threads=2, nanny=nanny, CONDAVISION_HOME=home)

    def processes(self) -> list[int]:
        """Return the processes of runs."""
        return [*processes_in(self._home / "tasks"), *processes_in(self.state)]


@contextmanager
def machines(folder: Path) -> Iterator[Machines]:
    found = Machines(folder)
    try:
        yield found
    finally:
        found.cluster.close()


@contextmanager
def serving_on(found: Machines, folder: Path, **options: Any) -> Iterator[Server]:
    """Start a server, whose runs are executed by workers."""
    words = ("--cluster", found.cluster.address, "--ship-limit", "1", "--state", found.state)
    with serving(folder, *words, **options) as server:
        yield server


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(tmp_path_factory.mktemp("machines")) as found:
        found.worker(hidden=True)
        yield found


@pytest.fixture(scope="module")
def server(locked: Path, workers: Machines) -> Iterator[Server]:
    with serving_on(workers, locked, environ={"CONDAVISION_HOME": str(locked / "home")}) as found:
        yield found


@pytest.mark.slow  # a scheduler, a worker, a server
def test_runs_on_workers_are_those_of_one_machine(server: Server) -> None:
    for case in CASES:
        if case.method == "POST" and case.status in {200, 500, 502, 504}:
            require_answer(case, server)


@pytest.mark.slow  # the same
def test_what_travels_to_a_worker_and_back(server: Server) -> None:
    client = server.client
    found = client.post("/scripts/cat.py/runs", content=LARGE).json()
    assert client.get(f"{found['url']}/stdout").content == LARGE
    sent = client.post("/scripts/cat.py/runs", content=LARGE * 11)
    assert (sent.status_code, sent.json()["limit"]) == (413, 1_000_000)
    body = {"month": "5", "title": "files"}
    run = client.post(
        "/scripts/report.py/runs", data=body, files={"data": ("é.csv", b"1;\xc3\xa9")}
    )
    assert json.loads(run.json()["stdout"])["data"] == "1;é"
    (file,) = run.json()["files"]
    assert client.get(file["url"]).text == "month 5\n"
    written = {it["name"] for it in client.post("/scripts/writes.py/runs").json()["files"]}
    assert written == {"<img src=x>.html", "line\nfeed", "sub/sub/of it.txt"}


@pytest.mark.slow  # the same
def test_a_process_has_the_variables_of_its_worker(server: Server) -> None:
    answer = server.run("variables.py")
    variables, beside, folder, script = json.loads(answer.json()["stdout"])
    assert variables["CONDAVISION_RUN"] == answer.headers["Condavision-Run"]
    assert "CONDAVISION_HOME" not in variables
    assert beside == []
    assert folder.endswith("/work")
    assert script.endswith("/variables.py")


@pytest.mark.slow  # the same
def test_a_run_ends_on_its_worker(server: Server, workers: Machines) -> None:
    client = server.client
    url = client.post("/scripts/wait.py/runs", headers=ASYNC).headers["Location"]
    until(lambda: len(workers.processes()) == 1)
    (pid,) = workers.processes()
    until(lambda: Path(f"/proc/{pid}/fd/1").stat().st_size >= 12)  # all it prints
    assert client.get(url).json()["state"] == "running"
    report = client.delete(url).json()
    assert (report["state"], report["stdout"]) == ("cancelled", "started\n\N{EURO SIGN}\n")
    until_gone(pid)
    before = known(server)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client_that_goes:
        lines = ["POST /scripts/wait.py/runs HTTP/1.1", f"Host: {host}", "", ""]
        client_that_goes.sendall("\r\n".join(lines).encode())
        until(lambda: len(workers.processes()) == 1)
        (pid,) = workers.processes()
    (url,) = known(server) - before
    assert ended(server, url)["state"] == "cancelled"
    until_gone(pid)


@pytest.mark.slow  # the same
def test_more_runs_than_threads_wait(server: Server, workers: Machines) -> None:
    client = server.client
    urls = [
        client.post("/scripts/wait.py/runs", headers=ASYNC).headers["Location"] for _ in range(3)
    ]
    until(lambda: len(workers.processes()) == 2)
    states = [client.get(it).json()["state"] for it in urls]
    assert states == ["running", "running", "queued"]
    assert client.delete(urls[2]).json()["state"] == "cancelled"
    for url in urls[:2]:
        assert client.delete(url).json()["state"] == "cancelled"


def begin(server: Server, workers: Machines, script: str, run_id: str, *args: str) -> str:
    """Start a run, and return its address once its process is there."""
    before = {*workers.processes()}
    path = f"/scripts/{script}/runs/{run_id}"
    answer = server.client.put(path, json={"args": args}, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    until(lambda: bool({*workers.processes()} - before))
    return answer.headers["Location"]


@pytest.mark.slow  # two workers that die, a scheduler that does, a server
def test_workers_and_schedulers_die(project: Path, tmp_path: Path) -> None:
    with machines(tmp_path) as found:
        found.worker(nanny=True)
        address = found.cluster.address
        with serving_on(found, project) as server:
            client = server.client
            once = begin(server, found, "wait.py", "once")
            again = begin(server, found, "alone.py", "again", "--for-good")
            first = {*found.processes()}
            for pid in found.cluster.client.run(os.getpid).values():
                os.kill(pid, signal.SIGKILL)  # its nanny starts another
            answer = client.get(once, headers=WAIT).json()
            assert (answer["state"], answer["error"]) == (
                "interrupted",
                "the worker that ran it has ended",
            )
            assert client.put("/scripts/wait.py/runs/once").status_code == 503
            until(lambda: bool({*found.processes()} - first))
            assert client.get(again).json()["state"] == "running"

            once = begin(server, found, "wait.py", "lost")
            os.killpg(found.cluster.scheduler, signal.SIGKILL)
            answer = client.get(once, headers=WAIT).json()
            assert answer["state"] == "interrupted"
            assert "cannot be reached" in answer["error"]
            assert client.get("/health").is_success
            until(lambda: client.get("/ready").json()["status"] == "cluster-lost")
            refused = client.post("/scripts/echo.py/runs")
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
            assert address in refused.json()["detail"]
            for pid in found.processes():
                until_gone(pid)

            port = address.rpartition(":")[2]
            found.cluster.start(port)
            until(lambda: client.get("/ready").json()["status"] == "cluster-no-workers")
            waits = client.put("/scripts/echo.py/runs/waits", headers=ASYNC)
            assert client.get(waits.headers["Location"]).json()["state"] == "queued"
            found.worker()
            assert ended(server, waits.headers["Location"])["state"] == "done"
            until(lambda: len(found.processes()) == 1)  # of the run that may restart
            assert client.get("/ready").json()["cluster"]["threads"] == 2
            assert client.delete(again).json()["state"] == "cancelled"


@pytest.mark.slow  # a scheduler, a worker, two servers
def test_a_server_that_ends_leaves_nothing_behind(project: Path, tmp_path: Path) -> None:
    with machines(tmp_path) as found:
        found.worker()
        with serving_on(found, project) as server:
            once = begin(server, found, "wait.py", "once")
            again = begin(server, found, "alone.py", "again", "--for-good")
            queued = server.client.put("/scripts/alone.py/runs/queued", headers=ASYNC)
            killed = found.processes()
            server.end(signal.SIGKILL)
        for pid in killed:
            until_gone(pid)
        with serving_on(found, project) as server:
            assert ended(server, once)["state"] == "interrupted"
            until(lambda: len(found.processes()) == 1)
            assert server.client.get(again).json()["state"] == "running"
            assert server.client.delete(again).json()["state"] == "cancelled"
            assert ended(server, queued.headers["Location"])["stdout"] == "alone\n"
            begin(server, found, "wait.py", "stopped")
            (pid,) = found.processes()
            server.process.send_signal(signal.SIGTERM)
            until(lambda: is_stopping(server))
            assert server.end(signal.SIGTERM) == 0  # at once
        until_gone(pid)
        store = RunStore(found.state / "runs.sqlite")
        stopped = store.find("stopped")
        store.close()
        assert stopped is not None
        assert stopped.state is RunState.INTERRUPTED
        assert found.cluster.client.run_on_scheduler(claims) == 1  # of the killed server


def is_stopping(server: Server) -> bool:
    try:
        return bool(server.client.get("/ready").json()["status"] == "stopping")
    except httpx.TransportError:  # it takes no more connections
        return True


def claims(dask_scheduler: Any) -> int:
    """Return how many claims of runs a scheduler remembers."""
    return len(dask_scheduler.extensions["events"]._events)


@pytest.mark.parametrize("option", ["sandbox", "warm"])
def test_options_of_one_machine_are_refused(option: str, tmp_path: Path, bare_home: Path) -> None:
    sandbox, warm = option == "sandbox", option == "warm"
    with pytest.raises(UsageError, match=f"--{option}"):
        Service(Options((tmp_path,), cluster="tcp://127.0.0.1:1", sandbox=sandbox, warm=warm))
