"""Nothing that a client sends becomes a header, or a part of an answer, of its own."""

from __future__ import annotations

import os
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.serving.conftest import PATIENCE

if TYPE_CHECKING:
    from tests.serving.conftest import Server

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

MARK = b"Injected"
ENDS = {
    "CRLF": "%0D%0A",
    "LF": "%0A",
    "CR": "%0D",
    "raw": "\r\n",
    "NEL": "%C2%85",
    "LS": "%E2%80%A8",
}
PLACES = {
    "an ID to run": ("PUT", "/scripts/echo.py/runs/id{}"),
    "an ID": ("GET", "/runs/id{}"),
    "an ID to stream": ("GET", "/runs/id{}/stdout"),
    "an ID to cancel": ("DELETE", "/runs/id{}"),
    "a file": ("GET", "/runs/id/files/name{}"),
    "a script": ("GET", "/scripts/name{}"),
    "a script to run": ("POST", "/scripts/name{}/runs"),
    "a parameter": ("POST", "/scripts/echo.py/runs?name{}=x"),
    "a path": ("GET", "/name{}"),
}


def answer_of(server: Server, request: bytes) -> bytes:
    """Return all that comes for a request."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE) as one:
        one.sendall(request)
        found = b""
        while part := one.recv(1 << 16):
            found += part
    return found


@pytest.mark.parametrize("place", PLACES)
def test_a_line_end_in_a_path_is_no_line_end_of_an_answer(place: str, server: Server) -> None:
    method, path = PLACES[place]
    for end in ENDS:
        target = path.format(f"{end}{MARK.decode()}:%20yes{end}{end}<b>")
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        answer = answer_of(server, f"{head}Content-Length: 0\r\n\r\n".encode())
        check(answer)


@pytest.mark.parametrize(
    "header",
    [
        "Accept: text/plain;a={}",
        "Accept: {}",
        "Prefer: respond-async{}",
        "Prefer: wait={}",
        "Content-Type: multipart/form-data; boundary={}",
        "Last-Event-ID: {}",
        "Origin: http://{}",
        "Host: {}",
        "X-Request-ID: {}",
    ],
)
def test_a_header_is_not_sent_back(header: str, server: Server) -> None:
    for end in ("\r", "\n", "\r\n ", "\x0b", "\x85", "\u2028"):
        given = header.format(f"x{end}{MARK.decode()}: yes")
        head = f"POST /scripts/echo.py/runs HTTP/1.1\r\n{given}\r\nConnection: close\r\n"
        host = "" if header.startswith("Host") else "Host: localhost\r\n"
        check(answer_of(server, f"{head}{host}Content-Length: 0\r\n\r\n".encode()))


def check(answer: bytes) -> None:
    """Check that there is one answer, whose headers are all ours."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    assert HTTPStatus(int(status.split()[1]))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    names = {line.partition(b":")[0].lower() for line in lines}
    assert MARK.lower() not in names
    if length := [line for line in lines if line.lower().startswith(b"content-length:")]:
        assert int(length[0].split(b":")[1]) == len(body)


def test_what_a_run_is_named_stays_one_header(server: Server) -> None:
    """The longest ID, and each character that it may have, is in `Location` as it was given."""
    run_id = "aZ09.~_-" * 16
    answer = server.client.put(f"/scripts/echo.py/runs/{run_id}", json={})
    assert answer.headers["location"] == f"/runs/{run_id}"
    assert answer.headers["condavision-run"] == run_id
    assert server.client.put(f"/scripts/echo.py/runs/{run_id}x", json={}).status_code == 422
    assert server.client.put("/scripts/echo.py/runs/é", json={}).status_code == 422


def test_files_are_downloaded_under_their_names(server: Server) -> None:
    files = server.run("writes.py").json()["files"]
    assert "line\nfeed" in {file["name"] for file in files}
    for file in files:
        answer = server.client.get(file["url"])
        assert answer.is_success
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith("attachment; filename*=UTF-8''")
        assert not {*'"\r\n<> '} & {*disposition.removeprefix("attachment; ")}
