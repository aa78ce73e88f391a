"""What a lock costs that every lock pays: nothing is imported that this one does not need."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.compile_stage.conftest import package

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

LOCK = """
import os, sys
from condavision.cli import main
code = main(["lock", "-q", "web.py"])
print(*sys.modules, flush=True)
os._exit(code)
"""
NEEDED = {"condavision.compile_stage.stage", "rattler"}
NOT_NEEDED = {
    "a first lock is written, not read": "yaml",
    "requirements without versions": "packaging",
    "files in the cache of the analysis": "tree_sitter",
    "their rules": "condavision.analysis.facts.facts",
    "nothing from PyPI": "uv",
    "no terminal": "rich.console",
    "flock is a call": "filelock",
    "nobody asked for it": "conda_lock",
}


@pytest.mark.skipif(sys.platform == "win32", reason="filelock does the locking there")
def test_a_lock_of_a_script_that_was_read_before_imports_what_it_needs(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    small_channel.add(package("requests", "2.0"))
    command("lock", "web.py").ok()
    shutil.rmtree(command.folder / "locks")
    imported = set(command.process([sys.executable, "-c", LOCK]).ok().out.split())
    assert imported >= NEEDED
    assert not [why for why, module in NOT_NEEDED.items() if module in imported]
