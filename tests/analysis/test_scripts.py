"""Which files of a folder are scripts, whatever else lies in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipes_are_not_read(command: CommandLine) -> None:
    os.mkfifo(command.folder / "pipe")
    os.mkfifo(command.folder / "mod.py")
    command("lock", ".").ok()
    (command.folder / "s.py").write_text("import mod\n")
    assert "Traceback" not in command("lock", "s.py").err, "and it ends"


def test_symbolic_links_in_a_loop_end(command: CommandLine) -> None:
    folder = command.folder / "loop" / "inner"
    folder.mkdir(parents=True)
    (folder / "again").symlink_to("..")
    (folder / "again.py").symlink_to("again.py")
    (folder / "s.py").write_text("import inner\n")
    command("lock", "loop").ok()
    command("explain", folder / "s.py").ok()


@pytest.mark.slow
@pytest.mark.parametrize("place", [".cache/cv", "."])
def test_the_cache_in_a_project_has_no_scripts(command: CommandLine, place: str) -> None:
    environ = {"CONDAVISION_HOME": str(command.folder / place)}
    command("lock", ".", environ=environ).ok()
    command("install", "s.py", environ=environ).ok()
    found = command("check", ".", "--json", environ=environ).ok().json()
    assert [it["script"] for it in found] == ["s.py"]
