"""The JSON documents have the fields that docs/json.md lists, and name its version."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from condavision.cli.output import SCHEMA
from condavision.errors import ConfigError
from condavision.project.config import read_config

if TYPE_CHECKING:
    from tests.command_line import CommandLine

DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
FIELDS = {
    row[1]: set(re.findall(r"`(\w+)`", row[2]))
    for row in re.finditer(r"^\| `?([a-z -]+)`? \| [^|]* \| (.*) \|$", DOCUMENT, re.MULTILINE)
}
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
OUTPUT = json.loads((SCHEMAS / f"output-{SCHEMA}.schema.json").read_text(encoding="utf-8"))
COMMANDS = {
    "lock": ["lock", "s.py"],
    "check": ["check", "s.py"],
    "check --declared": ["check", "--declared", "s.py"],
    "annotate": ["annotate", "s.py"],
    "explain": ["explain", "s.py"],
    "tree": ["tree", "s.py"],
    "why": ["why", "python"],
    "outdated": ["outdated"],
    "graph": ["graph"],
    "report": ["report"],
    "install": ["install", "s.py", "--launcher", "bin"],
    "path": ["path", "s.py"],
    "list": ["list"],
    "clean": ["clean", "--all", "--dry-run"],
    "doctor": ["doctor", "--offline"],
    "export": ["export", "s.py", "--format", "requirements"],
    "vscode": ["vscode", "s.py"],
    "init": ["init"],
    "an error": ["explain", "gone.py"],
}


def require_valid(document: Any, name: str) -> None:
    """Fail the test unless a document is as the schema has it."""
    name = name.removeprefix("an ")
    jsonschema.validate(document, {**OUTPUT, "anyOf": [{"$ref": f"#/$defs/{name}"}]})


@pytest.mark.slow
def test_every_document_has_its_fields_and_version(command: CommandLine) -> None:
    for name, words in COMMANDS.items():
        document: Any = command(*words, "--json").json()
        require_valid(document, name)
        for found in document if isinstance(document, list) else [document]:
            assert found.keys() == {"schema", *FIELDS[name]}, name
            assert found["schema"] == SCHEMA
    assert f"in `schema`, now {SCHEMA}." in DOCUMENT
    assert FIELDS.keys() - {"command"} == {*COMMANDS, "diff", "kernel", "map", "vendor"}, (
        "other tests run those"
    )
    shared = {"manager", "time", "change", "failed", "error"}
    assert OUTPUT["$defs"].keys() - shared == FIELDS.keys() - {"command", "an error"}


@pytest.mark.parametrize("words", [["lock", "--nope"], ["explain"], ["lock"], ["check", ""]])
def test_wrong_usage_is_reported_in_json(words: list[str], command: CommandLine) -> None:
    failed = command(*words, "--json")
    assert failed.code == 2
    assert set(json.loads(failed.out)) == {"schema", "error", "hints", "code", "candidates"}


def test_failures_name_their_script(command: CommandLine) -> None:
    (command.folder / "old.py").write_text("# /// script\n# requires-python = '>=3.20'\n# ///\n")
    failed = command("lock", "old.py", "s.py", "--json")
    assert failed.code == 67
    require_valid(failed.json(), "lock")
    assert [one["status"] for one in failed.json()] == ["written", "failed"]
    assert "old.py" in failed.err
    assert ">=3.20" in failed.err


CONFIGURATION = json.loads((SCHEMAS / "condavision.schema.json").read_text(encoding="utf-8"))
RIGHT: list[dict[str, Any]] = [
    {"channels": ["interpreters:"], "imports": {"cv2": "opencv", "own": ""}, "exclude": ["a/"]},
    {"python-floor": "3.8", "platforms": ["win-64"], "engine": "conda-lock", "locks": "l"},
    {"virtual-packages": {"__glibc": "2.17", "linux-64": {"__cuda": "12"}}, "exclude-newer": "7d"},
    {"serve": {"timeout": 1.5, "memory": "512M", "queue": 0, "environment": ["LANG"]}},
]
WRONG: list[dict[str, Any]] = [
    {"channels": "conda-forge"},
    {"channel": ["conda-forge"]},
    {"python-floor": "4.0"},
    {"platforms": ["amiga"]},
    {"serve": {"timeout": 0}},
    {"serve": {"tiemout": 1}},
    {"imports": {"cv2": 1}},
]


@pytest.mark.parametrize("settings", [*RIGHT, *WRONG], ids=str)
def test_the_schema_of_the_configuration_says_what_is_read(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    valid = jsonschema.Draft202012Validator(CONFIGURATION).is_valid(settings)
    assert valid is (settings in RIGHT)
    if valid:
        read_config(tmp_path, tmp_path / "condavision.toml", settings)
    else:
        with pytest.raises(ConfigError):
            read_config(tmp_path, tmp_path / "condavision.toml", settings)


def test_the_schema_has_all_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as unknown:
        read_config(tmp_path, tmp_path / "condavision.toml", {"x": 1})
    listed = unknown.value.hints[0].removeprefix("the settings are ").split(", ")
    assert sorted(CONFIGURATION["properties"]) == sorted(listed)
