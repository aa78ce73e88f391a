"""The first door: exit codes that are true, interruptions without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import condavision
from condavision import launcher
from condavision.locking import exclusive

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


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interruption_is_one_line(
    home: Path, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    script = str(make_project({"a.py": "print(1)\n"}) / "a.py")
    with start("lock", "-c", "interpreters:", script) as process:
        assert "a.py" in process.communicate()[0]
    with start("install", script) as process:
        prefix = Path(process.communicate()[0].strip())
    prefix.joinpath("conda-meta", "condavision").unlink()
    with (
        exclusive(prefix.with_name(f"{prefix.name}.lock"), lambda: None),
        start("run", script) as process,
    ):
        assert process.stderr is not None
        assert "waiting for another process" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1].endswith("interrupted")
    assert "Traceback" not in errors
