"""A scheduler and workers of Dask that are processes of their own."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from distributed import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 600
"""Seconds that something may take."""


_CALM = {  # what a profiler and a clock of 20 ms take from a machine that waits
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


class Cluster:
    """A scheduler, workers, and a client of them."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", protocol: str = "tcp") -> None:
        """Start a scheduler; ``folder`` is where it writes its address and log."""
        self._protocol = protocol
        self._ending = ExitStack()
        self._log = self._ending.enter_context(folder.joinpath("cluster.log").open("wb"))
        self._file = folder / "scheduler.json"
        self._host = host
        self.start()

    def start(self, port: str = "0") -> None:
        """Start a scheduler, once more after it has ended; workers are to be started again."""
        self._file.unlink(missing_ok=True)
        self.scheduler = self._start(
            *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", self._host),
            *("--protocol", self._protocol),
            *("--port", port, "--dashboard-address", ":0", "--scheduler-file", str(self._file)),
        )
        until(lambda: self._file.exists() and self._file.read_text().endswith("}"))
        self.address: str = json.loads(self._file.read_text())["address"]
        self.client = self._ending.enter_context(Client(self.address))

    def _start(self, *command: str | Path, **environ: str) -> int:
        process = subprocess.Popen(
            [*map(str, command)],
            env={**os.environ, **_CALM, **environ},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._ending.callback(process.wait)
        self._ending.callback(_kill, process.pid)
        return process.pid

    def worker(
        self,
        python: Path | str = sys.executable,
        wrapper: tuple[str, ...] = (),
        *,
        threads: int = 4,
        count: int = 1,
        nanny: bool = False,
        **environ: str,
    ) -> None:
        """Start workers, by ``wrapper`` if it is given, and wait for them.

        One with a ``nanny``, a process more, starts again when it is killed.
        """
        before = len(self.client.nthreads())
        command = ("-m", "distributed.cli.dask_worker", self.address, "--nthreads", str(threads))
        options = ("--no-dashboard", "--death-timeout", "300", *(() if nanny else ("--no-nanny",)))
        for _ in range(count):
            self._start(*wrapper, python, *command, *options, **environ)
        self.client.wait_for_workers(before + count, timeout=300)

    def kill_one(self) -> bool:
        """Kill the process of a worker, at random; return whether there was one."""
        pids = [*self.client.run(os.getpid, on_error="ignore").values()]
        if pids:
            with suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)
                return True
        return False

    def close(self) -> None:
        """End all processes."""
        self._ending.close()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def until(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # what is waited for needs the processors
