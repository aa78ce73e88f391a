"""What needs extras, in an installation that has them as the pages install them."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import until
from tests.command_line import CommandLine
from tests.pages import files, shown
from tests.serving.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ALL = shown("docs/dependencies.md", "pip install")
MAPPED = shown("docs/howto/cluster.md", "pip install")
SERVED = shown("docs/howto/serve.md", "dask scheduler")
ADDRESS = "tcp://host:8786"


def _lines(block: str) -> list[str]:
    return [line.partition(" #")[0].strip() for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")
def test_extras_as_the_pages_install_them(
    clone: CommandLine, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    def typed(line: str, command: CommandLine = clone) -> str:
        done = command.process(["sh", "-c", line]).ok()
        assert "does not have an extra" not in done.err
        return done.out

    typed(ALL)
    typed("pip show nbclient")  # which only running a notebook would need
    install, scheduler, worker = _lines(MAPPED)
    typed(install)
    *started, serve = _lines(SERVED)
    assert started == [scheduler, worker]
    report = "scripts/report.py"
    project = files("docs/howto/cluster.md") | {report: files("docs/howto/serve.md")[report]}
    command = CommandLine(make_project(project))
    typed("condavision lock .", command)
    with _started(scheduler, worker, command.folder) as address:
        line = "condavision map -q show.py tables.jsonl -o results/ --cluster"
        assert "2 succeeded" in typed(f"{line} {address}", command)
        words = shlex.split(serve.replace(ADDRESS, address))
        with serving(command.folder, command=(*words,), paths=()) as server:
            answer = server.run("report.py", month=5, stdin="40\n2\n").json()
            assert answer["stdout"] == "month 5: 42 EUR\n"


@contextmanager
def _started(scheduler: str, worker: str, folder: Path) -> Iterator[str]:
    """Start both by their command lines, on a free port; yield the address of the scheduler."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    with ExitStack() as running:
        log = running.enter_context((folder / "dask.log").open("wb"))

        def start(line: str) -> None:
            process = subprocess.Popen(shlex.split(line), cwd=folder, stdout=log, stderr=log)
            running.callback(process.wait)
            running.callback(process.kill)

        def is_up() -> bool:
            with suppress(OSError), socket.create_connection((host, port)):
                return True
            return False

        start(f"{scheduler} --host {host} --port {port} --dashboard-address :0")
        until(is_up)
        start(worker.replace(ADDRESS, f"tcp://{host}:{port}"))
        yield f"tcp://{host}:{port}"
