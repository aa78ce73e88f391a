"""Who may do what: the guard in front of all endpoints, tokens, and the sandbox."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from condavision.errors import UsageError
from condavision.exec_stage.run_folder import new_run_folder, read_piece, safe_name
from condavision.serve import options_of
from condavision.serving.application import make_application
from condavision.serving.guard import Guard
from condavision.serving.options import Options
from condavision.serving.sandbox import find_bubblewrap
from condavision.serving.server import JsonLines, Lines
from condavision.serving.service import Service
from condavision.serving.tokens import read_tokens
from tests.serving.conftest import serving

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

TOKEN = "a token that nobody guesses"
BASIC = base64.b64encode(f"me:{TOKEN}".encode()).decode()
OWN = {"host": "127.0.0.1:8000", "authorization": f"Bearer {TOKEN}"}

REQUESTS: list[tuple[str, dict[str, str], int]] = [
    ("GET", {}, 200),
    ("POST", {}, 200),
    # DNS rebinding
    ("GET", {"host": "attacker.example"}, 421),
    ("GET", {"host": "localhost.attacker.example:8000"}, 421),
    ("GET", {"host": ""}, 421),
    ("GET", {"host": "[::1"}, 421),
    ("GET", {"host": "localhost:1"}, 200),
    ("GET", {"host": "[::1]:8000"}, 200),
    ("GET", {"host": "192.0.2.7"}, 200),
    ("GET", {"host": "Named.example"}, 200),
    # tokens
    ("GET", {"authorization": ""}, 401),
    ("GET", {"authorization": "Bearer"}, 401),
    ("GET", {"authorization": "Bearer another"}, 401),
    ("GET", {"authorization": f"Bearer {TOKEN}x"}, 401),
    ("GET", {"authorization": f"Basic {TOKEN}"}, 401),
    ("GET", {"authorization": f"bearer {TOKEN}"}, 200),
    ("GET", {"authorization": f"Basic {BASIC}"}, 200),
    # pages of other sites
    ("POST", {"origin": "https://attacker.example"}, 403),
    ("POST", {"origin": "http://127.0.0.1:9000"}, 403),
    ("POST", {"origin": "null"}, 403),
    ("POST", {"sec-fetch-site": "cross-site"}, 403),
    ("POST", {"sec-fetch-site": "same-site"}, 403),
    ("DELETE", {"sec-fetch-site": "cross-site"}, 403),
    ("GET", {"sec-fetch-site": "cross-site"}, 200),
    ("POST", {"sec-fetch-site": "same-origin"}, 200),
    ("POST", {"sec-fetch-site": "none"}, 200),
    ("POST", {"origin": "http://127.0.0.1:8000"}, 200),
    ("POST", {"origin": "https://friend.example", "sec-fetch-site": "cross-site"}, 200),
]


@pytest.mark.parametrize(("method", "headers", "status"), REQUESTS)
@pytest.mark.anyio
async def test_the_guard(method: str, headers: dict[str, str], status: int) -> None:
    sent: list[Message] = []

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    guard = Guard(
        app, tokens=["other token", TOKEN], names=["named.example"],
        origins=["https://friend.example"],
    )  # fmt: skip
    given = [(name.encode(), value.encode()) for name, value in {**OWN, **headers}.items()]
    scope = {"type": "http", "method": method, "path": "/scripts", "headers": given}
    await guard(scope, receive, send)
    assert sent[0]["status"] == status
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://friend.example", True), ("https://attacker.example", False)]
)
@pytest.mark.anyio
async def test_pages_of_other_sites(origin: str, allowed: bool, local_command: CommandLine) -> None:
    with (local_command.folder / "condavision.toml").open("a") as file:
        file.write('[serve]\norigins = ["https://friend.example"]\n')
    service = Service(Options((local_command.folder,), tokens=(TOKEN,)))
    transport = httpx.ASGITransport(make_application(service))
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.options("/scripts/s.py/runs", headers=asked)
        assert answer.is_success is allowed
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        answer = await client.get("/health", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


@pytest.mark.anyio
async def test_a_refusal_is_logged_in_one_line_without_secrets(
    local_command: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "condavision.serving")
    service = Service(Options((local_command.folder,), tokens=(TOKEN,)))
    transport = httpx.ASGITransport(make_application(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/runs/a%0A%1B[31m?key=s3cret", headers={"Authorization": "Bearer s3cret"})
        await client.get("/none", headers=OWN)
    refused, unknown = caplog.records
    assert Lines().format(refused) == (
        "condavision: GET /runs/a%0A%1B%5B31m: 401, a token is needed (127.0.0.1)"
    )
    line = json.loads(JsonLines().format(unknown))
    assert (line["method"], line["path"], line["status"]) == ("GET", "/none", 404)
    assert "s3cret" not in caplog.text
    assert TOKEN not in caplog.text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--host", "0.0.0.0"], "anybody who reaches 0.0.0.0 could run scripts"),
        (["--token-file", "missing"], "cannot be read"),
        (["nothing"], "nothing does not exist"),
    ],
)
def test_a_server_that_does_not_start(
    options: list[str], problem: str, local_command: CommandLine
) -> None:
    result = local_command("serve", "s.py", "--port", "0", *options)
    assert result.code == 2
    assert problem in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        ("x" * 16, 0o640, "other users have access"),
        ("", 0o600, "needs 16 characters"),
        (f"{'x' * 16}\nshort\n", 0o600, "needs 16 characters"),
    ],
)
def test_token_files(content: str, mode: int, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(UsageError, match=problem):
        read_tokens(file)


def test_variables_must_say_who_may_use_it() -> None:
    with pytest.raises(UsageError, match="neither a token"):
        options_of({"CONDAVISION_SERVE": "scripts"})
    given = {"CONDAVISION_SERVE": "a:b", "CONDAVISION_SERVE_NO_AUTH": "1"}
    assert options_of(given).paths == (Path("a"), Path("b"))


def test_a_sandbox_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="needs bubblewrap, which is not installed"):
        find_bubblewrap()
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    with pytest.raises(UsageError, match="does not work here: no namespaces"):
        find_bubblewrap()


NAMES = {
    "report.csv": "report.csv",
    "../../etc/passwd": "passwd",
    "C:\\x\\y.txt": "y.txt",
    ".bashrc": "bashrc",
    "-rf": "rf",
    "..": "file",
    "": "file",
    "a\nb\0c.txt": "a_b_c.txt",
    "\u202etxt.exe": "_txt.exe",
    "naïve 1.csv": "naïve_1.csv",
    "$(x)`y`.csv": "_(x)_y_.csv",
    f"{'é' * 300}.csv": f"{'é' * 98}.csv",
    "REPORT.CSV": "REPORT-2.CSV",
}


def test_names_of_uploads() -> None:
    taken = {"report.csv"}
    found = {name: safe_name(name, taken if name.isupper() else set()) for name in NAMES}
    assert found == NAMES


def test_a_run_cannot_show_what_is_outside_of_its_folder(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path)
    folder.make()
    folder.work.rmdir()
    folder.work.symlink_to("/etc")
    folder.stdout.symlink_to("/etc/passwd")
    os.mkfifo(folder.stderr)
    assert folder.written() == ()
    with pytest.raises(OSError, match="work"):
        folder.open_written("passwd")
    assert read_piece(folder.stdout, 0) == read_piece(folder.stderr, 0) == b""


PEEK = """
import json, os, socket, sys
def tries(call):
    try:
        call()
        return True
    except OSError:
        return False
print(json.dumps({
    "project": tries(lambda: open(__file__)),
    "change": tries(lambda: open(__file__ + "x", "w")),
    "environment": tries(lambda: open(sys.prefix + "/x", "w")),
    "secret": tries(lambda: open(sys.argv[1])),
    "work": tries(lambda: open("out.txt", "w")),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "network": sorted(name for _, name in socket.if_nameindex()),
}))
"""


@pytest.mark.slow
def test_token_and_sandbox(project: Path) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    tokens = project.parent / "token"
    tokens.touch(0o600)
    tokens.write_text(TOKEN)
    (project / "scripts" / "offline.py").write_text(
        (project / "scripts" / "offline.py").read_text() + PEEK
    )
    with serving(project, "--token-file", tokens, "--sandbox", "--state", project / "state") as it:
        assert it.client.get("/health").status_code == 200
        assert it.client.get("/scripts").status_code == 401
        it.client.headers["Authorization"] = f"Bearer {TOKEN}"
        report = it.run("offline.py", args=[str(tokens)]).json()
        assert report["exit_code"] == 0, report
        first, second = report["stdout"].splitlines()
        assert first == "['lo']"
        assert json.loads(second) == {
            "project": True,
            "change": False,
            "environment": False,
            "secret": False,
            "work": True,
            "processes": 2,
            "network": ["lo"],
        }
        assert report["files"][0]["name"] == "out.txt"
        assert it.run("fail.py").json()["exit_code"] == 3
        assert it.run("late.py").status_code == 504
