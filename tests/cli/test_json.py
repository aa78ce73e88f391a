"""The JSON documents have the fields that docs/json.md lists, and name its version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cli.output import SCHEMA
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
FIELDS = {
    row[1]: set(re.findall(r"`(\w+)`", row[2]))
    for row in re.finditer(r"^\| `?([a-z ]+)`? \| [^|]* \| (.*) \|$", DOCUMENT, re.MULTILINE)
}
COMMANDS = {
    "lock": ["lock", "s.py"],
    "check": ["check", "s.py"],
    "explain": ["explain", "s.py"],
    "install": ["install", "s.py", "--launcher", "bin"],
    "path": ["path", "s.py"],
    "list": ["list"],
    "clean": ["clean", "--all", "--dry-run"],
    "doctor": ["doctor", "--offline"],
    "export": ["export", "s.py", "--format", "requirements"],
    "init": ["init"],
    "an error": ["explain", "gone.py"],
}


@pytest.fixture
def command(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> CommandLine:
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": "print(1)\n"}
    return InProcess(make_project(files))


def test_every_document_has_its_fields_and_version(command: CommandLine) -> None:
    for name, words in COMMANDS.items():
        document: Any = command(*words, "--json").json()
        for found in document if isinstance(document, list) else [document]:
            assert found.keys() == {"schema", *FIELDS[name]}, name
            assert found["schema"] == SCHEMA
    assert f"as `schema`: now {SCHEMA}." in DOCUMENT
    assert FIELDS.keys() - {"command"} == {*COMMANDS, "diff", "vendor"}, "other tests run those"
