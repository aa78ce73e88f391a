"""The two locks that `diff` compares, as a person names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_a_folder_stands_for_the_lock_its_scripts_share(command: CommandLine) -> None:
    command("lock", "--together", ".").ok()
    assert command("diff", "s.py", ".").ok().out == "no package differs\n"
