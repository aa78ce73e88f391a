"""Scripts that no Python runs, or for no such platform: refused before anything is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_a_python_newer_than_any_known_is_refused(command: CommandLine) -> None:
    text = '# /// script\n# requires-python = ">=3.99"\n# ///\n'
    (command.folder / "s.py").write_text(text)
    failed = command("lock", "s.py")
    assert failed.code == 65
    assert "s.py:2: requires-python >=3.99 is newer than any known Python" in failed.err
    assert "<2.7" not in failed.err + command("explain", "s.py").ok().out


MIXED = [
    'print "x"\ntype X = int\n',
    'exec "x = 1"\nasync def f(): pass\n',
    "print 'x'\nprint(f'{1}')\n",
]


@pytest.mark.parametrize("text", MIXED)
def test_python_2_mixed_with_later_syntax_is_refused(command: CommandLine, text: str) -> None:
    (command.folder / "s.py").write_text(text)
    failed = command("lock", "s.py")
    assert failed.code == 65
    assert "s.py:" in failed.err


def test_bytes_that_no_python_decodes_are_refused(command: CommandLine) -> None:
    (command.folder / "s.py").write_bytes(b"print('\xe9')\n")
    assert command("lock", "s.py").code == 65


def test_a_platform_that_a_script_names_is_checked(command: CommandLine) -> None:
    block = "# /// script\n# [tool.condavision]\n# platforms = ['linux-46']\n# ///\n"
    (command.folder / "s.py").write_text(block)
    failed = command("lock", "s.py")
    assert failed.code == 2
    assert "`linux-46` is not a platform" in failed.err
