"""The process that starts is the script's own: arguments, streams, signals, exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.core.platforms import current_subdir
from condavision.environments.install import install
from condavision.system.progress import Progress
from tests.command_line import on_terminal
from tests.environments.conftest import link_packages, lock_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from condavision.environments.environment import Environment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="exec is POSIX's")

RUN = """
import sys
from pathlib import Path
from condavision.environments.activation import load
from condavision.environments.environment import Environment
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.process import become
prefix, script, *args = sys.argv[1:]
environment = Environment(Path(prefix), "", "linux-64")
activation, inputs = load(environment.prefix), WarmInputs((), (), {})
prepared = Prepared(Path(script), environment, activation, (Path("/added"),), inputs)
become(prepared, args, script, record=False)
"""
SHOW = """
import json, os, sys
print(json.dumps([sys.argv, sys.prefix, os.getpid(), os.environ.get("PYTHONPATH"),
                  os.environ.get("SAMPLE_SET"), os.environ["PATH"].split(":")[0]]))
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runner") / "run.py"
    path.write_text(RUN)
    return path


@pytest.fixture(scope="module")
def environment(
    channel_folder: Path, extracted_pythons: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """An environment with an activation script, for tests that leave it as it is."""
    home = tmp_path_factory.mktemp("home")
    link_packages(extracted_pythons, home)
    lock = lock_of(channel_folder.as_uri(), "activation-sample")
    return install(lock, current_subdir(), home=home, progress=Progress(), compile_bytecode=False)


@pytest.fixture
def command(
    runner: Path, tmp_path: Path, environment: Environment, clean_environment: None
) -> Callable[..., list[str]]:
    def make(code: str, *args: str) -> list[str]:
        script = tmp_path / "script of mine.py"
        script.write_text(code)
        return [sys.executable, str(runner), str(environment.prefix), str(script), *args]

    return make


def variables() -> dict[str, str]:
    root = str(Path(condavision.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root}


def run(command: Sequence[str | bytes], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=variables(), input=text, capture_output=True, text=True, check=False
    )


def test_it_is_the_same_process(command: Callable[..., list[str]]) -> None:
    with subprocess.Popen(command(SHOW, "a b", ""), env=variables(), stdout=-1) as started:
        assert started.stdout is not None
        argv, prefix, pid, path, sample, first = json.loads(started.stdout.read())
        assert pid == started.pid
    assert argv[1:] == ["a b", ""]
    assert argv[0].endswith("script of mine.py")
    assert sample == f"in {prefix}"
    assert first == f"{prefix}/bin"
    assert path.startswith("/added:")


def test_arguments_are_bytes(command: Callable[..., list[str]]) -> None:
    code = "import os, sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))"
    awkward = [b"\xff\xfe", b"--help", b"-c", b"$HOME;`x`", b"*", b"new\nline", "é".encode(), b"'"]
    result = subprocess.run(
        [*map(os.fsencode, command(code)), *awkward],
        env=variables(),
        capture_output=True,
        check=True,
    )
    assert result.stdout == b"|".join(awkward)


@pytest.mark.parametrize("code", [0, 1, 3, 70, 255])
def test_the_exit_code_is_the_scripts(code: int, command: Callable[..., list[str]]) -> None:
    assert run(command(f"import sys; sys.exit({code})")).returncode == code


def test_streams_are_inherited(command: Callable[..., list[str]]) -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('err', file=sys.stderr)"
    result = run(command(code), "text")
    assert (result.stdout, result.stderr) == ("TEXT\n", "err\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_reach_the_script(
    number: signal.Signals, command: Callable[..., list[str]]
) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL);"
        "print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(command(code), env=variables(), stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        started.stdout.readline()
        started.send_signal(number)
        assert started.wait(600) == -number


def test_a_terminal_stays_a_terminal(command: Callable[..., list[str]]) -> None:
    code = "import sys; print([s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)])"
    assert "[True, True, True]" in on_terminal(command(code), env=variables())


def test_live_activation_is_the_same_process_too(
    runner: Path, tmp_path: Path, make_environment: Callable[..., Environment]
) -> None:
    environment = make_environment(compile_bytecode=False)
    folder = environment.prefix / "etc" / "conda" / "activate.d"
    folder.mkdir(parents=True)
    (folder / "now.sh").write_text('echo noise\nexport SAMPLE_SET="$(date +%Y) $#"\n')
    (environment.prefix / "conda-meta" / "condavision-activation").unlink()
    script = tmp_path / "it's.py"
    script.write_text(SHOW)
    started = [sys.executable, *map(str, (runner, environment.prefix, script)), "a b"]
    with subprocess.Popen(started, env=variables(), stdout=-1, stderr=-1) as process:
        output, errors = process.communicate(timeout=600)
    argv, _, pid, _, sample, _ = json.loads(output)
    assert (argv[1:], pid, sample) == (["a b"], process.pid, f"{time.gmtime().tm_year} 0")
    assert errors == b"noise\n"


def test_user_site_is_kept_out(
    command: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "")
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "user"))
    result = run(command("import site; print(site.ENABLE_USER_SITE)"))
    assert result.stdout == "False\n"
