"""A server process over a folder of locked scripts, which share one environment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.command_line import CONDAVISION, CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPTS = Path(__file__).with_name("scripts")
PATIENCE = 600.0  # seconds; no test needs as long, however busy the machine is


@dataclass
class Server:
    """A running server: its process, a client of it, and the lines of its log."""

    process: subprocess.Popen[str]
    log: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _logged: threading.Condition = field(default_factory=threading.Condition)

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._logged:
                self.log.append(json.loads(line) if line.startswith("{") else {"message": line})
                self._logged.notify_all()
        with self._logged:
            self.log.append({"message": "ended"})
            self._logged.notify_all()

    def logged(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first line of the log that is ``what`` is sought, waiting for it."""

        def found() -> dict[str, Any] | None:
            return next(filter(what, self.log), None)

        with self._logged:
            ended = [{"message": "ended"}]
            self._logged.wait_for(lambda: found() or self.log[-1:] == ended, PATIENCE)
            line = found()
            assert line is not None, self.log
            return line

    @cached_property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=False)

    def run(self, script: str, **body: Any) -> httpx.Response:
        """Run a script, and wait for its end."""
        return self.client.post(f"/scripts/{script}/runs", json=body)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(
    folder: Path,
    *options: str | Path,
    environ: dict[str, str] | None = None,
    command: tuple[str, ...] = (*CONDAVISION, "serve"),
    paths: tuple[str, ...] = ("scripts",),
    wrapper: tuple[str, ...] = (),
    **popen: Any,
) -> Iterator[Server]:
    """Start a server in a folder, by ``wrapper`` if it is given; kill it in the end."""
    process = subprocess.Popen(
        [*wrapper, *command, *paths, "--port", "0", "--json", *map(str, options)],
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stderr=subprocess.PIPE,
        text=True,
        **popen,
    )
    server = Server(process)
    reader = threading.Thread(target=server.read_log)
    reader.start()
    try:
        port = server.logged(lambda line: "port" in line)["port"]
        server.url = f"http://127.0.0.1:{port}"
        yield server
        server.client.close()
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory, known_interpreters: Path) -> Path:
    """A project of locked scripts, with the cache that has their environment. Not to be changed."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(known_interpreters, folder / "home" / "interpreters")
    shutil.copytree(SCRIPTS, folder / "scripts")
    folder.joinpath("condavision.toml").write_text('channels = ["interpreters:"]\n')
    environ = {"CONDAVISION_HOME": str(folder / "home")}
    command = CommandLine(folder)
    command("lock", "scripts", environ=environ).ok()
    folder.joinpath("scripts", "unlocked.py").write_text("print('new')\n")
    stale = folder / "scripts" / "stale.py"
    stale.write_text(f"import requests\n{stale.read_text()}")
    return folder


@pytest.fixture
def project(
    locked: Path, tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of that project for one test; the cache is shared, the runs are not."""
    folder = tmp_path / "project"
    ignored = shutil.ignore_patterns("home")
    shutil.copytree(locked, folder, ignore=ignored)
    monkeypatch.setenv("CONDAVISION_HOME", str(locked / "home"))
    return folder


@pytest.fixture(scope="module")
def server(locked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that several tests share."""
    environ = {"CONDAVISION_HOME": str(locked / "home"), "SECRET": "s3cret", "GIVEN": "given"}
    state = tmp_path_factory.mktemp("state")
    with serving(locked, "--state", state, environ=environ) as found:
        yield found
