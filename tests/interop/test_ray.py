"""The page on Ray, on a real cluster of one node, if there is a Ray."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine
from tests.pages import in_sh, normalized, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

EXPORTED = shown("docs/howto/ray.md", "condavision export")
WRITTEN = shown("docs/howto/ray.md", "working_dir")
SUBMITTED = shown("docs/howto/ray.md", "ray job submit")
CONNECTED = shown("docs/howto/ray.md", "ray.init")
DRIVER = """\
# /// script
# requires-python = "=={python}"
# dependencies = ["ray=={ray}"]
# ///
import sys

import ray
import yaml

{init}

@ray.remote
def of_a_worker():
    import beside

    return sys.prefix, beside.__name__

print(sys.prefix, *ray.get(of_a_worker.remote()))
"""
VERSIONS = """\
import json, platform, ray
print(json.dumps({"ray": ray.__version__, "python": platform.python_version()}))
"""
STARTS = 3
"""Ray gives up if a node does not answer within 30 seconds, and a busy machine may take longer."""


@pytest.fixture
def versions(interpreter: Callable[[Minor], Interpreter]) -> dict[str, str]:
    """The versions of Ray and of its Python, for which scripts can be locked here."""
    command = shutil.which("ray")
    if command is None:
        pytest.skip("ray is not installed on this machine")
    python = Path(command).resolve().with_name("python")
    found: dict[str, str] = json.loads(subprocess.check_output([python, "-c", VERSIONS]))
    major, minor, _ = map(int, found["python"].split("."))
    if interpreter((major, minor)).version != found["python"]:
        pytest.skip(f"this machine has no other Python {found['python']}, which Ray has")
    return found


@pytest.fixture
def cluster(versions: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A head of Ray, whose address and token are in variables; it ends with the test."""
    # Ray listens where other machines reach it
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    for _ in range(STARTS):
        with _head() as (ports, said):
            if "Ray runtime started" not in said:
                continue
            monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{ports['port']}")
            server = f"http://127.0.0.1:{ports['dashboard-port']}"
            monkeypatch.setenv("RAY_API_SERVER_ADDRESS", server)
            yield
            return
    pytest.fail(said)


@contextmanager
def _head() -> Iterator[tuple[dict[str, int], str]]:
    """Start a head of Ray; yield its ports, and what it said until it was started or failed."""
    names = ("port", "dashboard-port", "ray-client-server-port")
    free = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: it.getsockname()[1] for name, it in zip(names, free, strict=True)}
    for it in free:
        it.close()
    ports |= dict.fromkeys(("dashboard-agent-listen-port", "min-worker-port", "max-worker-port"), 0)
    options = [f"--{name}={port}" for name, port in ports.items()]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        # not in pytest's folder: the paths of sockets are short
        line = ["ray", "start", "--head", "--block", "--num-cpus=1", f"--temp-dir={folder}"]
        line += ["--disable-usage-stats", *options]
        with subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            said = ""
            for text in process.stdout:
                said += text
                if "Ray runtime started" in text:
                    break
            try:
                yield ports, said
            finally:
                process.terminate()  # and what it has started


@pytest.mark.slow
def test_what_the_page_shows(
    versions: dict[str, str],
    cluster: None,
    make_project: Callable[[Mapping[str, str]], Path],
    home: Path,
) -> None:
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "beside.py": ""}
    submitted = DRIVER.format(init="ray.init()", **versions)
    command = CommandLine(make_project({**files, "driver.py": submitted}))
    in_sh(EXPORTED.replace("/projects/lab/condavision", str(home)), command).ok()
    environment = (command.folder / "runtime.yaml").read_text()
    assert (
        "The cluster's Ray has to be {ray}, on Python {python}.".format(**versions) in environment
    )
    lines = normalized(WRITTEN).splitlines()
    assert [it for it in normalized(environment).splitlines() if it in lines] == lines
    prefix = command("path", "driver.py").ok().out.strip()
    expected = f"{prefix} {prefix} beside"
    assert expected in in_sh(SUBMITTED, command).ok().out.splitlines()
    (command.folder / "driver.py").write_text(DRIVER.format(init=CONNECTED, **versions))
    assert command("run", "driver.py").ok().out.splitlines() == [expected]
