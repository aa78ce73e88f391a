"""When runs are warm, when cold and why; and what becomes of zygotes and their runs."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from condavision.environments.activation import Activation
from condavision.project.targets import Module
from condavision.serving.zygote.orphan import kernel_reports_exit
from condavision.serving.zygote.process import ZygoteEndedError
from condavision.serving.zygote.starter import ZygoteStarter
from condavision.serving.zygote.status import ColdReason, SkipReason, WarmStatus
from condavision.serving.zygote.wording import cold_words, skipped_words
from tests.serving.zygote.programs import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.exec_stage.prepared import Prepared
    from condavision.interpreters.probing import Interpreter
    from condavision.serving.zygote.process import Zygote
    from tests.serving.zygote.conftest import Bench

PLAIN = Program("", "")
IDS = "import os, random, sys\nprint(os.getpid(), random.random(), os.getppid())\n"


class Open:
    """A run that ends when its standard input does."""

    def __init__(self, bench: Bench, starter: ZygoteStarter, prepared: Prepared) -> None:
        self.stdin, self.feed = os.pipe()
        self.output, self.stdout = os.pipe()
        job = bench.job((self.stdin, self.stdout, self.stdout), prepared)
        self.child = bench.runner.run(starter.start(job))
        os.close(self.stdin)
        os.close(self.stdout)

    def line(self) -> bytes:
        """Return a line of its output; none at its end."""
        found = b""
        while not found.endswith(b"\n") and (byte := os.read(self.output, 1)):
            found += byte
        return found

    def close(self) -> None:
        os.close(self.feed)
        os.close(self.output)


def ids(bench: Bench, starter: ZygoteStarter, prepared: Prepared) -> tuple[str, ...]:
    result = bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    return tuple(result.stdout.decode().split())


def test_every_warm_run_is_a_new_process_of_one_zygote(bench: Bench) -> None:
    bench.write(IDS)
    starter, prepared = bench.starter(), bench.prepared()
    assert starter.status(prepared).cold is ColdReason.STARTING
    runs = [ids(bench, starter, prepared) for _ in range(3)]
    pids, numbers, parents = (set(column) for column in zip(*runs, strict=True))
    assert (len(pids), len(numbers), len(parents)) == (3, 3, 1)
    assert starter.status(prepared) == WarmStatus(None, "", ("os", "random", "sys"), (), 3)


def test_another_script_and_another_lock_have_another_zygote(bench: Bench) -> None:
    bench.write(IDS)
    starter, first = bench.starter(), bench.prepared()
    *_, parent = ids(bench, starter, first)
    again = replace(first, inputs=replace(first.inputs, started=2))  # looked at again, unchanged
    assert ids(bench, starter, again)[-1] == parent
    bench.write(
        "import difflib, os\nprint(difflib.__name__, difflib.SequenceMatcher, os.getppid())"
    )
    edited = replace(first, inputs=replace(first.inputs, started=3))
    assert ids(bench, starter, edited)[-1] != parent
    assert starter.status(edited).preloaded == ("difflib", "os")
    *_, parent = ids(bench, starter, edited)
    (bench.folder / "difflib.py").write_text("SequenceMatcher = 4\n")
    shadowed = replace(first, inputs=replace(first.inputs, started=4))
    *_, found, other = ids(bench, starter, shadowed)
    assert found == "4"
    assert starter.status(shadowed).preloaded == ("os",)
    assert other != parent
    locked = replace(edited, paths=(bench.folder / "more",))
    assert ids(bench, starter, locked)[-1] not in {parent, other}


def test_a_zygote_is_replaced_after_so_many_forks(bench: Bench) -> None:
    bench.write(IDS)
    starter = bench.warm["few"] = ZygoteStarter(bench.cold, forks=2)
    prepared = bench.prepared()
    first = ids(bench, starter, prepared)[-1]

    async def until_replaced() -> int:
        for count in range(1000):
            result = await bench.run(starter, prepared, PLAIN)
            if result.stdout.decode().split()[-1] != first:
                return count
        return 0

    assert bench.runner.run(until_replaced()) >= 1


def zygote_of(starter: ZygoteStarter, prepared: Prepared) -> Zygote:
    found = starter.zygote(prepared)
    assert found is not None
    return found


def test_a_run_survives_its_zygote(bench: Bench) -> None:
    bench.write("import sys\nprint('up', flush=True)\nsys.exit(int(sys.stdin.read() or 0))\n")
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    run = Open(bench, starter, prepared)
    assert run.child.warm
    assert run.line() == b"up\n"
    os.kill(zygote_of(starter, prepared).pid, signal.SIGKILL)
    bench.runner.run(zygote_of(starter, prepared).exit_code())
    os.write(run.feed, b"7")
    os.close(run.feed)
    expected = 7 if kernel_reports_exit() else -signal.SIGKILL
    assert bench.runner.run(run.child.wait()) == expected
    os.close(run.output)
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))  # there is another zygote


def test_the_end_of_the_server_ends_zygotes_and_runs(bench: Bench) -> None:
    bench.write(
        "import sys, subprocess\n"
        "subprocess.Popen(['sleep', '1000'])\nprint('up', flush=True)\nsys.stdin.read()\n"
    )
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    run = Open(bench, starter, prepared)
    assert run.line() == b"up\n"
    bench.runner.run(starter.close())
    assert bench.runner.run(run.child.wait()) == -signal.SIGKILL
    assert run.line() == b""  # what it has started has ended too
    run.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_signals_reach_a_run_at_once(bench: Bench, number: int) -> None:
    bench.write("import sys\nsys.stdin.read()\n")
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    run = Open(bench, starter, prepared)
    run.child.signal(number)
    assert bench.runner.run(run.child.wait()) == -number
    run.child.signal(number)  # to nobody
    run.close()


def test_what_cannot_be_forked_runs_cold(bench: Bench) -> None:
    bench.write(IDS)
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    zygote = zygote_of(starter, prepared)
    missing = replace(bench.job((0, 1, 2), prepared), cwd=bench.folder / "missing")
    with pytest.raises(ZygoteEndedError):
        bench.runner.run(zygote.fork(missing, {}))

    async def abandoned() -> None:
        while not zygote.spares:
            await asyncio.sleep(0.01)
        os.kill(zygote.pid, signal.SIGSTOP)
        for _ in range(2):  # the first was forked before, and runs
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(bench.run(starter, prepared, PLAIN), 0.1)
        os.kill(zygote.pid, signal.SIGCONT)
        await bench.run(starter, prepared, PLAIN)

    bench.runner.run(abandoned())
    assert starter.status(prepared).forks == 3  # the abandoned run was never run


def test_a_fork_that_has_died_waiting_is_replaced(bench: Bench) -> None:
    bench.write(IDS)
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    zygote = zygote_of(starter, prepared)

    async def killed() -> None:
        while not zygote.spares:
            await asyncio.sleep(0.01)
        (spare,) = zygote.spares
        os.kill(spare, signal.SIGKILL)
        while zygote.spares in ((), (spare,)):
            await asyncio.sleep(0.01)
        assert (await bench.run(starter, prepared, PLAIN)).exit_code == 0

    bench.runner.run(killed())


def test_a_request_of_any_size(bench: Bench) -> None:
    bench.write("import sys\nprint(len(sys.argv[1]), len(sys.argv))\n")
    starter, prepared = bench.starter(), bench.prepared()
    for size in (1, 16_000, 17_000, 100_000):
        program = Program("", "", args=("x" * size, "y"))
        result = bench.runner.run(bench.run(starter, prepared, program, warm=True))
        assert result.stdout == b"%d 3\n" % size


REFUSED: Mapping[SkipReason, str] = {
    SkipReason.PRINTS: "print('Hello from the module')",
    SkipReason.REPLACES_STREAMS: "import io, sys; sys.stdout = io.StringIO()",
    SkipReason.KEEPS_OPEN: "f = open(__file__)",
    SkipReason.STARTS_PROCESSES: "import subprocess; p = subprocess.Popen(['sleep', '1000'])",
    SkipReason.STARTS_THREADS: (
        "import threading, time; threading.Thread(target=time.sleep, args=[9], daemon=1).start()"
    ),
    SkipReason.STARTS_TIMER: "import signal; signal.alarm(1000)",
    SkipReason.SHARES_MEMORY: "import mmap; m = mmap.mmap(-1, 100)",
    SkipReason.USES_TEMPORARY_FOLDER: "import tempfile; d = tempfile.TemporaryDirectory()",
    SkipReason.CHANGES_PATH: "import sys; sys.path.append('/nowhere')",
    SkipReason.CHANGES_FOLDER: "import os; os.chdir('/tmp')",
    SkipReason.IMPORTS_LOCAL: "import beside",
    SkipReason.KEEPS_GENERATOR: "import random; r = random.Random()",
    SkipReason.FAILS: "1/0",
    SkipReason.CRASHES: "import os; os._exit(3)",
}


@pytest.mark.slow
def test_modules_that_do_not_survive_a_fork_are_left_to_the_script(bench: Bench) -> None:
    library = bench.library()
    for reason, code in REFUSED.items():
        (library / f"m_{reason.name.lower()}.py").write_text(code)
    (bench.folder / "beside.py").write_text("")
    names = [f"m_{reason.name.lower()}" for reason in REFUSED]
    bench.write(f"import json, {', '.join(names)}, difflib\n")
    starter, prepared = bench.starter(), bench.prepared()
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    status = starter.status(prepared)
    assert status.preloaded == ("json", "difflib")
    assert [(it.module, it.reason) for it in status.skipped] == [
        (name, reason) for name, reason in zip(names, REFUSED, strict=True)
    ]
    assert "Hello from the module" in skipped_words(status.skipped[0])
    assert all(map(skipped_words, status.skipped))


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        (ColdReason.ACTIVATION, {"activation": Activation((), ("/etc/profile",))}),
        (ColdReason.SEARCH_PATH, {}),
        (ColdReason.SANDBOX, {}),
        (ColdReason.MEMORY, {}),
    ],
)
def test_why_a_script_stays_cold(
    bench: Bench, reason: ColdReason, change: dict[str, object]
) -> None:
    bench.write(IDS)
    prepared = replace(bench.prepared(), **change)  # type: ignore[arg-type]
    low = reason is ColdReason.MEMORY
    starter = bench.warm["cold"] = ZygoteStarter(bench.cold, memory_low=lambda: low)

    async def settled() -> WarmStatus:
        with open(os.devnull, "r+b") as null:  # noqa: PTH123
            streams = null.fileno(), null.fileno(), null.fileno()
            job = bench.job(streams, prepared)
            if reason is ColdReason.SEARCH_PATH:
                job = replace(job, environ={**job.environ, "PYTHONPATH": "here:/there"})
            if reason is ColdReason.SANDBOX:
                job = replace(job, sandbox=("/usr/bin/env",))
            child = await starter.start(job)
            assert not child.warm
            assert await child.wait() == 0
        return starter.status(prepared)

    status = bench.runner.run(settled())
    assert status.cold is reason
    assert cold_words(status)


def test_python_2_stays_cold(
    bench: Bench, interpreter: Callable[[tuple[int, int]], Interpreter]
) -> None:
    bench.use(interpreter((2, 7)).executable)
    bench.write("print 2\n")
    starter, prepared = bench.starter(), bench.prepared()

    async def settled() -> WarmStatus:
        while starter.status(prepared).cold is ColdReason.STARTING:
            assert (await bench.run(starter, prepared, PLAIN)).stdout == b"2\n"
        return starter.status(prepared)

    assert bench.runner.run(settled()) == WarmStatus(ColdReason.PYTHON, "2.7")


def test_a_zygote_that_crashes_again_and_again_is_given_up(bench: Bench) -> None:
    bench.write(IDS)
    starter, prepared = bench.starter(), bench.prepared()

    async def kill_whenever_ready() -> None:
        while starter.status(prepared).cold is not ColdReason.CRASH:
            await bench.run(starter, prepared, PLAIN)
            if found := starter.zygote(prepared):
                os.kill(found.pid, signal.SIGKILL)
                await found.exit_code()

    bench.runner.run(kill_whenever_ready())
    assert not bench.runner.run(bench.run(starter, prepared, PLAIN)).stderr


def test_modules_and_the_sitecustomize_of_an_environment(bench: Bench) -> None:
    (bench.library() / "sitecustomize.py").write_text("import sys; sys.mark = __file__\n")
    package = bench.folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("import json\n")
    main = package / "__main__.py"
    main.write_text(
        "import sys, difflib\nfrom . import other\n"
        "print(__name__, __spec__, sys.argv, sys.path, sys.mark, sys.modules['sitecustomize'])\n"
        "print(sys.flags, getattr(sys, 'orig_argv', 0), other.X, sorted(sys.modules))\n1/0\n"
    )
    (package / "other.py").write_text("import heapq\nX = heapq\n")
    target = Module("package", bench.folder)
    prepared = bench.prepared(target, files=(main,))
    prepared = replace(prepared, paths=(bench.folder,))
    program = Program("", "", args=("a", "-b"))
    warm = bench.runner.run(bench.run(bench.starter(), prepared, program, warm=True))
    cold = bench.runner.run(bench.run(bench.cold, prepared, program))
    assert warm == cold
    assert bench.starter().status(prepared).preloaded == ("json", "sys", "difflib", "heapq")
