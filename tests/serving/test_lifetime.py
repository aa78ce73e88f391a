"""Runs that nobody waits for, that are cancelled, that outlive their client or their server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.serving.conftest import Server

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

ASYNC = {"Prefer": "respond-async"}
WAIT = {"Prefer": "wait=600"}


def begin(server: Server, script: str, run_id: str, **body: Any) -> str:
    """Start a run that nobody waits for, and return its address once it has written."""
    path = f"/scripts/{script}/runs/{run_id}"
    answer = server.client.put(path, json=body, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    url = answer.headers["Location"]
    next(events(server, url))
    return url


def events(server: Server, url: str, last: str = "") -> Iterator[dict[str, str]]:
    """Yield the events of a run."""
    with server.client.stream("GET", f"{url}/events", headers={"Last-Event-ID": last}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "data" in event:
                yield event
                event = {}


def ended(server: Server, url: str) -> dict[str, Any]:
    """Return the report of a run that has ended."""
    report: dict[str, Any] = server.client.get(url, headers=WAIT).json()
    return report


def test_a_run_that_nobody_waits_for(server: Server) -> None:
    answer = server.client.post("/scripts/echo.py/runs", json={"args": ["a"]}, headers=ASYNC)
    assert answer.status_code == 202
    report = ended(server, answer.headers["Location"])
    assert (report["state"], report["stdout"]) == ("done", '[["a"], ""]\n')
    (latest, *_) = server.client.get("/scripts/echo.py/runs").json()["runs"]
    assert latest["id"] == report["id"]


def test_events_resume_and_end_with_a_cancelled_run(server: Server) -> None:
    url = begin(server, "wait.py", "events")
    text, last = "", ""
    for event in events(server, url):
        text += json.loads(event["data"])
        last = event["id"]
        if "\N{EURO SIGN}\n" in text:
            break
    assert text == "started\n\N{EURO SIGN}\n"
    first = next(events(server, url, "8-0"))
    assert json.loads(first["data"]) == "\N{EURO SIGN}\n"
    for wrong in ("9" * 5000, "-", "8-x"):
        assert json.loads(next(events(server, url, wrong))["data"]).startswith("started")
    assert server.client.get(url).json()["state"] == "running"
    assert server.client.delete(url).json()["state"] == "cancelled"
    (event,) = events(server, url, last)
    assert event["event"] == "end"
    assert json.loads(event["data"])["exit_code"] == -signal.SIGTERM
    assert server.client.delete(url).json()["state"] == "cancelled"


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_a_run_ends_with_the_client_that_waits(accept: str, server: Server) -> None:
    before = known(server)
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        lines = ["POST /scripts/wait.py/runs HTTP/1.1", f"Host: {host}", f"Accept: {accept}"]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        while not (fresh := known(server) - before):
            pass
        (url,) = fresh
        next(events(server, url))
    assert ended(server, url)["state"] == "cancelled"


def known(server: Server) -> set[str]:
    return {run["url"] for run in server.client.get("/scripts/wait.py/runs").json()["runs"]}


def test_one_id_at_once_runs_once(server: Server) -> None:
    def put(_: int) -> httpx.Response:
        return server.client.put("/scripts/echo.py/runs/at-once", json={})

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(put, range(8))]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum(line.get("run") == "at-once" for line in server.log) == 1


@pytest.mark.slow
def test_nothing_is_lost_with_the_server(project: Path) -> None:
    """A queued run, one that may be started again, and one that may not; then a killed server."""
    with serving(project) as server:
        waiting = begin(server, "wait.py", "waits")
        again = begin(server, "alone.py", "again", args=["--for-good"])
        answer = server.client.put("/scripts/alone.py/runs/queued", headers=ASYNC)
        assert server.client.get("/runs/queued").json()["state"] == "queued"
        server.end(signal.SIGKILL)
    with serving(project) as server:
        assert ended(server, waiting)["state"] == "interrupted"
        next(events(server, again))
        assert server.client.put("/scripts/wait.py/runs/waits").json()["state"] == "interrupted"
        assert server.client.get("/runs/queued").json()["state"] == "queued"
        assert server.client.delete(again).json()["state"] == "cancelled"
        assert ended(server, answer.headers["Location"])["stdout"] == "alone\n"
        assert working_below(project) == []


def working_below(folder: Path) -> list[str]:
    """Return the scripts of a folder that a process runs."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            words = map(os.fsdecode, file.read_bytes().split(b"\0"))
            found += [it for it in words if it.startswith(f"{folder}/scripts/")]
    return found


@pytest.mark.slow
def test_a_server_that_is_to_stop_lets_runs_end(project: Path) -> None:
    with (project / "condavision.toml").open("a") as file:
        file.write("[serve]\ngrace = 0.3\nconcurrency = 2\nqueue = 1\n")
    with serving(project) as server, ThreadPoolExecutor(1) as pool:
        url = begin(server, "wait.py", "interrupted")
        future = pool.submit(server.client.put, "/scripts/wait.py/runs/waited-for")
        while not server.client.get("/runs/waited-for").is_success:
            pass
        assert server.client.post("/scripts/echo.py/runs", headers=ASYNC).status_code == 202
        refused = server.client.post("/scripts/echo.py/runs")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert server.end() == 0
        assert future.result().status_code == 503
        assert future.result().json()["state"] == "interrupted"
    with serving(project) as server:
        assert ended(server, url)["state"] == "interrupted"
        (left,) = server.client.get("/scripts/echo.py/runs").json()["runs"]
        assert ended(server, left["url"])["state"] == "done"


AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.mark.slow
def test_systemd_passes_the_socket_and_is_told(project: Path, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
        socket.create_server(("127.0.0.1", 0)) as passed,
    ):
        told.bind(str(tmp_path / "notify"))
        number = passed.fileno()
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        wrapper = (sys.executable, "-c", AS_SYSTEMD, str(number))
        with serving(project, environ=environ, wrapper=wrapper, pass_fds=[number]) as server:
            assert server.url.endswith(f":{passed.getsockname()[1]}")
            assert told.recv(100) == b"READY=1"
            assert server.client.get("/health").status_code == 200
            assert server.end() == 0
            assert told.recv(100) == b"STOPPING=1"
