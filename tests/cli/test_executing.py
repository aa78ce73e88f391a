"""The options of `run`, and the words that are the script's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_json_is_no_option_of_run(command: CommandLine) -> None:
    failed = command("run", "s.py", "--json")
    assert (failed.code, failed.out) == (70, "")


def test_a_dash_after_the_separator(command: CommandLine) -> None:
    (command.folder / "-s.py").write_text("print('dash')\n")
    command("lock", "--", "-s.py").ok()
    assert command("run", "-q", "--", "-s.py").ok().out == "dash\n"


@pytest.mark.parametrize("name", ["-dash.py", "-m.py", "--dash.py", "-ahead"])
def test_a_dash_without_the_separator(command: CommandLine, name: str) -> None:
    (command.folder / name).write_text("#!/usr/bin/env python3\nprint('dash')\n")
    ran = command("run", name)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert f"condavision run ./{name}" in ran.err
    command("lock", f"./{name}").ok()
    assert command("run", "-q", f"./{name}").ok().out == "dash\n"


@pytest.mark.parametrize("option", ["--quite", "--json", "-x"])
def test_an_unknown_option_is_refused(command: CommandLine, option: str) -> None:
    ran = command("run", option, "s.py")
    assert (ran.code, ran.out) == (2, "")
    assert re.search(rf"no (such )?option:? `?{option}\b", ran.err)
