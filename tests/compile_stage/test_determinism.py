"""Same scripts, same index, same options: same bytes, and small differences for small changes."""

from __future__ import annotations

import difflib
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, InProcess
from tests.compile_stage.conftest import package

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compile_stage.conftest import SmallChannel

SCRIPTS = {
    "a.py": "import requests\n",
    "b.py": "import six, requests\n",
    "c.py": "import requests, sys\n",
    "d.py": '# /// script\n# dependencies = ["six", "requests>=1"]\n# ///\nimport six\n',
}
PLATFORMS = ("--platform", "linux-64", "--platform", "osx-arm64", "--platform", "win-64")


@pytest.fixture
def scripts(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project of several scripts."""
    small_channel.add(
        package("requests", "2.0", "urllib3 >=1", "idna"),
        package("urllib3", "1.0"),
        package("idna", "3.0"),
        package("six", "1.0"),
    )
    for name, text in SCRIPTS.items():
        (command.folder / name).write_text(text)
    return command


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "locks").iterdir()}


def test_order_machine_and_time_do_not_matter(scripts: CommandLine, tmp_path: Path) -> None:
    scripts("lock", *SCRIPTS, *PLATFORMS).ok()
    before = contents(scripts.folder)
    elsewhere = InProcess(tmp_path / "élsewhere" / "project")
    shutil.copytree(scripts.folder, elsewhere.folder)
    shutil.rmtree(elsewhere.folder / "locks")
    environ = {
        "PYTHONHASHSEED": "4711",
        "LC_ALL": "C",
        "TZ": "Asia/Kathmandu",
        "CONDAVISION_HOME": str(tmp_path / "another home"),
        "COLUMNS": "20",
    }
    time.sleep(1.1)
    reordered = ("--platform", "win-64", "--platform", "osx-arm64", "--platform", "linux-64")
    elsewhere("lock", *reversed(SCRIPTS), *reordered, environ=environ).ok()
    assert contents(elsewhere.folder) == before
    shutil.rmtree(elsewhere.folder / "locks")
    for name in reversed(SCRIPTS):
        elsewhere("lock", name, *PLATFORMS).ok()
    assert contents(elsewhere.folder) == before


def test_which_script_is_named_first_does_not_choose_the_seeds(
    scripts: CommandLine, small_channel: SmallChannel
) -> None:
    scripts("lock", "a.py").ok()
    small_channel.add(package("requests", "3.0", "idna"))
    scripts("lock", "b.py").ok()
    for name in ("a.py", "b.py"):  # both now require the same, from different locks
        (scripts.folder / name).write_text("import requests, six, idna\n")
    saved = shutil.copytree(scripts.folder / "locks", scripts.folder / "saved")
    scripts("lock", "a.py", "b.py").ok()
    first = contents(scripts.folder)
    shutil.rmtree(scripts.folder / "locks")
    shutil.copytree(saved, scripts.folder / "locks")
    scripts("lock", "b.py", "a.py").ok()
    assert contents(scripts.folder) == first


def test_one_package_that_moves_is_a_small_difference(
    scripts: CommandLine, small_channel: SmallChannel
) -> None:
    scripts("lock", "b.py", "--platform", "linux-64").ok()
    (path,) = (scripts.folder / "locks").glob("*.conda-lock.yml")
    before = path.read_text().splitlines()
    small_channel.add(package("urllib3", "2.0"))
    scripts("lock", "b.py", "--upgrade").ok()
    after = path.read_text().splitlines()
    changed = [
        line[2:].strip().partition(":")[0]
        for line in difflib.ndiff(before, after)
        if line.startswith("+ ")
    ]
    assert changed == ["document_sha256", "version", "url", "md5", "sha256"]
