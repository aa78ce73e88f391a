"""`tree` and `why`: which locked package requires which, and which import that goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.channels.server import Channel
    from tests.command_line import CommandLine
    from tests.compile_stage.wheels import WheelIndex

DECLARED = "# /// script\n# dependencies = [{}]\n# ///\n"


@pytest.fixture(autouse=True)
def wheels(index: WheelIndex) -> None:
    """Wheels that require each other: some by extras and markers, two in a circle."""
    index.add("top", "1", "middle>=2", "extra; extra == 'more'", "old; python_version < '3'")
    index.add("middle", "2.1", "end<4", "mac; sys_platform == 'darwin'")
    index.add("end", "3", "middle")
    index.add("extra", "5", "end")


def test_a_tree(index_server: Channel, command: CommandLine) -> None:
    (command.folder / "s.py").write_text(DECLARED.format("'top'"))
    command("lock", "s.py").ok()
    first, *lines = command("tree", "s.py").ok().out.splitlines()
    assert first.startswith("s.py  ")
    shown = [line.strip("│├└─ ") for line in lines]
    assert shown[0].startswith("python 3.")
    assert shown[1:] == [
        "top 1 (PyPI)",
        "middle 2.1 (PyPI) >=2",
        "end 3 (PyPI) <4",
        "middle 2.1 (PyPI) (*)",
    ]
    index_server.close()
    kept = command("tree", "s.py", "--offline", "--json").ok().json()
    by_name = {it["name"]: [one["name"] for one in it["requires"]] for it in kept["packages"]}
    del by_name["python"]
    assert by_name == {"top": ["middle"], "middle": ["end"], "end": ["middle"]}


def test_why(command: CommandLine) -> None:
    (command.folder / "s.py").write_text(DECLARED.format("'top[more]'"))
    (command.folder / "t.py").write_text(DECLARED.format("'top[more]'") + "print(1)\n")
    (command.folder / "unlocked.py").write_text("print(1)\n")
    command("lock", "s.py", "t.py").ok()
    shown = command("why", "End").ok().out.splitlines()
    assert shown[0].startswith("end 3 (PyPI) in ")
    chain = "top 1 (PyPI) -> middle >=2 -> end <4"
    assert sorted(shown[1:]) == [f"  s.py: {chain}  (s.py:2)", f"  t.py: {chain}  (t.py:2)"]
    (found,) = command("why", "extra", "s.py", "--json").ok().json()
    (reason,) = found["reasons"]
    assert [it["name"] for it in reason["requires"]] == ["extra"]
    (command.folder / "u.py").write_text("import end_module\n")
    settings = command.folder / "condavision.toml"
    settings.write_text(f'{settings.read_text()}[imports]\nend_module = "pypi:end"\n')
    command("lock", "u.py").ok()
    supplied = command("why", "end_module", "u.py").ok()
    assert supplied.err == "end_module is supplied by end\n"
    assert "end 3 (PyPI)  (u.py:1)" in supplied.out
    failed = command("why", "nd")
    assert (failed.code, "did you mean end?" in failed.err) == (2, True)


def test_what_cannot_be_read_is_said(command: CommandLine) -> None:
    (command.folder / "s.py").write_text(DECLARED.format("'end'"))
    command("lock", "s.py").ok()
    shown = command("tree", "s.py", "--offline").ok()
    assert "end 3 (PyPI)" in shown.out
    assert "what end requires is not known: offline" in shown.err
    assert command("tree", "s.py", "--platform", "win-64").code == 2


def test_a_folder_that_is_locked_together(command: CommandLine) -> None:
    (command.folder / "s.py").write_text(DECLARED.format("'top'"))
    (command.folder / "t.py").write_text("print(1)\n")
    failed = [command(*words, "--together", ".") for words in (["tree"], ["why", "end"])]
    for found in failed:
        assert (found.code, "are not locked together" in found.err) == (70, True)
    command("lock", "--together", ".").ok()
    assert command("tree", "--together", ".").ok().out.startswith("./  ")
    chain = "top 1 (PyPI) -> middle >=2 -> end <4"
    assert f"  ./: {chain}  (s.py:2)" in command("why", "end", "--together", ".").ok().out
    assert command("outdated", "--together", ".").ok().out == "no package would change\n"
