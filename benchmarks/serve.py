"""Measure `condavision serve`: what a request adds, and what a server holds under load.

    python -m benchmarks.serve [--scripts bare.py stdin.py] [--runs 60] [--load 1000]
                               [--gigabytes 1] [--kills 50] [--rude 20] [--warm]

Scripts are made and locked in a temporary project on this machine's interpreters. `added` is the
median of what a request takes on loopback, less what the environment's Python takes when it is
started directly for the same script; both alternate. `load` sends requests 32 at once. `kills`
kills the server at random moments while runs are accepted, and checks what the next one reports of
each. `rude` has clients that vanish, send slowly, too much or garbage, beside one that is served.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = {
    "bare.py": "pass\n",
    "stdin.py": "import sys\nprint(len(sys.stdin.read()))\n",
    "cat.py": (
        "import shutil, sys\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer, 1 << 20)\n"
    ),
    "frame.py": "import sys\nimport pandas\nprint(pandas.read_csv(sys.stdin).sum().to_dict())\n",
    "slow.py": (
        "# /// script\n# [tool.condavision.serve]\n# restart = true\n# ///\n"
        "import time\ntime.sleep(0.05)\nprint('slow')\n"
    ),
}
CSV = b"a,b\n" + b"1,2\n" * 50
CONDAVISION = [sys.executable, "-E", "-P", "-m", "condavision"]
AT_ONCE = 32
SETTINGS = """channels = ["interpreters:"]
[serve]
queue = 1000
timeout = 600
upload = "8G"
output = "8G"
memory = "16G"
"""


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int

    def memory(self, name: str = "VmRSS") -> float:
        """Return the resident memory, in MB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split(f"{name}:")[1].split()[0]) / 1024

    def open_files(self) -> int:
        """Return the number of its descriptors."""
        return len([*Path(f"/proc/{self.process.pid}/fd").iterdir()])

    def children(self) -> list[str]:
        """Return the states of its child processes."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
                if int(parent) == self.process.pid:
                    found.append(state)
        return found

    def connection(self) -> http.client.HTTPConnection:
        """Return a new connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def get(self, path: str) -> Any:
        """Return the document at a path."""
        connection = self.connection()
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


@contextmanager
def serving(folder: Path, state: Path, *options: str, port: int = 0) -> Iterator[Server]:
    log = (folder / "log").open("ab")
    drained: list[subprocess.Popen[bytes]] = []
    process = subprocess.Popen(
        [
            *CONDAVISION,
            "serve",
            "scripts",
            "--json",
            "--port",
            str(port),
            "--state",
            state,
            *options,
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            log.write(line)
            if b'"port"' in line:
                break
        server = Server(process, json.loads(line)["port"])
        drained.append(subprocess.Popen(["cat"], stdin=process.stderr, stdout=log))
        while server.get("/ready")["status"] != "ready":
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.wait()
        for it in drained:
            it.wait()
        process.stderr.close()
        log.close()


def make_project(folder: Path, names: list[str]) -> None:
    (folder / "scripts").mkdir(parents=True)
    (folder / "condavision.toml").write_text(SETTINGS)
    for name in names:
        (folder / "scripts" / name).write_text(SCRIPTS[name])
    subprocess.run(
        [*CONDAVISION, "lock", "-q", "scripts"], cwd=folder, check=True, stdout=sys.stderr
    )


def measure_added(folder: Path, server: Server, name: str, runs: int) -> None:
    script = folder / "scripts" / name
    python = subprocess.run(
        [*CONDAVISION, "path", "--python", str(script)],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    connection = server.connection()
    direct, served = [], []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run([python, script], input=CSV, stdout=subprocess.PIPE, check=True)
        direct.append(time.perf_counter() - began)
        began = time.perf_counter()
        connection.request("POST", f"/scripts/{name}/runs", CSV, {"Content-Type": "text/csv"})
        answer = json.loads(connection.getresponse().read())
        assert answer["exit_code"] == 0, answer
        served.append(time.perf_counter() - began)
        connection.close()  # the server closes what is idle while Python is started directly
    added = [1000 * (b - a) for a, b in zip(direct[1:], served[1:], strict=True)]
    a, b = (1000 * statistics.median(it[1:]) for it in (direct, served))
    start = "warm" if answer["warm"] else "cold"
    print(
        f"{name} ({start}): direct {a:.1f} ms, served {b:.1f} ms, ratio {b / a:.2f};"
        f" added: median {statistics.median(added):.1f} ms, minimum of each"
        f" {1000 * (min(served) - min(direct)):.1f} ms"
    )


async def send(port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head.split()[1]), await reader.readexactly(length)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def request(method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def measure_load(server: Server, state: Path, name: str, count: int) -> None:
    failures: Counter[str] = Counter()
    wanted = request("POST", f"/scripts/{name}/runs", CSV)

    async def client(left: list[int]) -> None:
        while left:
            left.pop()
            status, body = await send(server.port, wanted)
            if status != 200 or json.loads(body)["exit_code"] != 0:
                failures[f"{status} {body[:200]!r}"] += 1

    async def everybody(requests: int) -> None:
        left = [*range(requests)]
        await asyncio.gather(*(client(left) for _ in range(AT_ONCE)))

    asyncio.run(everybody(2 * AT_ONCE))  # connections and threads as under load
    before, files = server.memory(), server.open_files()
    began = time.perf_counter()
    asyncio.run(everybody(count))
    seconds = time.perf_counter() - began
    folders = len([*(state / "runs").iterdir()])
    print(
        f"{name}: {count} requests, {AT_ONCE} at once: {count / seconds:.0f} a second,"
        f" failures {dict(failures)}, zombies {server.children().count('Z')},"
        f" processes {len(server.children())}, descriptors {files} to {server.open_files()},"
        f" folders {folders}; memory {before:.0f} to {server.memory():.0f} MB,"
        f" at most {server.memory('VmHWM'):.0f} MB"
    )


def measure_stream(server: Server, gigabytes: float) -> None:
    before = server.memory()
    total = int(gigabytes * 1024) << 20  # whole blocks
    block = os.urandom(1 << 20)
    connection = server.connection()
    began = time.perf_counter()
    headers = {
        "Content-Type": "application/octet-stream",
        "Accept": "application/octet-stream",
        "Content-Length": str(total),
    }
    blocks = (block for _ in range(total >> 20))
    connection.request("POST", "/scripts/cat.py/runs", blocks, headers)
    answer = connection.getresponse()
    received = 0
    while piece := answer.read(1 << 20):
        received += len(piece)
    print(
        f"cat.py: {total >> 20} MB in, {received >> 20} MB out in"
        f" {time.perf_counter() - began:.0f} s; memory {before:.0f} to"
        f" {server.memory():.0f} MB, at most {server.memory('VmHWM'):.0f} MB"
    )


def measure_kills(folder: Path, kills: int) -> None:
    """Kill servers at random moments under load, and check what became of each run."""
    state = folder / "killed"
    accepted: set[str] = set()
    numbers = itertools.count()

    async def load(port: int) -> None:
        while True:
            run_id = f"run-{next(numbers)}"
            path = f"/scripts/slow.py/runs/{run_id}"
            status, _ = await send(port, request("PUT", path, b"", "Prefer: respond-async\r\n"))
            if status == 202:
                accepted.add(run_id)

    async def until_killed(server: Server) -> None:
        clients = [asyncio.ensure_future(load(server.port)) for _ in range(4)]
        await asyncio.sleep(random.uniform(0, 1))
        server.process.kill()
        await asyncio.gather(*clients, return_exceptions=True)

    for _ in range(kills):
        with serving(folder, state) as server:
            asyncio.run(until_killed(server))
    with serving(folder, state) as server:
        states: Counter[str] = Counter()
        for run_id in accepted:
            connection = server.connection()
            connection.request("GET", f"/runs/{run_id}", headers={"Prefer": "wait=600"})
            answer = connection.getresponse()
            found = json.loads(answer.read())
            states[found["state"] if answer.status == 200 else f"status {answer.status}"] += 1
    print(f"{kills} kills: {len(accepted)} accepted runs, of which {dict(states)}")


async def rude_client(port: int, kind: int) -> None:
    """Be a client that vanishes, sends slowly, sends too much, or garbage."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(OSError):
        if kind == 0:
            writer.write(request("POST", "/scripts/slow.py/runs"))
            await writer.drain()
            await asyncio.sleep(0.02)
        elif kind == 1:
            for byte in request("POST", "/scripts/stdin.py/runs", b"x" * 100)[:-50]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)
        elif kind == 2:
            head = request("POST", "/scripts/stdin.py/runs").replace(b": 0", b": 99999999999999")
            writer.write(head + b"x" * 100_000)
            await writer.drain()
        elif kind == 3:
            writer.write(os.urandom(10_000))
            await writer.drain()
        else:
            writer.write(b"POST /scripts/stdin.py/runs HTTP/1.1\r\nHost: localhost\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")  # fmt: skip
            await writer.drain()
    writer.transport.abort()


def measure_rude(server: Server, count: int) -> None:
    before = server.open_files()

    async def everybody() -> list[int]:
        rude = asyncio.gather(*(rude_client(server.port, at % 5) for at in range(count)))
        polite = request("POST", "/scripts/stdin.py/runs", CSV)
        found = await asyncio.gather(*(send(server.port, polite) for _ in range(5)))
        await rude
        return [status for status, _ in found]

    statuses = asyncio.run(everybody())
    deadline = time.monotonic() + 60
    while server.open_files() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    print(
        f"{count} rude clients: 5 polite ones got {statuses}; descriptors {before} to"
        f" {server.open_files()}, processes {len(server.children())}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scripts", nargs="*", default=["bare.py", "stdin.py"])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--load", type=int, default=1000)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rude", type=int, default=20)
    parser.add_argument("--warm", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, state = Path(name).resolve(), Path(name).resolve() / "state"
        make_project(folder, [*dict.fromkeys([*chosen.scripts, "stdin.py", "cat.py", "slow.py"])])
        with serving(folder, state, *(["--warm"] if chosen.warm else [])) as server:
            for script in chosen.scripts if chosen.runs else ():
                measure_added(folder, server, script, chosen.runs)
            for script in chosen.scripts if chosen.load else ():
                measure_load(server, state, script, chosen.load)
            if chosen.gigabytes:
                measure_stream(server, chosen.gigabytes)
            if chosen.rude:
                measure_rude(server, chosen.rude)
        if chosen.kills:
            measure_kills(folder, chosen.kills)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
