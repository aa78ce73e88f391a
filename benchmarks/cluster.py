"""Measure `condavision map`: what a task costs on top of its process, memory, and kills.

    python -m benchmarks.cluster [--tasks 200] [--rounds 5] [--jobs 2]
                                 [--flat 10000] [--loop 100000] [--kills 0] [--inputs 2000]

A script is made and locked in a temporary project on this machine's interpreters. `added` is what
each task takes, less the start of the command, compared with the same processes run directly in as
many threads, in time and in CPU; rounds of both alternate, and the median of each is taken. `flat`
is the memory of a map of this many inputs, and of one with a tenth of them. `loop` runs the loop
with an engine that answers at once: what inputs and rows cost without processes. `kills` is how
often a map of `inputs` inputs is killed at random moments; each input must then be in the results.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.cluster.engine import Engine
from condavision.cluster.inputs import Inputs, Kind
from condavision.cluster.job import describe
from condavision.cluster.results import held
from condavision.cluster.spread import Policy, Spread, Tally
from condavision.cluster.task import File, Limits, Outcome, Task
from condavision.inference.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

CONDAVISION = [sys.executable, "-E", "-P", "-m", "condavision"]
SCRIPT = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("text")
parser.add_argument("--log")
parser.add_argument("--sleep", type=float, default=0)
options = parser.parse_args()
if options.log:
    with open(options.log, "a") as stream:
        stream.write(options.text + "\\n")
time.sleep(options.sleep)
print(options.text)
"""


def write_inputs(folder: Path, count: int, **more: Any) -> None:
    with (folder / "in.jsonl").open("w") as stream:
        for number in range(count):
            stream.write(f"{json.dumps({'text': f'{number}', **more})}\n")


KILLED = 2000  # inputs of the maps that are killed


@dataclass(frozen=True)
class Cost:
    """Seconds, those of processors, and the megabytes that the largest process had."""

    wall: float
    cpu: float
    memory: float


def cost(folder: Path, command: list[str]) -> Cost:
    """Run a command; return what it took, with the processes that it started."""
    code = (
        "import json, resource, subprocess, sys, time; started = time.perf_counter();"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(json.dumps([time.perf_counter() - started, used.ru_utime + used.ru_stime,"
        " used.ru_maxrss / 1024]))"
    )
    words = [sys.executable, "-c", code, *command]
    found = subprocess.run(words, cwd=folder, capture_output=True, check=True, text=True)
    return Cost(*json.loads(found.stdout))


@contextmanager
def prepared() -> Iterator[Path]:
    """Yield a project with a script whose environment is installed, and a cache of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.py").write_text(SCRIPT)
        (folder / "condavision.toml").write_text('channels = ["interpreters:"]\n')
        os.environ["CONDAVISION_HOME"] = str(folder / "home")
        for command in ("lock", "install"):
            words = [*CONDAVISION, command, "-q", "script.py"]
            subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        yield folder


def mapped(folder: Path, out: str, *options: str) -> Cost:
    words = ["map", "-q", "script.py", "in.jsonl", "-o", out, *options]
    return cost(folder, [*CONDAVISION, *words])


DIRECT = """
import subprocess, sys
from concurrent.futures import ThreadPoolExecutor
python, count, jobs = sys.argv[1:]
def run(number):
    subprocess.run([python, "script.py", str(number)], capture_output=True)
with ThreadPoolExecutor(int(jobs)) as threads:
    list(threads.map(run, range(int(count))))
"""


def measure_added(folder: Path, tasks: int, rounds: int, jobs: int) -> None:
    words = [*CONDAVISION, "path", "--python", "script.py"]
    python = subprocess.run(words, cwd=folder, capture_output=True, check=True, text=True).stdout
    maps, bare = [], []
    for number in range(rounds):
        found = []
        for size in (1, tasks):
            write_inputs(folder, size)
            processes = [sys.executable, "-c", DIRECT, python.strip(), str(size), str(jobs)]
            map_ = mapped(folder, f"out{number}-{size}", "--jobs", str(jobs))
            found.append((map_, cost(folder, processes)))
        (one, first), (all_, rest) = found
        maps.append([(getattr(all_, it) - getattr(one, it)) / tasks for it in ("wall", "cpu")])
        bare.append([(getattr(rest, it) - getattr(first, it)) / tasks for it in ("wall", "cpu")])
    for what, ours, theirs in zip(
        ("time", "CPU"), zip(*maps, strict=True), zip(*bare, strict=True), strict=True
    ):
        ours_, theirs_ = (statistics.median(it) * 1000 for it in (ours, theirs))
        print(
            f"{what} of each of {tasks} tasks, {jobs} at once: directly {theirs_:.1f} ms,"
            f" map {ours_:.1f} ms ({ours_ - theirs_:+.1f} ms, {ours_ / theirs_:.2f}x)"
        )


def measure_flat(folder: Path, count: int, jobs: int) -> None:
    for size in (count // 10, count):
        write_inputs(folder, size)
        found = mapped(folder, f"flat{size}", "--jobs", str(jobs))
        print(f"{size} inputs: {found.memory:.1f} MB at most, {found.wall:.0f} s")


def measure_loop(folder: Path, count: int) -> None:
    class Instant(Engine):
        """Answers at once, in pairs whose order it changes: half of the rows wait."""

        capacity = 8
        hosts = ()
        held: tuple[Future[Outcome], Outcome] | None = None

        def submit(self, _: Any, /, __: Any, task: Task) -> Future[Outcome]:  # type: ignore[override]
            future: Future[Outcome] = Future()
            outcome = Outcome(task.number, 0, stdout=File("stdout", 3, b"ok\n"), host="n1")
            if self.held is None:
                self.held = future, outcome
            else:
                future.set_result(outcome)
                self.held[0].set_result(self.held[1])
                self.held = None
            return future

        def prepare(self, *_: Any) -> None:
            pass

        def install(self, _: Path | None) -> dict[str, Exception | None]:
            return {}

        def cancel_all(self) -> None:
            pass

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    os.chdir(folder)
    for size in (count // 10, count):
        write_inputs(folder, size)
        found = describe(Path("script.py"), Workspace(), folder, Limits())
        inputs = Inputs(Kind.JSON, ("in.jsonl",), found.interface)
        times = [time.process_time()]
        assert inputs.check().count == size
        times.append(time.process_time())
        with held(folder / f"loop{size}") as results:
            results.open({"lock": "x"})
            spread = Spread(
                found.job, Instant(), results, Policy(), Tally(total=size), lambda _: None
            )
            spread.run(inputs)
        times.append(time.process_time())
        checked, ran = (times[it + 1] - times[it] for it in range(2))
        print(
            f"{size} inputs without processes: {checked / size * 1e6:.0f} us each to check,"
            f" {ran / size * 1e6:.0f} us to hand out and write; {peak() / 1024:.1f} MB at most"
        )


def kill(folder: Path, kills: int, count: int, jobs: int) -> None:
    log = folder / "log"
    log.touch()
    write_inputs(folder, count, log=str(log))
    words = ["map", "-q", "script.py", "in.jsonl", "-o", "killed", "--jobs", str(jobs)]
    for _ in range(kills):
        size = log.stat().st_size + random.randrange(1, 4 * count // max(kills, 1))
        process = subprocess.Popen([*CONDAVISION, *words], cwd=folder, stdout=subprocess.DEVNULL)
        while process.poll() is None and log.stat().st_size < size:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.wait()
    subprocess.run([*CONDAVISION, *words], cwd=folder, check=True)
    lines = (folder / "killed" / "results.jsonl").read_text().splitlines()
    assert [json.loads(it)["input"]["text"] for it in lines] == [*map(str, range(count))]
    runs = len(log.read_text().splitlines())
    print(f"{kills} kills: {len(lines)} inputs, each in the results once; {runs} processes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--flat", type=int, default=10_000)
    parser.add_argument("--loop", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--inputs", type=int, default=KILLED)
    given = parser.parse_args()
    with prepared() as folder:
        if given.tasks:
            measure_added(folder, given.tasks, given.rounds, given.jobs)
        if given.loop:
            measure_loop(folder, given.loop)
        if given.flat:
            measure_flat(folder, given.flat, given.jobs)
        if given.kills:
            kill(folder, given.kills, given.inputs, given.jobs)


if __name__ == "__main__":
    main()
