"""A started process is as a shell would start it, under limits, and nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.environments.activation import Activation
from condavision.environments.environment import Environment
from condavision.errors import InstallError
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.serving.starting import ColdStarter, Job

if TYPE_CHECKING:
    from condavision.serving.starting import Child

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX's")


class Started:
    """A job of a script in a folder, and where its output goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        (self.prefix / "bin").mkdir(parents=True)
        (self.prefix / "bin" / "python").symlink_to(sys.executable)

    async def start(self, code: str, *args: str, stdin: bytes = b"", **limits: int) -> Child:
        script = self.folder / "script.py"
        script.write_text(code)
        self.folder.joinpath("stdin").write_bytes(stdin)
        environment = Environment(self.prefix, "", "linux-64")
        prepared = Prepared(script, environment, Activation(()), (), WarmInputs((), (), {}))
        with (
            self.folder.joinpath("stdin").open("rb") as given,
            self.folder.joinpath("stdout").open("wb") as output,
            self.folder.joinpath("stderr").open("wb") as errors,
        ):
            streams = given.fileno(), output.fileno(), errors.fileno()
            rlimits = {getattr(resource, name): value for name, value in limits.items()}
            job = Job(prepared, args, {"ONE": "1"}, self.folder, *streams, rlimits)
            return await ColdStarter().start(job)

    async def run(self, code: str, *args: str, stdin: bytes = b"", **limits: int) -> int:
        return await (await self.start(code, *args, stdin=stdin, **limits)).wait()

    @property
    def output(self) -> str:
        return self.folder.joinpath("stdout").read_text()


@pytest.fixture
def started(tmp_path: Path) -> Started:
    return Started(tmp_path)


def test_it_gets_what_the_job_has_and_nothing_else(started: Started) -> None:
    code = (
        "import os, sys; print(sys.argv[1:], sys.stdin.read(), os.getcwd() == sys.path[0],"
        "os.getpid() == os.getsid(0), os.environ.get('ONE'), os.environ.get('HOME'),"
        "sorted(map(int, os.listdir('/proc/self/fd')))[:3], len(os.listdir('/proc/self/fd')))"
    )
    with Path(os.devnull).open() as inherited:
        os.set_inheritable(inherited.fileno(), True)
        assert asyncio.run(started.run(code, "a b", "$HOME", stdin=b"in")) == 0
    assert started.output == "['a b', '$HOME'] in True True 1 None [0, 1, 2] 4\n"


@pytest.mark.parametrize(
    ("code", "limits", "exit_code"),
    [
        ("import sys; sys.exit(3)", {}, 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", {}, -signal.SIGTERM),
        ("import os; os.abort()", {"RLIMIT_CORE": 0}, -signal.SIGABRT),
        ("bytearray(1 << 31)", {"RLIMIT_AS": 1 << 30}, 1),
        ("[open(__file__) for _ in range(99)]", {"RLIMIT_NOFILE": 50}, 1),
        ("print('x' * 99_999)", {"RLIMIT_FSIZE": 50_000}, 1),
    ],
)
def test_exit_codes_and_limits(
    code: str, limits: dict[str, int], exit_code: int, started: Started
) -> None:
    assert asyncio.run(started.run(code, stdin=b"", **limits)) == exit_code


FAMILY = """
import subprocess, sys
code = "import time; print(1, flush=True); time.sleep(99)"
child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
"""


@pytest.mark.parametrize("ending", ["", "child.wait()"])
def test_the_whole_group_ends(ending: str, started: Started) -> None:
    """``ending`` is whether the script waits for its child, and has to be told to end."""

    async def run() -> int:
        child = await started.start(FAMILY + ending)
        while not (ending == "" or started.output.endswith("\n")):
            await asyncio.sleep(0.01)
        if ending:
            child.signal(signal.SIGTERM)
        code = await child.wait()
        child.signal(signal.SIGTERM)  # to nobody
        assert await child.wait() == code
        return code

    assert asyncio.run(run()) == (-signal.SIGTERM if ending else 0)
    until_gone(int(started.output))


def until_gone(pid: int) -> None:
    """Wait for the end of a process that was killed."""
    while not is_gone(pid):
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Return whether a process has ended, be it reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_what_cannot_be_started_is_an_error(started: Started) -> None:
    started.prefix.joinpath("bin", "python").unlink()
    with pytest.raises(InstallError, match="cannot be started"):
        asyncio.run(started.run(""))
