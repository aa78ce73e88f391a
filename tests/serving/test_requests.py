"""A table of requests and their answers."""

from __future__ import annotations

import json
import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.serving.conftest import PATIENCE

if TYPE_CHECKING:
    from tests.serving.conftest import Server

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")


@dataclass(frozen=True)
class Case:
    """A request, the status of its answer, and what is in it: members, or a text."""

    method: str
    path: str
    status: int
    found: Any = None
    sent: dict[str, Any] = field(default_factory=dict)


def post(script: str, status: int, found: Any = None, **sent: Any) -> Case:
    name, mark, query = script.partition("?")
    return Case("POST", f"/scripts/{name}/runs{mark}{query}", status, found, sent)


def typed(kind: str, content: bytes | str) -> dict[str, Any]:
    return {"headers": {"Content-Type": kind}, "content": content}


TEXT = {"headers": {"Accept": "text/csv"}}
LARGE = "x" * (1 << 20)

CASES = [
    Case("GET", "/health", 200, {"status": "ok"}),
    Case("GET", "/nothing", 404, {"hints": ["see /scripts, /runs and /docs"]}),
    Case("GET", "/runs", 200),
    Case("PATCH", "/scripts", 405),
    Case("POST", "/scripts/echo.py", 405, {"hints": [
        "to run a script: POST /scripts/echo.py/runs", "see /docs"]}),
    Case("GET", "/scripts/echo.py", 200, {"state": "ready", "script": "echo.py"}),
    Case("GET", "/scripts/variabel.py", 404, {"hints": [
        "similar names: variables.py", "see /scripts"]}),
    Case("GET", "/scripts/cat", 404, {"hints": ["similar names: cat.py", "see /scripts"]}),
    Case("GET", "/scripts/../condavision.toml", 404),
    Case("GET", "/scripts/%2e%2e/condavision.toml", 404),
    Case("GET", "/scripts/unlocked.py", 200, {"state": "refused"}),
    Case("GET", "/runs/none", 404, {"detail": "no run none"}),
    Case("DELETE", "/runs/none", 404),
    Case("GET", "/runs/none/events", 404),
    # what a script is given
    post("echo.py", 200, {"stdout": '[[], ""]\n', "exit_code": 0, "state": "done"}),
    post("echo.py", 200, {"stdout": '[["a b", "$X", ""], "in"]\n'}, json={
        "args": ["a b", "$X", ""], "stdin": "in"}),
    post("echo.py", 200, {"stdout": '[["a"], ""]\n'}, **typed(
        "application/x-www-form-urlencoded", '{"args": ["a"]}')),
    post("echo.py", 200, {"stdout": '[["a", "b"], ""]\n'}, data={"args": ["a", "b"]}),
    post("echo.py", 200, {"stdout": '[[], "raw"]\n'}, **typed("text/plain", "raw")),
    post("echo.py?args=a&args=b", 200, {"stdout": '[["a", "b"], "raw"]\n'}, content="raw"),
    post("echo.py", 200, {"stdout": '[["a"], "file"]\n'}, data={"args": "a"},
         files={"stdin": ("x.txt", b"file")}),
    post("report.py", 200, {"arguments": ["--rate=0.5", "--verbose", "5"]}, json={
        "month": 5, "rate": 0.5, "verbose": 1}),
    post("report.py", 200, {"arguments": ["--tags", "a", "b", "--", "5"]}, data={
        "month": "5", "tags": ["a", "b"]}),
    post("report.py", 422, {"parameter": "mont", "problems": [
        {"parameter": "mont", "detail": "unknown parameter mont; did you mean month?",
         "near": ["month"]},
        {"parameter": "month", "detail": "month is required"}]}, json={"mont": 5}),
    post("report.py", 422, {"parameter": "month"}, json={"month": "5"}),
    post("report.py", 422, {"parameter": "month"}, data={"month": "May"}),
    post("below/inner.py", 200, {"stdout": "inner\n"}),
    post("relative/main.py", 200, {"stdout": "relative\n"}),
    # what it answers
    post("cat.py", 200, "a\0b", content=b"a\0b", headers={"Accept": "application/octet-stream"}),
    post("cat.py", 200, "", **TEXT),
    post("fail.py", 200, {"exit_code": 3, "stderr": "why\n", "state": "done"}),
    post("fail.py", 500, {"exit_code": 3, "stderr": "why\n"}, **TEXT),
    post("late.py", 504, {"state": "timeout", "stdout": "so far\n"}),
    post("much.py", 502, {"state": "output-limit"}),
    post("offline.py", 503, {"hints": ["start the server with `--sandbox`"]}),
    # what it cannot be
    post("none.py", 404),
    post("unlocked.py", 409, {"detail": "scripts/unlocked.py has no lock", "hints": [
        "run `condavision lock scripts/unlocked.py`"]}),
    post("stale.py", 409, {"hints": ["run `condavision lock scripts/stale.py`"]}),
    post("echo.py", 400, **typed("application/json", "{")),
    post("echo.py", 422, **typed("application/json", "[]")),
    post("echo.py", 422, {"parameter": "mont"}, json={"mont": 5}),
    post("echo.py", 422, {"parameter": "args"}, json={"args": "a"}),
    post("echo.py", 422, {"parameter": "args"}, json={"args": ["a\0"]}),
    post("echo.py", 422, {"parameter": "stdin"}, json={"stdin": 5}),
    post("echo.py", 400, **typed("application/json", "[" * 100_000)),
    post("echo.py", 413, {"limit": 1 << 20}, json={"stdin": LARGE}),
    post("echo.py", 413, data={"args": LARGE}, files={"stdin": ("x", b"")}),
    post("alone.py", 413, {"limit": 1024}, content=b"x" * 1025),
    post("alone.py", 413, {"limit": 1024}, files={"stdin": ("x", b"x" * 1025)}),
    post("echo.py", 400, **typed("multipart/form-data", "x")),
    post("echo.py", 400, **typed("multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n")),
    post("echo.py", 400, **typed("multipart/form-data; boundary=b", "--b\r\nContent-Dispo")),
    post("echo.py", 413, files=[("f", ("n", b""))] * 1001),
    Case("PUT", "/scripts/echo.py/runs/.hidden", 422),
    Case("PUT", f"/scripts/echo.py/runs/{'x' * 129}", 422),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it.method} {it.path[:40]} {it.status}")
def test_answers(case: Case, server: Server) -> None:
    require_answer(case, server)


def require_answer(case: Case, server: Server) -> None:
    """Send a request, and check its answer."""
    answer = server.client.request(case.method, case.path, **case.sent)
    assert answer.status_code == case.status, answer.text
    if isinstance(case.found, dict):
        document = answer.json()
        assert {name: document.get(name) for name in case.found} == case.found
    elif case.found is not None:
        assert answer.text == case.found
    is_run = answer.headers.get("Condavision-Run") is not None
    if case.status >= 400 and not is_run:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
        refused = {"method": case.method, "status": case.status}
        assert server.logged(lambda line: refused.items() <= line.items())["path"]


def test_who_announces_too_much_and_waits_is_answered(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as client:
        head = f"POST /scripts/cat.py/runs HTTP/1.1\r\nHost: {host}\r\nContent-Length: {1 << 60}"
        client.sendall(f"{head}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 413"


def test_the_parameters_of_a_script_are_its_schema(server: Server) -> None:
    found = server.client.get("/scripts/report.py").json()
    month = {"type": "integer", "minimum": 1, "maximum": 12, "description": "Month of the report"}
    assert found["parameters"]["properties"]["month"] == month
    assert found["unread"] == []
    document = server.client.get("/openapi.json").json()
    operation = document["paths"]["/scripts/report.py/runs"]["post"]
    content = operation["requestBody"]["content"]
    assert content["application/json"]["schema"]["properties"]["month"] == month
    (unread,) = server.client.get("/scripts/echo.py").json()["unread"]
    assert unread == {"file": "scripts/echo.py", "line": 4, "why": "sys.argv is read directly"}


def test_files_come_and_go(server: Server) -> None:
    files = [
        ("args", ("../../../etc/a b.csv", b"1")),
        ("args", ("a b.csv", b"2")),
        ("args", (".bashrc", b"3")),
    ]
    client = server.client
    found = client.post("/scripts/echo.py/runs", files=files).json()
    paths = [Path(path) for path in found["arguments"]]
    assert [path.name for path in paths] == ["a_b.csv", "a_b-2.csv", "bashrc"]
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3"]
    (folder,) = {path.parents[1] for path in paths}
    assert not folder.stat().st_mode & 0o077

    run = client.post("/scripts/writes.py/runs").json()
    written = {file["name"]: file for file in run["files"]}
    assert sorted(written) == ["<img src=x>.html", "line\nfeed", "sub/sub/of it.txt"]
    assert client.get(written["line\nfeed"]["url"]).text == "fed"
    assert client.get(written["sub/sub/of it.txt"]["url"]).text == "written"
    page = client.get(written["<img src=x>.html"]["url"])
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment;")
    assert page.headers["x-content-type-options"] == "nosniff"
    for name in ("link", "folder/passwd", "pipe", "%2e%2e/stdout", "sub", "%00"):
        assert client.get(f"/runs/{run['id']}/files/{name}").status_code == 404, name


def test_the_latest_runs_of_all_scripts(server: Server) -> None:
    earlier, later = (server.run(script).json()["id"] for script in ("echo.py", "cat.py"))
    listed = server.client.get("/runs").json()["runs"]
    scripts = {it["id"]: it["script"] for it in listed if it["id"] in {earlier, later}}
    assert scripts == {later: "cat.py", earlier: "echo.py"}


def test_a_script_gets_a_small_environment(server: Server) -> None:
    variables, beside, folder, script = json.loads(server.run("variables.py").json()["stdout"])
    assert "SECRET" not in variables
    assert beside == []
    assert folder.endswith("/work")
    assert script.endswith("/scripts/variables.py")
    assert re.fullmatch("[0-9a-f]{32}", variables["CONDAVISION_RUN"])


@pytest.mark.slow
def test_who_ignores_the_end_is_killed(server: Server) -> None:
    client = server.client
    answer = client.post("/scripts/stubborn.py/runs")
    assert (answer.status_code, answer.json()["exit_code"]) == (504, -9)


def test_an_id_runs_once(server: Server) -> None:
    client = server.client
    first = client.put("/scripts/echo.py/runs/one", json={"args": ["1"]})
    again = client.put("/scripts/echo.py/runs/one", json={"args": ["2"]})
    assert first.json() == again.json()
    assert client.put("/scripts/cat.py/runs/one").status_code == 409


def test_output_that_fails_late_breaks_off(server: Server) -> None:
    body = {"args": ["begun"]}
    with pytest.raises(httpx.RemoteProtocolError):
        server.client.post("/scripts/fail.py/runs", json=body, headers={"Accept": "text/csv"})


def test_how_many_scripts_are_served_is_logged(server: Server) -> None:
    line = server.logged(lambda it: "served" in it)
    assert 0 < line["served"] <= line["scripts"]
