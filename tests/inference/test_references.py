"""The two locks that `diff` compares, as a person names them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_a_folder_stands_for_the_lock_its_scripts_share(command: CommandLine) -> None:
    command("lock", "--together", ".").ok()
    assert command("diff", "s.py", ".").ok().out == "no package differs\n"


def test_what_git_lacks_can_be_named_otherwise(command: CommandLine) -> None:
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "empty"]):
        user = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", command.folder, *user, *words], check=True)
    failed = command("diff", "HEAD:s.py", "s.py")
    assert failed.code == 70
    assert "git has no locks/scripts.yml in HEAD" in failed.err
    assert "or a lock's hash" in failed.err
