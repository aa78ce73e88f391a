"""Warm and cold runs of programs under Pythons of this machine."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tty
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.environments.activation import Activation
from condavision.environments.environment import Environment
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.interpreters.discovery import discover
from condavision.project.targets import Module
from condavision.serving.starting import ColdStarter, Job
from condavision.serving.zygote.starter import ZygoteStarter
from condavision.serving.zygote.status import ColdReason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.project.targets import Target
    from condavision.serving.starting import Child, Starter
    from tests.serving.zygote.programs import Program

HEAD = "import json, logging, multiprocessing, random, threading\n"
"""Imports of some programs, which their zygotes have done before the fork."""

TRIES = 1000
"""Cold runs, at most, until one is warm."""

VARYING = frozenset({"RUN", "GIVEN", "LAST"})
ADDRESSES = re.compile(rb"0x[0-9a-f]{6,}|started \d+|Thread-\d+|process \d+")


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run leaves; ``files`` are those in its working directory."""

    exit_code: int
    files: Mapping[str, bytes]
    stdout: bytes
    stderr: bytes


class Bench:
    """Runs scripts of one folder under one Python, which need not be this one."""

    def __init__(self, folder: Path, python: Path, version: tuple[int, int]) -> None:
        if sys.platform != "linux":
            pytest.skip("warm starts need Linux")
        self.folder, self.version = folder, version
        self.prefix = folder / "prefix"
        self.script = folder / "script.py"
        (self.prefix / "bin").mkdir(parents=True)
        self.use(python)
        (folder / "work").mkdir()
        self.cold = ColdStarter()
        self.runner = asyncio.Runner()
        self.threads = ThreadPoolExecutor(3)
        self.warm: dict[str, ZygoteStarter] = {}

    def use(self, python: Path) -> None:
        """Run scripts with another Python."""
        (self.prefix / "bin" / "python").unlink(missing_ok=True)
        (self.prefix / "bin" / "python").symlink_to(python)
        self.python = python

    def library(self) -> Path:
        """Return the folder of the environment's own modules."""
        (self.prefix / "pyvenv.cfg").write_text(f"home = {self.python.parent}\n")
        major, minor = self.version
        found = self.prefix / "lib" / f"python{major}.{minor}" / "site-packages"
        found.mkdir(parents=True)
        return found

    def write(self, code: str) -> None:
        self.script.write_text(code, encoding="utf-8")

    def prepared(self, target: Target | None = None, *, files: tuple[Path, ...] = ()) -> Prepared:
        environment = Environment(self.prefix, "", "linux-64")
        inputs = WarmInputs(files or (self.script,), (self.folder,), {}, 1)
        module = target.name if isinstance(target, Module) else ""
        return Prepared(target or self.script, environment, Activation(()), (), inputs, module)

    def starter(self, environ: Mapping[str, str] | None = None) -> ZygoteStarter:
        key = str(environ)
        if key not in self.warm:
            self.warm[key] = ZygoteStarter(self.cold, varying=VARYING)
        return self.warm[key]

    def job(
        self, streams: tuple[int, int, int], prepared: Prepared, program: Program | None = None
    ) -> Job:
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        args: tuple[str, ...] = ()
        if program:
            folder = str(self.folder)
            environ |= {k: v.replace("{folder}", folder) for k, v in program.environ.items()}
            args = program.args
        return Job(prepared, args, environ, self.folder / "work", *streams)

    async def run(
        self, starter: Starter, prepared: Prepared, program: Program, *, warm: bool = False
    ) -> Result:
        """Run a program; with ``warm`` until it is warm."""
        for _ in range(TRIES):
            child, result = await self._run(starter, prepared, program)
            if not warm or child.warm:
                return result
            await _zygote(starter, prepared)
        raise AssertionError(starter)

    async def cold_and_warm(
        self, starter: ZygoteStarter, prepared: Prepared, program: Program
    ) -> tuple[Result, Result]:
        """Run a program that is new to the starter, then once more in a fork of its zygote."""
        child, cold = await self._run(starter, prepared, program)
        assert not child.warm
        await _zygote(starter, prepared)
        return cold, await self.run(starter, prepared, program, warm=True)

    async def _run(
        self, starter: Starter, prepared: Prepared, program: Program
    ) -> tuple[Child, Result]:
        loop = asyncio.get_running_loop()
        with ExitStack() as ours, ExitStack() as theirs:
            if program.terminal:
                master, slave = os.openpty()
                tty.setraw(slave)
                ours.callback(os.close, master)
                theirs.callback(os.close, slave)
                os.write(master, program.input)
                streams, reading = (slave, slave, slave), [master]
            else:
                given = self.folder / "stdin"
                given.write_bytes(program.input)
                stdin = os.open(given, os.O_RDONLY)
                theirs.callback(os.close, stdin)
                reading, writing = [], []
                for _ in range(1 if program.merged else 2):
                    read, write = os.pipe()
                    ours.callback(os.close, read)
                    theirs.callback(os.close, write)
                    reading.append(read)
                    writing.append(write)
                streams = (stdin, writing[0], writing[-1])
            child = await starter.start(self.job(streams, prepared, program))
            theirs.close()
            outputs = [loop.run_in_executor(self.threads, _read, it) for it in reading]
            exit_code = await child.wait()
            texts = [_comparable(await it) for it in outputs]
            written = sorted((self.folder / "work").iterdir())
            files = {it.name: it.read_bytes() for it in written}
            for it in written:
                it.unlink()
            return child, Result(exit_code, files, texts[0], texts[-1])

    def close(self) -> None:
        for starter in self.warm.values():
            self.runner.run(starter.close())
        self.runner.close()
        self.threads.shutdown()


async def _zygote(starter: Starter, prepared: Prepared) -> None:
    """Wait until the zygote that a run has started is ready, or known to be impossible."""
    assert isinstance(starter, ZygoteStarter)
    while starter.status(prepared).cold is ColdReason.STARTING:
        await asyncio.sleep(0.005)


def _comparable(output: bytes) -> bytes:
    """Leave out what differs between runs; in 20 MB nothing does, and the search takes long."""
    return ADDRESSES.sub(b"", output) if len(output) < 1_000_000 else output


def _read(descriptor: int) -> bytes:
    content = bytearray()
    try:
        while part := os.read(descriptor, 1 << 16):
            content += part
    except OSError:
        pass  # the terminal has been closed
    return bytes(content)


@pytest.fixture(scope="module", params=["oldest", "newest"])
def shared(
    request: pytest.FixtureRequest,
    known_interpreters: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Bench]:
    """The programs of a module, under the oldest and the newest Python that can be a zygote."""
    able = [it for it in discover(known_interpreters) if it.minor >= (3, 6)]
    chosen = able[-1] if request.param == "oldest" else able[0]
    it = Bench(tmp_path_factory.mktemp("bench"), chosen.executable, chosen.minor)
    yield it
    it.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Scripts of this test, under the Python of the tests."""
    it = Bench(tmp_path, Path(sys.executable).resolve(), sys.version_info[:2])
    yield it
    it.close()
