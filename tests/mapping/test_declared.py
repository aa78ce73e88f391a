"""Requirements that scripts declare, as packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine

MALFORMED = [
    ("dependencies = ['numpy =>1.0']", "numpy =>1.0"),
    ("dependencies = ['nosuchthing >>2']", "nosuchthing >>2"),
]


@pytest.mark.parametrize(("line", "spec"), MALFORMED)
def test_a_malformed_match_spec_is_named_with_its_line(
    line: str, spec: str, command: CommandLine
) -> None:
    (command.folder / "s.py").write_text(f"# /// script\n# [tool.conda]\n# {line}\n# ///\n")
    failed = command("lock", "s.py")
    assert failed.code == 2, failed.err
    assert f"s.py:3: `{spec}` is not a conda match spec" in failed.err
