"""Many scripts at once: each requirement set is solved once, and nothing finished is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from condavision.inference.conclusions import ConcludedInference
from condavision.inference.workspace import Workspace
from condavision.system.file_stamp import FileClocks
from tests.command_line import CONDAVISION, InProcess
from tests.compile_stage.conftest import package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

MODULES = ("requests", "six", "urllib3", "idna", "click", "rich")


@pytest.fixture
def many(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project of 120 scripts with 41 requirement sets."""
    small_channel.add(*(package(name, "1.0") for name in MODULES))
    sets = [chosen for size in (1, 2, 3) for chosen in combinations(MODULES, size)]
    (command.folder / "web.py").unlink()
    for number in range(120):
        chosen = sets[number % len(sets)]
        text = "".join(f"import {name}\n" for name in chosen)
        (command.folder / f"s{number}.py").write_text(f"{text}print({number})\n")
    return command


def locks(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "locks").glob("*.conda-lock.yml")}


def test_each_requirement_set_is_solved_once(many: CommandLine) -> None:
    finished = many("lock", ".").ok()
    assert finished.err.count("solving ") == 41
    assert len(finished.out.splitlines()) == 121
    assert len(locks(many.folder)) == 41
    again = many("lock", ".").ok()
    assert again.err == "120 scripts: 120 reused\n"
    many("check", ".").ok()


def test_what_follows_from_a_script_is_kept(
    many: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileClocks, "is_racy", lambda *_, **__: False)  # as if long there
    InProcess(many.folder)("lock", "s0.py").ok()
    workspace = Workspace()
    found = workspace.infer(workspace.project(many.folder / "s0.py"))
    assert isinstance(found, ConcludedInference)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_finished_before_an_interruption_is_kept(
    many: CommandLine, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*CONDAVISION, "lock", "."],
        cwd=many.folder,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(6000):
        if (many.folder / "locks").exists() and len(locks(many.folder)) > 2:
            break
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=600)
    assert "Traceback" not in said
    kept = locks(many.folder)
    index = (many.folder / "locks" / "scripts.yml").read_text()
    finished = many("lock", ".").ok()
    assert finished.err.count("solving ") <= 41 - len(kept) + 1
    after = locks(many.folder)
    assert len(after) == 41
    assert {name: after[name] for name in kept} == kept
    assert set(index.splitlines()) <= set(
        (many.folder / "locks" / "scripts.yml").read_text().splitlines()
    )
    assert not list((many.folder / "locks").glob(".*.tmp"))


def test_one_set_that_fails_keeps_no_other_from_its_lock(many: CommandLine) -> None:
    text = '# /// script\n# dependencies = ["six>=9"]\n# ///\nimport six\n'
    (many.folder / "s7.py").write_text(text)
    finished = many("lock", ".")
    assert finished.code == 67
    assert finished.err.count("error: ") == 1
    assert len(finished.out.splitlines()) == 120
