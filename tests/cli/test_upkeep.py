"""The options of `clean`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine


@pytest.mark.parametrize(
    "some", [["--unused-for", "30"], ["--keep", "0"], ["--unreferenced"], ["name"]], ids=" ".join
)
def test_all_and_some_contradict_each_other(command: CommandLine, some: list[str]) -> None:
    command("lock", "s.py").ok()
    prefix = Path(command("path", "s.py").ok().out.strip())
    refused = command("clean", "--all", *some)
    assert (refused.code, prefix.exists()) == (2, True)
    assert "--all" in refused.err
    command("clean", "--all", "--caches").ok()
    assert not prefix.exists()
