"""What `check` reports of a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine

UNREADABLE = {
    "a syntax error": ("import tabulate\ndef (\n", "s.py:2: not Python"),
    "bytes": ("import tabulate\n\0", "s.py:2: not Python"),
    "no Python for it": ("print 'x'\ntype X = int\n", "s.py:2: type alias statement"),
    "a block that is none": ("# /// script\n# dependencies = [\n# ///\n", "s.py:1: the"),
}


@pytest.mark.parametrize(("source", "place"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_script_that_cannot_be_read_is_neither_missing_nor_stale(
    source: str, place: str, command: CommandLine
) -> None:
    (command.folder / "s.py").rename(command.folder / "locked.py")
    command("lock", "locked.py").ok()
    for name in ("s.py", "locked.py"):
        (command.folder / name).write_text(source)
    (command.folder / "t.py").write_text("print(1)\n")
    found = command("check", "--json")
    checked = {it["script"]: it for it in found.json()}
    for name in ("s.py", "locked.py"):
        assert checked[name]["state"] == "unreadable"
        assert place.replace("s.py", name) in checked[name]["notes"][0]
        assert found.code == checked[name]["code"] == 65
    shown = command("check")
    assert "3 scripts: 1 missing, 2 unreadable" in shown.err
    assert place in shown.out
