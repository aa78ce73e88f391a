"""The first door: exit codes that are true, interruptions without a traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import condavision
from condavision import entry as launcher
from condavision.system.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = str(Path(condavision.__file__).parents[1])
COMMAND = [sys.executable, "-m", "condavision"]


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, **options)


def test_success_and_usage_error(home: Path) -> None:
    with start("--version") as process:
        assert process.communicate()[0].startswith("condavision")
    assert process.returncode == 0
    with start("no-such-command") as process:
        assert "no-such-command" in process.communicate()[1]
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("given", "code"), [(None, 0), (0, 0), (3, 3), (256 + 7, 7), ("text", 1), (True, 1)]
)
@pytest.mark.skipif(os.name == "nt", reason="exit codes have 32 bits there")
def test_exit_codes_are_the_interpreters(given: object, code: int) -> None:
    assert launcher._exit_code(given) == code


@pytest.mark.skipif(os.name == "nt", reason="pipes")
def test_a_reader_that_went_away_is_no_error(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with start("--help", stdout=writer) as process:
        os.close(writer)
        assert process.communicate()[1] == ""
    assert process.returncode in {0, 1, 141}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interruption_is_one_line(
    home: Path, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    script = str(make_project({"a.py": "print(1)\n"}) / "a.py")
    with start("lock", "-c", "interpreters:", script) as process:
        assert "a.py" in process.communicate()[0]
    with start("path", script) as process:
        prefix = Path(process.communicate()[0].strip())
    prefix.joinpath("conda-meta", "condavision").unlink()
    with (
        exclusive(prefix.with_name(f"{prefix.name}.lock"), lambda: None),
        start("run", script) as process,
    ):
        assert process.stderr is not None
        assert "waiting for another process" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1].endswith("interrupted")
    assert "Traceback" not in errors


STREAMS = """\
import os, sys
def state(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return "closed"
    return "open"
found = [state(descriptor) for descriptor in range(3)]
with open(sys.argv[1], "w") as out:
    out.write(" ".join(found))
"""
CLOSED = {"<&-": 0, ">&-": 1, "2>&-": 2}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="descriptors")
@pytest.mark.parametrize("closed", [*([one] for one in CLOSED), list(CLOSED)], ids=" ".join)
def test_closed_streams_stay_closed(
    closed: list[str],
    home: Path,
    make_project: Callable[[Mapping[str, str]], Path],
    tmp_path: Path,
) -> None:
    """A daemon has none; the script gets what `python SCRIPT` would, cold and warm."""
    root = make_project({"condavision.toml": 'channels = ["interpreters:"]\n', "a.py": STREAMS})
    ours = shlex.join(COMMAND)

    def run(*arguments: str) -> int:
        command = f"exec {ours} {shlex.join(arguments)} {' '.join(closed)}"
        return subprocess.run(["sh", "-c", command], cwd=root, check=False).returncode

    assert run("lock", "a.py") == 0
    if len(closed) > 1:
        for arguments in (["check", "."], ["list", "--json"], ["doctor", "--offline"]):
            assert run(*arguments) == 0, arguments
        assert run("run", "missing.py") == 65
    numbers = {CLOSED[one] for one in closed}
    expected = ["closed" if number in numbers else "open" for number in range(3)]
    out = tmp_path / "out"
    for attempt in ("cold", "at once", "warm"):
        assert run("run", "a.py", str(out)) == 0, attempt
        assert out.read_text().split() == expected, attempt
        out.unlink()
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["--help"], ["explain", "--json", "examples/hello.py"]],
)
def test_a_full_standard_output_is_one_line(arguments: list[str], home: Path) -> None:
    for environ in ({}, {"PYTHONUNBUFFERED": "1"}):
        with (
            Path("/dev/full").open("w") as full,
            start(*arguments, stdout=full, env={**os.environ, **environ}) as process,
        ):
            errors = process.communicate()[1]
        assert process.returncode == 1
        assert errors == (
            "error: standard output cannot be written: No space left on device\n"
            "  hint: free space, or write elsewhere\n"
        )
