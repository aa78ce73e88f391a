"""The measurements of the page on accuracy take hours: here they measure one file each."""

from __future__ import annotations

import io
import re
import shutil
import sys
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.channels.server import Channel
from tests.command_line import CommandLine
from tests.pages import REPOSITORY, in_sh, shown

if TYPE_CHECKING:
    from pathlib import Path

SETS = shown("docs/accuracy.md", "benchmarks/accuracy.py")
PYTHONS = shown("docs/accuracy.md", "benchmarks/accuracy_pythons.py")
LOCKS = shown("docs/accuracy.md", "benchmarks.locks")
SPEED = shown("docs/accuracy.md", "benchmarks/scan.py")
TOOLS = "FOLDER_OF_THEIR_COMMANDS"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a project of one script."""
    (tmp_path / "drawn" / "one").mkdir(parents=True)
    (tmp_path / "drawn" / "one" / "osm.py").write_text("import six\nprint(u'six', six)\n")
    return tmp_path / "drawn"


def test_dependency_sets_and_speed(clone: CommandLine, folder: Path, tmp_path: Path) -> None:
    """In one environment, which has the other tools as well."""
    install, measure = SETS.splitlines()

    def typed(line: str) -> str:
        here = line.replace(TOOLS, "$VIRTUAL_ENV/bin")
        return clone.process(["sh", "-c", here]).ok().out

    typed("pip install .")
    typed(install)
    with closing(_index(tmp_path / "index")) as index:
        named = measure.replace(" FOLDER ", f" {tmp_path / 'sets'} ").replace(" URL ", " {} ")
        rows = typed(named.format(index.http_url)).splitlines()
    exact = r"fresh +{} +1 projects +exact 1\.000  precision 1\.000  recall 1\.000  F1 1\.000 .*"
    for tool in ("condavision", "deptry", "fawltydeps"):
        assert [it for it in rows if re.fullmatch(exact.format(tool), it)], rows
    assert [it for it in rows if re.match("fresh +pipreqs", it)]  # which asks the network
    speed = typed(SPEED.strip().replace("TREE", str(folder)) + " --repeat 1")
    for tool in ("condavision, first", "condavision, again", "deptry", "pipreqs", "fawltydeps"):
        assert re.search(rf"(?m)^{tool} +[\d.]+ s ", speed), speed
        assert re.search(rf"(?m)^{tool} +\d+ MB, +\d+ MB on 4 copies", speed), speed


def _index(folder: Path) -> Channel:
    """Serve the source distribution of one project of the labels, which requires requests."""
    name = "pyosmapi"
    (folder / name).mkdir(parents=True)
    with tarfile.open(folder / name / f"{name}-0.0.1.tar.gz", "w:gz") as archive:
        text = b"import requests\n"
        member = tarfile.TarInfo(f"{name}-0.0.1/osm.py")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    (folder / name / "index.html").write_text(f'<a href="{name}-0.0.1.tar.gz">it</a>')
    return Channel(folder)


def test_python_ranges(folder: Path, tmp_path: Path) -> None:
    line = PYTHONS.replace("FOLDER...", str(folder)).replace("results", str(tmp_path / "results"))
    printed = in_sh(line, CommandLine(REPOSITORY)).ok().out
    assert "1 files in" in printed
    assert "1 exact" in printed
    assert printed.endswith("right: 100.0000%\n")
    assert (tmp_path / "results.json").exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="results have the commit")
def test_locks_whose_imports_run(folder: Path, tmp_path: Path, home: Path) -> None:
    measure, report = LOCKS.replace("RESULTS.jsonl", str(tmp_path / "results.jsonl")).splitlines()
    command = CommandLine(REPOSITORY)
    printed = in_sh(measure.replace("FOLDER...", str(folder)), command).ok().out
    assert "1 drawn, 1 locked, 1 different locks; all imports succeed in 1 (1.000" in printed
    assert in_sh(report, command).ok().out == printed
