"""The JSON documents have the fields that docs/json.md lists, and name its version."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cli.output import SCHEMA

if TYPE_CHECKING:
    from tests.command_line import CommandLine

DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
FIELDS = {
    row[1]: set(re.findall(r"`(\w+)`", row[2]))
    for row in re.finditer(r"^\| `?([a-z -]+)`? \| [^|]* \| (.*) \|$", DOCUMENT, re.MULTILINE)
}
COMMANDS = {
    "lock": ["lock", "s.py"],
    "check": ["check", "s.py"],
    "check --declared": ["check", "--declared", "s.py"],
    "annotate": ["annotate", "s.py"],
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


def test_every_document_has_its_fields_and_version(command: CommandLine) -> None:
    for name, words in COMMANDS.items():
        document: Any = command(*words, "--json").json()
        for found in document if isinstance(document, list) else [document]:
            assert found.keys() == {"schema", *FIELDS[name]}, name
            assert found["schema"] == SCHEMA
    assert f"in `schema`, now {SCHEMA}." in DOCUMENT
    assert FIELDS.keys() - {"command"} == {*COMMANDS, "diff", "vendor"}, "other tests run those"


@pytest.mark.parametrize("words", [["lock", "--nope"], ["explain"], ["lock"], ["check", ""]])
def test_wrong_usage_is_reported_in_json(words: list[str], command: CommandLine) -> None:
    failed = command(*words, "--json")
    assert failed.code == 2
    assert set(json.loads(failed.out)) == {"schema", "error", "hints", "code", "candidates"}


def test_failures_name_their_script(command: CommandLine) -> None:
    (command.folder / "old.py").write_text("# /// script\n# requires-python = '>=3.20'\n# ///\n")
    failed = command("lock", "old.py", "s.py", "--json")
    assert failed.code == 67
    assert [one["status"] for one in failed.json()] == ["written", "failed"]
    assert "old.py" in failed.err
    assert ">=3.20" in failed.err
