"""Files for GitHub, GitLab, Dependabot and Renovate, by the schemas that these publish."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from check_jsonschema import main
from click.testing import CliRunner
from ruamel.yaml.constructor import SafeConstructor

from condavision.export.scaffold import CI
from tests.pages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import CommandLine

RENOVATE = (shown("docs/howto/bots.md", "customManagers"), shown("docs/howto/bots.md", '"pep723"'))
FILES = {
    "dependabot": (shown("docs/howto/bots.md", "package-ecosystem"),),
    "github-workflows": (
        "on: push\n" + shown("docs/howto/ci.md", "  report:\n"),  # a part of an existing one
        shown("docs/howto/ci.md", "  upgrade:\n"),
        shown("docs/howto/bots.md", "  upgrade:\n"),
        shown("docs/howto/bots.md", "dependabot/pip/**"),
    ),
    "gitlab-ci": (shown("docs/howto/ci.md", "include:"),),
    "renovate": RENOVATE,
}


def _check(schema: str, paths: list[Path]) -> None:
    """Check files as pre-commit's hooks of that name do."""
    options = ["--builtin-schema", f"vendor.{schema}", "--default-filetype", "yaml"]
    with patch.dict(SafeConstructor.yaml_constructors):  # else no later test reads a date as one
        checked = CliRunner().invoke(main, [*options, *map(str, paths)])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("schema", FILES)
def test_what_a_page_shows(schema: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number, _ in enumerate(FILES[schema])]
    for path, text in zip(paths, FILES[schema], strict=True):
        path.write_text(text)
    _check(schema, paths)


@pytest.mark.parametrize(
    ("host", "schema"), [("github", "github-workflows"), ("gitlab", "gitlab-ci")]
)
def test_what_init_writes(host: str, schema: str, command: CommandLine) -> None:
    command("init", "--ci", host).ok()
    _check(schema, [command.folder / name for name in CI[host]])


def test_renovate_has_the_options() -> None:
    """Its schema admits others too."""
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((vendored / "renovate.json").read_text("utf-8"))
    ours = {name for text in RENOVATE for name in _names(json.loads(text))}
    assert ours <= {"$schema", *_names(schema)}
    (administrator,) = json.loads(shown("docs/howto/bots.md", "allowedCommands"))
    assert {"required": [administrator]} in schema["not"]["anyOf"]  # not for a repository


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from part
    for it in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _names(it)
