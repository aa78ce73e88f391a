"""The page on bots: its configuration of Renovate finds the packages in environment files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from condavision.locks.lockfile import render
from tests.locks.test_lockfile import REQUIREMENTS, sample
from tests.pages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RENOVATE = json.loads(shown("docs/howto/bots.md", "customManagers"))
ADMINISTRATOR = json.loads(shown("docs/howto/bots.md", "allowedCommands"))
PEP723 = json.loads(shown("docs/howto/bots.md", '"pep723"'))


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


JOBS = [
    yaml.safe_load(text)["jobs"][job]["steps"][-1]["run"]
    for job, text in (
        ("upgrade", shown("docs/howto/bots.md", "  upgrade:\n")),
        ("lock", shown("docs/howto/bots.md", "dependabot/pip/**")),
    )
]
GIT = "git -c user.name=a -c user.email=a@b -c init.defaultBranch=main"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("job", JOBS, ids=["upgrade", "follow"])
def test_a_job_pushes_what_was_locked_and_nothing_else(job: str, tmp_path: Path) -> None:
    """As Actions runs a step: bash, which stops at the first failure."""
    (tmp_path / "gh").write_text('#!/bin/sh\necho "gh $@"\n')
    (tmp_path / "gh").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_RUN_ID": "7"}

    def run(script: str, folder: str = "checkout") -> str:
        command, where = ["bash", "-e", "-c", script], tmp_path / folder
        return subprocess.check_output(command, cwd=where, env=environ, text=True)

    run(f"{GIT} init -q --bare origin; {GIT} clone -q origin checkout 2>&1", ".")
    run(f"mkdir locks; touch a b locks/a; git add .; {GIT} commit -qm first; git push -q")
    before = run("git for-each-ref", "origin")
    run(job)
    assert run("git for-each-ref", "origin") == before
    run("echo new >locks/a; echo new >locks/b; echo other >b")
    printed = run(job)
    assert run("git for-each-ref", "origin") != before
    assert run("git show --format= --name-only").split() == ["locks/a", "locks/b"]
    assert ("gh pr create" in printed) is ("gh pr create" in job)
