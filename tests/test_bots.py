"""The page on bots: its configuration of Renovate finds the packages in environment files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from condavision.locks.lockfile import render
from tests.locks.test_lockfile import REQUIREMENTS, sample
from tests.pages import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (REPOSITORY / "docs" / "howto" / "bots.md").read_text("utf-8")
RENOVATE, ADMINISTRATOR, PEP723 = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


def _python(pattern: str) -> str:
    """Return a pattern of RE2 as Python writes it."""
    return pattern.replace("(?<", "(?P<")


def _files(pattern: str) -> str:
    return pattern.strip("/")


def _found(files: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what Renovate reads: the datasource, name and version of packages."""
    for manager in RENOVATE["customManagers"]:
        (pattern,), (names,) = manager["matchStrings"], manager["managerFilePatterns"]
        for name, text in files.items():
            if re.search(_files(names), f"locks/{name}"):
                for match in re.finditer(_python(pattern), text):
                    yield manager["datasourceTemplate"], match["depName"], match["currentValue"]


@pytest.mark.parametrize("differ", [False, True], ids=["one file", "a file for each platform"])
def test_renovate_finds_every_direct_package(*, differ: bool) -> None:
    lock = sample("linux-64", "osx-arm64", pip=True, differ=differ)
    expected = {
        ("conda", "python", "3.12.1"),
        ("conda", "numpy", "1.26.4"),
        ("conda", "pip", "24.0"),
    }
    expected |= {("pypi", "icecream", "2.1.3")} | ({("conda", "numpy", "2.0")} if differ else set())
    assert {*_found(render(lock, REQUIREMENTS))} == expected


def test_renovate_may_run_what_it_is_told_to() -> None:
    rules: list[dict[str, Any]] = RENOVATE["packageRules"]
    ((command,),) = (it["postUpgradeTasks"]["commands"] for it in rules)
    (allowed,) = ADMINISTRATOR["allowedCommands"]
    assert re.fullmatch(allowed, command.replace("{{{depName}}}", "ruamel.yaml"))
    assert not re.search(allowed, command.replace("{{{depName}}}", "a; b"))
    (scripts,) = PEP723["pep723"]["managerFilePatterns"]
    assert re.search(_files(scripts), "scripts/month/report.py")
