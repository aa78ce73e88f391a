"""Extras: what is missing without them is an error that names the one to install."""

from __future__ import annotations

import importlib.metadata
import shlex
import site
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.errors import MissingExtraError
from condavision.system import extras
from condavision.system.extras import Extra, require_extra, source_elsewhere

if TYPE_CHECKING:
    from tests.command_line import CommandLine

ABSENT = "distributed", "nbclient", "uvicorn"
COMMANDS = {
    Extra.CLUSTER: ["map", "s.py", "inputs", "-o", "out", "--cluster", "tcp://127.0.0.1:1"],
    Extra.NOTEBOOK: ["run", "n.ipynb"],
    Extra.SERVE: ["serve", "."],
}

HERE = Path(condavision.__file__).parents[1]
"""What tests install: a folder."""
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without extras, by uv."""
    _lack(monkeypatch, *ABSENT)
    monkeypatch.setattr(extras, "find_spec", lambda _: None)


def _lack(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    found = importlib.metadata.distribution

    def lacking(name: str) -> importlib.metadata.Distribution:
        if name in absent:
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata, "distribution", lacking)


@pytest.mark.parametrize("extra", Extra)
def test_an_extra_is_what_the_package_calls_one(extra: Extra) -> None:
    assert extra.value in importlib.metadata.metadata("condavision").get_all("Provides-Extra", [])
    require_extra(extra)  # the tests have them all


@pytest.mark.parametrize("extra", Extra)
def test_a_command_names_the_extra_that_it_needs(
    extra: Extra, command: CommandLine, plain: None
) -> None:
    (command.folder / "n.ipynb").write_text(NOTEBOOK)
    (command.folder / "inputs").write_text("one\n")
    failed = command(*COMMANDS[extra])
    assert failed.code == 2
    assert f"the extra `{extra.value}`" in failed.err
    assert f"install --python {sys.executable} '{HERE}[{extra.value}]'`" in failed.err


@pytest.mark.parametrize(
    ("mark", "way"),
    [("uv-receipt.toml", "uv tool install"), ("pipx_metadata.json", "pipx install --force")],
)
def test_the_hint_is_for_what_installed_the_package(
    mark: str, way: str, plain: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert _hint(Extra.SERVE) == f"run `{way} '{HERE}[serve]'`"


@pytest.mark.parametrize(
    ("absent", "extra", "named"),
    [
        ("uvicorn", Extra.SERVE, "cluster,notebook,serve"),
        ("nbclient", Extra.NOTEBOOK, "cluster,notebook,serve"),
        ("distributed", Extra.CLUSTER, "cluster,notebook,serve"),
    ],
)
def test_the_hint_keeps_the_extras_that_are_installed(
    absent: str, extra: Extra, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lack(monkeypatch, absent)
    assert _hint(extra).endswith(f" '{HERE}[{named}]'`")


@pytest.mark.parametrize(("is_user", "option"), [(False, ""), (True, " --user")])
def test_the_hint_is_for_the_pip_of_this_python(
    is_user: bool, option: str, plain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = str(importlib.metadata.distribution("condavision").locate_file(""))
    monkeypatch.setattr(extras, "find_spec", lambda _: object())
    monkeypatch.setattr(sys, "executable", "/a b/python")
    monkeypatch.setattr(site, "getusersitepackages", lambda: home if is_user else "/elsewhere")
    assert _hint(Extra.SERVE) == f"run `'/a b/python' -m pip install{option} '{HERE}[serve]'`"


GIT = '{"url": "https://x.invalid/c.git", "vcs_info": {"vcs": "git", "commit_id": "1a2b"}}'
WHEEL = "file:///w/condavision-1-py3-none-any.whl"
ORIGINS: list[tuple[str | None, str, str | None]] = [
    (None, "condavision[serve]", "condavision"),
    ('{"url": "file:///a%20b", "dir_info": {}}', "/a b[serve]", None),
    (f'{{"url": "{WHEEL}", "archive_info": {{}}}}', f"{WHEEL[7:]}[serve]", None),
    (
        GIT,
        "condavision[serve] @ git+https://x.invalid/c.git@1a2b",
        "condavision @ git+https://x.invalid/c.git@1a2b",
    ),
    (
        '{"url": "https://me:sesame@x.invalid/c.zip", "archive_info": {}}',
        "condavision[serve] @ https://x.invalid/c.zip",
        "condavision @ https://x.invalid/c.zip",
    ),
    (
        GIT.replace("https://", "ssh://git@"),
        "condavision[serve] @ git+ssh://git@x.invalid/c.git@1a2b",
        "condavision @ git+ssh://git@x.invalid/c.git@1a2b",
    ),
]
"""What an installer recorded (PEP 610), and what installs the same here and elsewhere."""


@pytest.mark.parametrize(("recorded", "here", "elsewhere"), ORIGINS)
def test_the_package_comes_again_from_where_it_came(
    recorded: str | None,
    here: str,
    elsewhere: str | None,
    plain: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    origin = SimpleNamespace(read_text=lambda _: recorded, locate_file=lambda _: "")
    monkeypatch.setattr(extras, "distribution", lambda _: origin)
    assert _hint(Extra.SERVE).endswith(f" {shlex.quote(here)}`")
    assert source_elsewhere() == elsewhere


def _hint(extra: Extra) -> str:
    with pytest.raises(MissingExtraError) as caught:
        require_extra(extra)
    return caught.value.hints[0]
