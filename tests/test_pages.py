"""The pages are true: what they show is run, and every command that they name can be read."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from argparse import ArgumentParser
from configparser import ConfigParser
from typing import TYPE_CHECKING, NoReturn

import click
import pytest
import yaml
from packaging.requirements import Requirement

import condavision
from condavision.cli import group
from condavision.locks.modules import read_modules
from condavision.project.settings import SETTINGS
from condavision.project.settings_files import SettingsFiles
from tests.command_line import error_classes
from tests.pages import PAGES, REPOSITORY, blocks, command_lines, require_valid, shown
from tools.reference import GENERATED, PARTS, raised, written

if TYPE_CHECKING:
    from pathlib import Path

DOCS = REPOSITORY / "docs"


def _name(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_on_a_page_can_be_read(page: Path) -> None:
    for line in command_lines(GENERATED.sub("", page.read_text("utf-8"))):
        try:
            require_valid(line)
        except click.ClickException as error:
            pytest.fail(f"{line}: {error.format_message()}")


@pytest.mark.parametrize(
    "line",
    [
        "condavision lock --prun s.py",
        "condavision chekc",
        "condavision export --format pylokk s.py",
        "condavision run --lokc s.py",
        "condavision export s.py",
        "condavision path a.py b.py",
    ],
)
def test_a_command_that_cannot_be_read(line: str) -> None:
    with pytest.raises(click.UsageError):
        require_valid(line)


def test_the_commands_of_a_page_are_found_wherever_they_are() -> None:
    page = """\
`condavision lock a.py` and, not a command, condavision.

```ini
ExecStart=/usr/bin/condavision run a.py
```

```yaml
- run: condavision check
script:
  - condavision install # environments
```

```sh
cd x && condavision lock \\
  --json a.py
"$(condavision path --python a.py)" -m venv
```

    exec condavision run -m b
"""
    assert [line.split("#")[0].split() for line in command_lines(page)] == [
        ["condavision", *words.split()]
        for words in (
            "run a.py",
            "check",
            "install",
            "lock --json a.py",
            "path --python a.py",
            "run -m b",
            "lock a.py",
        )
    ]


PROSE = "\n".join(it.read_text("utf-8") for it in [*PAGES, REPOSITORY / "CONTRIBUTING.md"])
MEASUREMENTS = sorted(set(re.findall(r"`python -m (benchmarks\.[^`]+)`", PROSE)))


class _ParsedError(Exception):
    """The command line of a measurement has been read."""


@pytest.mark.parametrize("line", MEASUREMENTS)
def test_every_measurement_on_a_page_can_be_read(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = ArgumentParser.parse_args

    def parse_only(parser: ArgumentParser) -> NoReturn:
        parse(parser)
        raise _ParsedError

    monkeypatch.setattr(ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(_ParsedError):
        importlib.import_module(sys.argv[0]).main()


def test_every_session_of_nox_on_a_page_is_there() -> None:
    files = (REPOSITORY / "noxfile.py", REPOSITORY / "templates" / "noxfile.py")
    sessions = {
        name
        for it in files
        for name in re.findall(r"(?m)^@nox\.session.*\ndef (\w+)", it.read_text("utf-8"))
    }
    named = {it for line in re.findall(r"nox -s ([a-z_ ]+)", PROSE) for it in line.split()}
    assert "tests" in named
    assert named <= sessions


def test_every_extra_on_a_page_is_one() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    named = re.findall(r"(?:\.|whl|condavision)\[([a-z,]+)\]", PROSE)
    assert {it for names in named for it in names.split(",")} == {*project["optional-dependencies"]}


def test_the_pages_link_to_what_exists() -> None:
    for page in PAGES:
        prose = re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8"))
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", prose):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_no_word_of_code_is_wider_than_a_phone() -> None:
    """The site breaks none in lines of text (docs/static/site.css); blocks and tables scroll."""
    for page in PAGES:
        prose = re.sub(r"(?ms)^ *```.*?^ *```|^\|.*?$", "", page.read_text("utf-8"))
        for span in re.findall(r"`([^`]+)`", prose):
            assert max(map(len, span.split())) <= 45, (page, span)


def test_every_page_is_in_a_list_of_pages() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    for page in PAGES:
        if page.is_relative_to(DOCS) and page != DOCS / "index.md":
            name = str(page.relative_to(DOCS).with_suffix(""))
            assert re.search(rf"(?m)^{re.escape(name)}$", index), name


def test_machines_find_the_pages() -> None:
    listed = re.findall(r"\]\(([^)]+)\)", (DOCS / "llms.txt").read_text("utf-8"))
    assert {DOCS / it for it in listed} == {
        it for it in PAGES if it.is_relative_to(DOCS) and it != DOCS / "index.md"
    }


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_what_is_generated_is_what_the_code_has(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == written(text), "run `nox -s reference`"


def test_each_part_of_the_reference_is_on_a_page() -> None:
    pages = "".join(page.read_text("utf-8") for page in PAGES)
    assert sorted(re.findall(r"<!-- generated: (\w+) -->\n\n\S", pages)) == sorted(PARTS)
    assert pages.count("<!-- end -->") == len(PARTS)


def test_the_reference_has_every_command_option_and_error() -> None:
    commands = PARTS["commands"]()
    for name, command in group.commands.items():
        section = commands.partition(f"### `{name}`")[2].partition("\n### ")[0]
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert f"`{option.opts[0]}" in section, (name, option.opts)
    codes = (DOCS / "errors.md").read_text("utf-8")
    messages = PARTS["messages"]()  # also those that are put together first
    for error in error_classes():
        assert error.code == 1 or re.search(rf"(?m)^\| {error.code} \|", codes), error
        assert f"`{error.__name__}`" in codes, error
    assert "no known package for `import …`" in messages


def test_every_error_has_its_cure() -> None:
    for error, texts, call in raised():
        cured = len(call.args) > 1 or isinstance(call.args[0], ast.Starred)
        assert cured, f"{error.__name__}: {texts.of(call.args[0])}"
    rows = re.findall(r"(?m)^- .*\n(.*)", PARTS["messages"]())
    assert len(rows) > 200
    assert [it for it in rows if not re.match(r"  - \S", it)] == []


def test_the_picture_is_self_contained() -> None:
    for picture in (DOCS / "pictures").glob("*.svg"):
        text = picture.read_text("utf-8")
        assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}
        assert "<title" in text
        assert "prefers-color-scheme: dark" in text


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "condavision.toml").write_text(shown)
    config = SettingsFiles().config(tmp_path)
    assert config.paths == (tmp_path / "lib",)
    assert config.imports["legacy_helpers"] == ""


def test_the_example_of_each_setting_is_valid(tmp_path: Path) -> None:
    examples = "".join(f"{name} = {setting.example}\n" for name, setting in SETTINGS.items())
    (tmp_path / "condavision.toml").write_text(examples)
    assert SettingsFiles().config(tmp_path).source == tmp_path / "condavision.toml"


def _blocks(kind: str) -> list[tuple[str, str]]:
    """Return the blocks of a language on all pages, with the name of the page."""
    names = map(_name, PAGES)
    return [(name, it.text) for name in names for it in blocks(name) if it.kind == kind]


@pytest.mark.parametrize(
    "text",
    [
        shown("docs/files.md", "urllib3.contrib.appengine"),
        shown("docs/proof.md", "pydub -> audioop"),
    ],
)
def test_the_lines_of_what_was_learned_can_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "modules.yml").write_text(text)
    assert len(read_modules(tmp_path)) == len(text.splitlines())


def test_the_block_that_a_script_declares(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(shown("docs/configuration.md", "# /// script"))
    found = condavision.explain(script)
    assert "samtools" in str(found)
    assert "bioconda" in str(found)


def test_settings_on_the_pages(tmp_path: Path) -> None:
    for number, (name, text) in enumerate(_blocks("toml")):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        (folder / "condavision.toml").write_text(text)
        assert SettingsFiles().config(folder).source, name


def test_units_of_systemd() -> None:
    known = {"Unit", "Service", "Socket", "Timer", "Install"}
    for name, text in _blocks("ini"):
        unit = ConfigParser(interpolation=None)
        unit.read_string(text)
        assert {*unit.sections()} <= known, name
        assert "Unit" in unit, name


def test_yaml_on_the_pages() -> None:
    documents = {name: yaml.safe_load(text) for name, text in _blocks("yaml")}
    jobs = [
        job
        for name, text in _blocks("yaml")
        for job in (yaml.safe_load(text).get("jobs") or {}).values()
    ]
    assert {"docs/howto/ci.md", "docs/howto/pre-commit.md"} <= documents.keys()
    assert all({"runs-on", "steps"} <= job.keys() for job in jobs)
    hooks = {it["id"] for it in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())}
    for _, text in _blocks("yaml"):
        for repository in yaml.safe_load(text).get("repos", ()):
            assert {it["id"] for it in repository["hooks"]} <= hooks


def test_every_dependency_and_extra_has_its_reason() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    page = (DOCS / "dependencies.md").read_text("utf-8")
    named = re.findall(r"(?m)^\| `([^`]+)` \|", page)
    required = [Requirement(it).name for it in project["dependencies"]]
    assert sorted(named) == sorted([*required, *project["optional-dependencies"]])
