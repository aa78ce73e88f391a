"""What `check` reports of a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_a_locked_script_that_is_no_longer_python_is_an_error(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    with (command.folder / "s.py").open("a") as stream:
        stream.write("def (\n")
    assert command("check", "s.py").code == 65
