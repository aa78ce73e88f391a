"""Files and folders as strangers have them: names of any bytes, unreadable, broken, cached."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ENCODINGS = [{"PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}]


@pytest.fixture
def command(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> CommandLine:
    """condavision in a project on this machine's interpreters."""
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": "print('s')\n"}
    return InProcess(make_project(files))


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
@pytest.mark.parametrize("environ", ENCODINGS)
@pytest.mark.parametrize("name", ["\udce9.py", "é.py"])
def test_a_name_of_any_bytes_is_a_name(
    command: CommandLine, name: str, environ: dict[str, str]
) -> None:
    (command.folder / name).write_text("import sys\n")
    process = CommandLine(command.folder)
    for arguments, shown in [
        (("lock", "."), name),
        (("lock", "s.py"), "s.py"),
        (("check", "."), name),
        (("explain", name), name),
        (("run", "-q", name), ""),
    ]:
        assert shown in process(*arguments, environ=environ).ok().out
    (checked,) = process("check", name, "--json", environ=environ).ok().json()
    assert os.fsencode(checked["script"]) == os.fsencode(name)
