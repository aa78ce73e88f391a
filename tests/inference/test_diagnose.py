"""What is reported of a target that can be locked, though it is likely not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_an_unread_module_is_reported_by_every_command(command: CommandLine) -> None:
    (command.folder / "helper.py").write_text("import sys\ndef f(:\n")
    (command.folder / "s.py").write_text("import helper\n")
    reported = "helper.py:2: not read as Python"
    assert reported in command("lock", "s.py").ok().err
    assert reported in command("check", "s.py").ok().out
    assert reported in command("explain", "s.py").ok().err


@pytest.mark.parametrize(
    "text",
    ["raise E, 'x'\ndef f(:\n", "import sys\n"],
    ids=["of an older Python", "well"],
)
def test_a_module_that_some_python_may_read_is_not_reported(
    command: CommandLine, text: str
) -> None:
    (command.folder / "helper.py").write_text(text)
    (command.folder / "s.py").write_text("import helper\n")
    assert "not read as Python" not in command("explain", "s.py").ok().err


def test_a_module_outside_the_search_path_is_reported(command: CommandLine) -> None:
    for place in ("scripts/s.py", "p/__init__.py", "src/q.py"):
        path = command.folder / place
        path.parent.mkdir()
        path.write_text("import p, p.x, q\n" if path.name == "s.py" else "")
    settings = command.folder / "condavision.toml"
    (command.folder / "r.py").write_text(f"import {command.folder.name}.p\n")
    assert (
        'which is in ..: set `paths = [".."]` at the top of condavision.toml'
        in command("explain", "r.py").ok().err
    )
    reported = 'scripts/s.py:1: Python will not find `{}`, which is in {}: set `paths = ["{}"]`'
    found = command("explain", "scripts/s.py").ok().err
    assert [
        reported.format("p", ".", ".") in found,
        reported.format("q", "src", "src") in found,
    ] == [1, 1]
    assert found.count("will not find") == 2
    assert "will not find" not in command("explain", "--together", "scripts").ok().err
    settings.write_text(f'{settings.read_text()}paths = [".", "src"]\n')
    assert "will not find" not in command("explain", "scripts/s.py").ok().err


def test_a_module_of_a_single_distribution_is_reported(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("import DockQ\n")  # which conda-forge has
    assert command("explain", "s.py").ok().err == ""
    (command.folder / "s.py").write_text("import gidgetlab\n")
    reported = "s.py:1: nobody has reviewed that `gidgetlab` is gidgetlab on PyPI"
    assert reported in command("explain", "s.py").ok().err
    settings = 'channels = ["interpreters:"]\n[imports]\ngidgetlab = "pypi:gidgetlab"\n'
    (command.folder / "condavision.toml").write_text(settings)
    assert "caution" not in command("explain", "s.py").ok().err
    (command.folder / "s.py").write_text("import our_data_loaders, requests\n")
    locked = command("lock", "s.py")
    assert (locked.code, "no known package for `import our_data_loaders`" in locked.err) == (
        66,
        True,
    )


def test_a_folder_that_anybody_can_write_to_is_reported(command: CommandLine) -> None:
    command.folder.chmod(0o777)
    (command.folder / "scripts").mkdir()
    script = command.folder / "scripts" / "s.py"
    script.write_text("import json\n")
    reported = (
        "the configuration and locks in . are ignored, because other users can write to"
        f" {command.folder};"
    )
    assert f"caution: {reported}" in command("explain", "scripts/s.py").ok().err
    for arguments in (("run",), ("lock", "-c", "https://conda.example.com/own")):
        refused = command(*arguments, "scripts/s.py")
        assert refused.code == 77
        assert f"is not used: other users can write to {command.folder}" in refused.err


ODD = """#!/usr/bin/env python3
# /// script
# dependencies = ["pandas"]
# [tool.uv]
# exclude-newer = "2026-01-01"
# ///
import odd
import urllib2
import pandas as pd
pd.read_excel("a.xlsx")
print "x"
"""


def test_what_a_script_contradicts_itself_in_is_reported(command: CommandLine) -> None:
    (command.folder / "odd.py").write_text(ODD)
    expected = [
        "odd.py:5: `[tool.uv] exclude-newer` has no effect",
        "odd.py:1: shebang #!/usr/bin/env python3 contradicts the code, which runs on",
        "odd.py:10: pandas.read_excel needs openpyxl, which is not among the declared",
        "odd.py:7: `import odd` finds odd.py itself",
    ]
    explained = command("explain", "odd.py").ok().err
    assert [words for words in expected if words not in explained] == []


def test_a_script_that_shadows_its_dependency_is_reported_by_lock(command: CommandLine) -> None:
    (command.folder / "requests.py").write_text("import requests\n")
    reported = "requests.py:1: `import requests` finds requests.py itself"
    assert reported in command("lock", "requests.py").ok().err
    assert reported in command("check", "requests.py").ok().out
