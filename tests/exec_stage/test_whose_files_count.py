"""Files of another user decide nothing: each door refuses by name, with what to do about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from condavision.system.ownership import TRUSTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root gives files away"
)

OTHER = 54321
PLACES = {  # every second one belongs to this user, but can be written by others
    "another's environment": ("home/envs/*/", "environment"),
    "another's home": ("home", "packages and environments"),
    "another's envs": ("home/envs", "environment"),
    "another's locks folder": ("project/locks", "locks folder"),
    "another's index": ("project/locks/.local/scripts.yml", "locks folder"),
    "another's lock": ("project/locks/.local/*.conda-lock.yml", "lock"),
    "another's configuration": ("project/condavision.toml", "configuration"),
    "another's project": ("project", "locks folder"),
}


def test_every_door(command: CommandLine, tmp_path: Path, home: Path) -> None:
    command("lock", "s.py").ok()
    command("install", "s.py").ok()
    tmp_path.chmod(0o1777)  # as /tmp
    command("install", "s.py").ok()
    for number, (name, (place, called)) in enumerate(PLACES.items()):
        [path] = tmp_path.glob(place)
        os.chown(path, OTHER, OTHER)
        if number % 2:
            os.chown(path, 0, 0)
            path.chmod(0o777)
        refused = command("install", "s.py")
        if number == 0:
            command("install", "s.py", environ={TRUSTED: str(path)}).ok()
        os.chown(path, 0, 0)
        path.chmod(0o755)
        assert refused.code == 77, (name, refused.err)
        assert called in refused.err, name
        assert "is not used: " in refused.err, name
        assert f"export {TRUSTED}={path}" in refused.err.replace("\n", " "), name
    command("install", "s.py").ok()
    tmp_path.chmod(0o777)
    assert command("run", "s.py").code == 77
    assert command("lock", "s.py").code == 77
    tmp_path.chmod(0o755)


def test_a_script_of_mine_where_anybody_writes(command: CommandLine, tmp_path: Path) -> None:
    """As in /tmp, where somebody has put a folder of locks beside it."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "mine.py").write_text("print('mine')\n")
    arguments = ("-c", "interpreters:", str(shared / "mine.py"))
    command("lock", *arguments).ok()
    ran = command("run", str(shared / "mine.py")).ok()
    assert ran.out == "mine\n"
    os.chown(shared / "locks", OTHER, OTHER)
    (shared / "mine.py").write_text("print('mine again')\n")  # no warm start
    assert "belongs to another user" in command("run", str(shared / "mine.py")).err
    assert command("lock", *arguments).code == 77
