"""What is kept of ended runs: rows and folders, for some time and up to some size."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

from condavision.exec_stage.run_folder import RunFolder
from condavision.serving.options import Options
from condavision.serving.runs import Run, RunState, RunStore
from condavision.serving.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

HOUR = 3600.0


def kept(folder: Path, state: Path, runs: Mapping[str, tuple[float | None, int]]) -> set[str]:
    """Return which runs a server keeps: hours since each has ended, and bytes it has written."""
    service = Service(Options((folder,), state=state))
    now = time.time()

    async def tidied() -> set[str]:
        service.store = RunStore(state / "runs.sqlite")
        for name, (hours, size) in runs.items():
            ended = None if hours is None else now - HOUR * hours
            done = RunState.RUNNING if ended is None else RunState.DONE
            run = Run(name, "s.py", name, done, accepted=0, ended=ended)
            service.store.accept(run)
            written = service.folder_of(run)
            written.make()
            (written.work / "file").write_bytes(b"x" * (size // 2))
            written.stdout.write_bytes(b"x" * (size - size // 2))
        await service.tidy()
        found = {run.id for run in service.store.recent()}
        service.store.close()
        return found

    (state / "runs").mkdir(parents=True)
    found = asyncio.run(tidied())
    assert {path.name for path in (state / "runs").iterdir()} == found
    return found


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", {"new", "large", "old", "running"}),
        ("keep = 10800", {"new", "large", "running"}),
        ("keep = 1", {"running"}),
        ('keep-size = "56K"', {"new", "large", "running"}),
        ('keep-size = "40K"', {"new", "running"}),
        ('keep = 10800\nkeep-size = "40K"', {"new", "running"}),
        ('keep-size = "1K"', {"running"}),
    ],
)
def test_the_old_and_the_large_go(
    settings: str, expected: set[str], local_command: CommandLine, tmp_path: Path
) -> None:
    with (local_command.folder / "condavision.toml").open("a") as file:
        file.write(f"[serve]\n{settings}\n")
    runs = {"old": (4.0, 10), "large": (2.0, 50_000), "new": (1.0, 100), "running": (None, 10**6)}
    assert kept(local_command.folder, tmp_path / "state", runs) == expected


def test_a_run_cannot_have_other_folders_removed(
    local_command: CommandLine, tmp_path: Path
) -> None:
    """Links that it has made are removed, and what they lead to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    with (local_command.folder / "condavision.toml").open("a") as file:
        file.write("[serve]\nkeep = 10\n")
    state = tmp_path / "state"
    work = RunFolder(state / "runs" / "linked").work
    work.mkdir(parents=True)
    (work / "folder").symlink_to(outside)
    (work / "unreadable").mkdir(mode=0)
    service = Service(Options((local_command.folder,), state=state))

    async def tidied() -> None:
        service.store = RunStore(state / "runs.sqlite")
        service.store.accept(Run("1", "s.py", "linked", RunState.DONE, ended=1.0))
        await service.tidy()
        service.store.close()

    asyncio.run(tidied())
    assert not work.exists()
    assert (outside / "file").read_text() == "kept"
