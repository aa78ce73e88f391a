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


@pytest.mark.parametrize(
    ("key", "locked", "checked"),
    [
        ("jobs/old.py", ["jobs/old.py"], ["jobs/old.py"]),
        ("-m jobs.old", ["-m", "jobs.old"], ["-m", "jobs.old"]),
        ("jobs/", ["--together", "jobs"], ["jobs/old.py"]),
    ],
    ids=["a script", "a module", "a folder"],
)
def test_what_is_excluded_is_forgotten(
    key: str, locked: list[str], checked: list[str], command: CommandLine
) -> None:
    """What is recorded is left out as well, of folders and of the project."""
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "old.py").write_text("import json\n")
    command("lock", "s.py", *locked).ok()
    settings = command.folder / "condavision.toml"
    settings.write_text(f'exclude = ["jobs/"]\n{settings.read_text()}')
    for words in (["check"], ["check", "."], ["lock", "."], ["lock", ".", "--dry-run"]):
        assert key not in command(*words).ok().out
    assert key in command("check", *checked).ok().out
    assert f"not checked: {key}, which has a lock, but `exclude`" in command("check").ok().err
    assert command("check", "--strict").code == 1
    for option, said in ((["--dry-run"], "would remove"), ([], "removed")):
        pruned = command("lock", "--prune", *option).ok()
        assert f"{said} {key} from scripts.yml: `exclude` names it" in pruned.err
    assert {*read_index(command.folder / "locks" / ".local").entries} == {"s.py"}
    command("check", "--strict").ok()
    assert "to forget what exists, add its file to `exclude`" in command("lock", "--prune").err
