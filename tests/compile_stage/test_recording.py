"""What is written to the locks folder, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.locks.index import Entry, read_index, write_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command_line import CommandLine


@pytest.fixture
def command(local_command: CommandLine) -> CommandLine:
    return local_command


def test_a_deleted_environment_file_is_written_again(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    (environment,) = (command.folder / "locks" / ".local").glob("*.environment.yml")
    text = environment.read_text()
    environment.unlink()
    command("lock", "s.py").ok()
    assert environment.read_text() == text


@pytest.mark.parametrize("together", [False, True])
def test_a_module_that_cannot_be_read_leaves_the_index_as_it_was(
    command: CommandLine, closed: Callable[[Path], None], together: bool
) -> None:
    (command.folder / "helper.py").write_text("import sys\n")
    (command.folder / "s.py").write_text("import helper\n")
    target = ("--together", ".") if together else ("s.py",)
    command("lock", *target).ok()
    index = command.folder / "locks" / ".local" / "scripts.yml"
    before = index.read_bytes()
    closed(command.folder / "helper.py")
    locked = command("lock", *target)
    assert locked.code == 65, locked.err
    assert "helper.py cannot be read: Permission denied" in locked.err
    assert index.read_bytes() == before


def test_a_lock_that_run_does_not_use_is_reported(command: CommandLine) -> None:
    (command.folder / "condavision.toml").unlink()
    committed = read_index(command.folder / "locks").updated({"s.py": Entry("0" * 16, "1" * 16)})
    write_index(committed)
    locked = command("lock", "-c", "interpreters:", "s.py", "--json").ok()
    assert any("which `run` uses" in caution for caution in locked.json()[0]["cautions"])
    assert "locks/scripts.yml" in command("lock", "-c", "interpreters:", "s.py").ok().err
