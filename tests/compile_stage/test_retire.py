"""Locks whose scripts were deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.locks.index import read_index

if TYPE_CHECKING:
    from tests.command_line import CommandLine


@pytest.fixture
def command(local_command: CommandLine) -> CommandLine:
    return local_command


@pytest.mark.parametrize("folder", ["jobs", "."])
def test_prune_forgets_the_last_script_of_a_folder(folder: str, command: CommandLine) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "s.py").rename(command.folder / "jobs" / "s.py")
    command("lock", folder).ok()
    (command.folder / "jobs" / "s.py").unlink()
    assert command("lock", folder).code == 65
    assert "removed jobs/s.py from scripts.yml" in command("lock", "--prune", folder).ok().err
    locks = command.folder / "locks" / ".local"
    assert not read_index(locks).entries
    assert not [*locks.glob("*.conda-lock.yml")]
