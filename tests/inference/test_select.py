"""What is meant by the names on a command line, and which files in folders are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command_line import CommandLine


def test_a_folder_that_cannot_be_listed_is_reported(
    command: CommandLine, closed: Callable[[Path], None]
) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "job.py").write_text("import json\n")
    closed(command.folder / "jobs")
    reported = "caution: jobs skipped: cannot be listed: Permission denied\n"
    assert reported in command("lock", ".").ok().err
    assert reported in command("check", ".").ok().err
    assert reported in command("check", ".", "--json").ok().err
    locked = command("lock", "--together", ".", "--json").ok()
    assert "jobs skipped" in "".join(locked.json()[0]["cautions"])
    alone = command("lock", "jobs")
    assert alone.code
    assert "cannot be listed" in alone.err


def test_a_broken_symlink_is_reported(command: CommandLine) -> None:
    (command.folder / "gone.py").symlink_to(command.folder / "nowhere.py")
    reported = "caution: gone.py skipped: broken symlink\n"
    assert reported in command("lock", ".").ok().err
    assert reported in command("check", ".").ok().err


def test_an_empty_file_is_skipped(command: CommandLine) -> None:
    for name in ("begun.py", "constants.py"):
        (command.folder / name).touch()
    (command.folder / "job.py").write_text("import constants\n")
    locked = command("lock", ".", "--json").ok()
    assert [it["script"] for it in locked.json()] == ["job.py", "s.py"]
    assert locked.err.count("skipped") == 1
    assert "caution: begun.py skipped: empty file\n" in locked.err
    assert command("check", ".").ok()


def test_a_folder_without_scripts_is_an_error(command: CommandLine) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "begun.py").touch()
    (command.folder / "jobs" / "conftest.py").write_text("import json\n")
    for command_name in ("lock", "check"):
        refused = command(command_name, "jobs")
        assert refused.code == 65, refused.err
        assert "no scripts in jobs\n" in refused.err
        assert "  hint: jobs/begun.py skipped: empty file\n" in refused.err
