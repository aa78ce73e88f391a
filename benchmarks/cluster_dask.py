"""Measure `condavision map --cluster` on a Dask cluster of processes of this machine.

    python -m benchmarks.cluster_dask [--tasks 200] [--rounds 3] [--flat 10000] [--kills 0]
                                      [--first] [--threads 1000] [--window 3000]

`added` is what a task takes with 32 at once, compared with the same processes started directly, 32
at once (medians, both alternate), and the CPU of scheduler and workers for each. `flat` is the
memory of client and scheduler after this many inputs, and after a tenth of them; for comparison,
that of a client of Dask alone and of its scheduler, after as many tasks that start the same process
and have results of the same size. `kills` kills this many workers at
random moments during a map of 2,000 inputs. `first` is the time to the first result on a worker
with an empty cache, compared with `condavision install` with one. `threads` is how many tasks that
do nothing a scheduler hands out in a second to workers with this many threads in all, with `window`
tasks submitted at once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from functools import partial
from operator import methodcaller
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from distributed import Client, as_completed
from toolz import pipe

from benchmarks.cluster import CONDAVISION, DIRECT, KILLED, cost, mapped, prepared, write_inputs
from tests.cluster.processes import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cluster import Cost

AT_ONCE = 32
RESULT = 260  # bytes of an answer with a line of output


def seconds_of(pid: int) -> float:
    """Return the seconds of processors that a process has taken, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measured(Cluster):
    """A cluster whose processes are measured."""

    @property
    def memory(self) -> float:
        """The resident memory of the scheduler, in MB."""
        text = Path(f"/proc/{self.scheduler}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024

    def cpu(self) -> float:
        """Return the seconds of processors of scheduler and workers, without their children."""
        return sum(map(seconds_of, (self.scheduler, *self.client.run(os.getpid).values())))


@contextmanager
def cluster(folder: Path, workers: int, threads: int, home: str = "home") -> Iterator[Measured]:
    with closing(Measured(folder)) as found:
        found.worker(threads=threads, count=workers, CONDAVISION_HOME=str(folder / home))
        yield found


def measure_added(folder: Path, tasks: int, rounds: int) -> None:
    words = [*CONDAVISION, "path", "--python", "script.py"]
    python = subprocess.run(words, cwd=folder, capture_output=True, check=True, text=True).stdout
    maps, bare, cpus = [], [], []
    with cluster(folder, 2, AT_ONCE // 2) as it:
        for number in range(rounds):
            found = []
            for size in (1, tasks):
                write_inputs(folder, size)
                processes = [sys.executable, "-c", DIRECT, python.strip(), str(size), str(AT_ONCE)]
                before = it.cpu()
                ours = mapped(folder, f"added{number}-{size}", "--cluster", it.address)
                cpu = it.cpu() - before
                found.append((ours.wall, cost(folder, processes).wall, cpu))
            (one, first, least), (all_, rest, most) = found
            maps.append((all_ - one) / tasks * 1000)
            bare.append((rest - first) / tasks * 1000)
            cpus.append((most - least) / tasks * 1000)
    ours_, theirs_ = statistics.median(maps), statistics.median(bare)
    print(
        f"each of {tasks} tasks, {AT_ONCE} at once: directly {theirs_:.1f} ms, on the cluster"
        f" {ours_:.1f} ms ({ours_ - theirs_:+.1f} ms); CPU of scheduler and workers"
        f" {statistics.median(cpus):.1f} ms"
    )


def bare(client: Client, function: str, argument: Any, count: int, window: int) -> float:
    """Run so many tasks of Dask alone, as `map` hands them out; return the seconds.

    A task is a function that is named as in an entry point.
    """
    done = as_completed()
    started = time.perf_counter()
    submitted = 0
    left = count
    while left:
        while submitted < count and done.count() < window:
            key = f"bare-{count}-{submitted}"
            call = methodcaller("__call__", argument)
            done.add(client.submit(pipe, function, resolve_name, call, key=key, pure=False))
            submitted += 1
        for future in done.next_batch(block=True):
            future.result()
            future.release()
            left -= 1
    return time.perf_counter() - started


def bare_client(address: str, python: str, script: str, count: str, window: str) -> None:
    """Be a client of Dask alone, whose tasks run a script."""
    words = [python, script, "x" * RESULT]
    with Client(address) as client:
        bare(client, "subprocess:check_output", words, int(count), int(window))


def measure_flat(folder: Path, count: int) -> None:
    words = [*CONDAVISION, "path", "--python", "script.py"]
    python = subprocess.run(words, cwd=folder, capture_output=True, check=True, text=True).stdout
    window = str(3 * 8)  # as of `map` where workers have eight threads

    def ours(size: int, address: str) -> Cost:
        write_inputs(folder, size)
        return mapped(folder, f"flat{size}", "--cluster", address)

    def control(size: int, address: str) -> Cost:
        code = "import sys; from benchmarks.cluster_dask import *; bare_client(*sys.argv[1:])"
        words = [address, python.strip(), str(folder / "script.py"), str(size), window]
        path = os.pathsep.join([str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])])
        return cost(folder, ["env", f"PYTHONPATH={path}", sys.executable, "-c", code, *words])

    for name, run in (("inputs", ours), ("tasks of Dask alone", control)):
        with cluster(folder, 2, 4) as it:
            for size in (count // 10, count):
                found = run(size, it.address)
                print(
                    f"{size} {name}: client {found.memory:.1f} MB at most, scheduler"
                    f" {it.memory:.1f} MB in the end, {found.wall:.0f} s",
                    flush=True,
                )


def kill(folder: Path, kills: int) -> None:
    log = folder / "log"
    log.touch()
    write_inputs(folder, KILLED, log=str(log), sleep=0.05)  # most are killed while they run
    with cluster(folder, 3, 2) as it:
        words = ["map", "-q", "script.py", "in.jsonl", "-o", "killed", "--cluster", it.address]
        process = subprocess.Popen([*CONDAVISION, *words], cwd=folder, stdout=subprocess.DEVNULL)
        killed = 0
        while process.poll() is None and killed < kills:
            size = log.stat().st_size + random.randrange(6 * KILLED // kills)
            while process.poll() is None and log.stat().st_size < size:
                time.sleep(0.001)
            killed += it.kill_one()
        code = process.wait()
    lines = (folder / "killed" / "results.jsonl").read_text().splitlines()
    found = [json.loads(row) for row in lines]
    assert [row["input"]["text"] for row in found] == [*map(str, range(KILLED))]
    ok = sum(row["exit_code"] == 0 for row in found)
    runs = len(log.read_text().splitlines())
    print(
        f"{killed} kills, exit code {code}: {len(found)} inputs, each in the results once, of which"
        f" {ok} succeeded; {runs} processes"
    )


def measure_first(folder: Path) -> None:
    write_inputs(folder, 1)
    installed = []
    firsts = []
    for number in range(3):
        home = {**os.environ, "CONDAVISION_HOME": str(folder / f"empty-install{number}")}
        words = [*CONDAVISION, "install", "-q", "script.py"]
        started = time.perf_counter()
        subprocess.run(words, cwd=folder, env=home, check=True, stdout=subprocess.DEVNULL)
        installed.append(time.perf_counter() - started)
        with cluster(folder, 1, 1, f"empty-worker{number}") as it:
            firsts.append(mapped(folder, f"first{number}", "--cluster", it.address).wall)
    print(
        f"first result of a worker with an empty cache: {statistics.median(firsts):.1f} s;"
        f" `condavision install` with one: {statistics.median(installed):.1f} s"
    )


def measure_threads(folder: Path, threads: int, window: int) -> None:
    per_worker = 50
    with cluster(folder, max(1, threads // per_worker), per_worker) as it:
        run = partial(bare, it.client, "builtins:str", "x")
        run(1000, window)
        count = 5_000
        before = seconds_of(it.scheduler)
        seconds = run(count, window)
        cpu = (seconds_of(it.scheduler) - before) / count * 1000
        print(
            f"{threads} threads of workers, {window} tasks submitted at once: {count / seconds:.0f}"
            f" tasks that do nothing in a second; scheduler {cpu:.2f} ms of CPU each,"
            f" {it.memory:.0f} MB"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flat", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--first", action="store_true")
    parser.add_argument("--threads", type=int, default=1000)
    parser.add_argument("--window", type=int, default=3000)
    given = parser.parse_args()
    with prepared() as folder:
        if given.tasks:
            measure_added(folder, given.tasks, given.rounds)
        if given.first:
            measure_first(folder)
        if given.threads:
            measure_threads(folder, given.threads, given.window)
        if given.flat:
            measure_flat(folder, given.flat)
        if given.kills:
            kill(folder, given.kills)


if __name__ == "__main__":
    main()
