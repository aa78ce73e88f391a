"""A lock over the years: kept versions, upgrades, differences, orphans, merged branches."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CONDAVISION, on_terminal
from tests.compile_stage.conftest import package, pythons, versions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

WEB_AND_SIX = "import requests, six\n"


@pytest.fixture
def moved(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project locked before its channel got newer versions of everything."""
    small_channel.add(
        package("requests", "2.0", "urllib3"), package("urllib3", "1.0"), package("six", "1.0")
    )
    assert versions(command("lock", "web.py", "--json"))["urllib3"] == "1.0"
    small_channel.add(
        package("requests", "3.0", "urllib3"), package("urllib3", "2.0"), package("six", "2.0")
    )
    return command


def write(command: CommandLine, name: str, text: str) -> None:
    (command.folder / name).write_text(text)


def test_a_changed_script_keeps_the_versions_it_had(moved: CommandLine) -> None:
    write(moved, "web.py", WEB_AND_SIX)
    (locked,) = moved("lock", "web.py", "--json").ok().json()
    assert locked["packages"]["requests"] == "2.0"
    assert locked["packages"]["urllib3"] == "1.0"
    assert locked["packages"]["six"] == "2.0"
    assert [(one["name"], one["change"]) for one in locked["changes"]] == [("six", "added")]


def test_what_no_longer_fits_moves_and_the_rest_stays(moved: CommandLine) -> None:
    write(
        moved, "web.py", '# /// script\n# dependencies = ["requests>=3"]\n# ///\nimport requests\n'
    )
    (locked,) = moved("lock", "web.py", "--json").ok().json()
    assert locked["packages"]["requests"] == "3.0"
    assert locked["packages"]["urllib3"] == "1.0"
    assert [(one["before"], one["after"]) for one in locked["changes"]] == [("2.0", "3.0")]


def test_a_version_that_left_the_channel_is_replaced(
    moved: CommandLine, small_channel: SmallChannel
) -> None:
    for old in (small_channel.served.path / "noarch").glob("urllib3-1.0*"):
        old.unlink()
    small_channel.add()
    write(moved, "web.py", WEB_AND_SIX)
    found = versions(moved("lock", "web.py", "--json"))
    assert (found["requests"], found["urllib3"]) == ("2.0", "2.0")


def test_another_platform_moves_nothing(moved: CommandLine) -> None:
    assert versions(moved("lock", "web.py", "--json")) == versions(
        moved("lock", "web.py", "--platform", "linux-64", "--platform", "win-64", "--json")
    )
    changes = moved("diff", "web.py", "web.py", "--json").ok().json()
    assert changes == []


def test_upgrade_moves_everything_upgrade_package_one(moved: CommandLine) -> None:
    def found(*options: str) -> tuple[str, str]:
        locked = versions(moved("lock", "web.py", "--json", *options))
        return (locked["requests"], locked["urllib3"])

    assert found() == ("2.0", "1.0")
    assert found("--upgrade-package", "urllib3") == ("2.0", "2.0")
    assert found() == ("2.0", "2.0")
    assert found("--upgrade") == ("3.0", "2.0")
    assert moved("lock", "web.py", "--upgrade-package", "urlib3").code == 2


def test_a_package_to_upgrade_is_named_in_any_spelling(
    moved: CommandLine, small_channel: SmallChannel
) -> None:
    small_channel.add(package("pyyaml", "1.0"), package("typing_extensions", "1.0"))
    write(moved, "web.py", "import yaml, typing_extensions\n")
    moved("lock", "web.py").ok()
    small_channel.add(package("pyyaml", "2.0"), package("typing_extensions", "2.0"))
    options = ("--upgrade-package", "PyYAML", "--upgrade-package", "Typing.Extensions")
    found = versions(moved("lock", "web.py", "--json", *options))
    assert (found["pyyaml"], found["typing_extensions"]) == ("2.0", "2.0")
    refused = moved("lock", "web.py", "--upgrade-package", "PyYAML==1.0")
    assert refused.code == 2
    assert "`PyYAML==1.0` is not a package name" in refused.err
    assert "--upgrade-package PyYAML\n" in refused.err


def test_the_difference_is_printed(moved: CommandLine) -> None:
    shown = moved("lock", "web.py", "--upgrade").ok().out
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith(("req", "url"))] == [
        ["requests", "2.0", "3.0"],
        ["urllib3", "1.0", "2.0"],
    ]


def test_an_orphaned_lock_goes_only_when_asked(moved: CommandLine) -> None:
    folder = moved.folder / "locks"
    (old,) = folder.glob("*.conda-lock.yml")
    write(moved, "web.py", WEB_AND_SIX)
    assert old.name.partition(".")[0] in moved("lock", "web.py").ok().err
    assert old.exists()
    moved("lock", "web.py").ok()
    assert old.exists()
    moved("lock", "web.py", "--prune").ok()
    assert not old.exists()
    assert len(list(folder.glob("*.environment.yml"))) == 1
    moved("check", "web.py").ok()


def test_prune_keeps_what_other_scripts_use_and_forgets_those_gone(moved: CommandLine) -> None:
    write(moved, "other.py", "import requests\n")
    write(moved, "gone.py", "import six\n")
    moved("lock", "web.py", "other.py", "gone.py").ok()
    (moved.folder / "gone.py").unlink()
    write(moved, "web.py", WEB_AND_SIX)
    said = moved("lock", "web.py", "--prune").ok().err
    assert "gone.py" in said
    assert len(list((moved.folder / "locks").glob("*.conda-lock.yml"))) == 2
    moved("check", "web.py", "other.py").ok()


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_locks_in_git_are_compared(moved: CommandLine) -> None:
    git(moved.folder, "init", "-q", "-b", "main")
    git(moved.folder, "add", ".")
    git(moved.folder, "commit", "-q", "-m", "locked")
    moved("lock", "web.py", "--upgrade").ok()
    changes = moved("diff", "HEAD:web.py", "web.py", "--json").ok().json()
    assert [(one["name"], one["before"], one["after"], one["change"]) for one in changes] == [
        ("requests", "2.0", "3.0", "moved"),
        ("urllib3", "1.0", "2.0", "moved"),
    ]
    (lock,) = (moved.folder / "locks").glob("*.conda-lock.yml")
    key = lock.name.partition(".")[0]
    for name in (f"HEAD:{key}", f"HEAD:locks/{lock.name}"):
        assert moved("diff", name, str(lock), "--json").ok().json() == changes
        assert moved("diff", name, key, "--json").ok().json() == changes
    table = moved("diff", "HEAD:web.py", "web.py", "--markdown").ok().out.splitlines()
    assert table[0] == "| package | before | after | platforms |"
    assert table[2] == "| `requests` | `2.0` | `3.0` | linux-64 |"
    assert moved("diff", "no-such-branch:web.py", "web.py").code == 70
    assert moved("diff", "nothing", "web.py").code == 70


def test_branches_that_locked_scripts_merge(moved: CommandLine) -> None:
    write(moved, "other.py", "import six\n")
    moved("lock", ".").ok()
    git(moved.folder, "init", "-q", "-b", "main")
    git(moved.folder, "add", ".")
    git(moved.folder, "commit", "-q", "-m", "locked")
    git(moved.folder, "switch", "-q", "-c", "branch")
    write(moved, "web.py", WEB_AND_SIX)
    moved("lock", ".").ok()
    git(moved.folder, "add", ".")
    git(moved.folder, "commit", "-q", "-m", "web needs six")
    git(moved.folder, "switch", "-q", "main")
    write(moved, "other.py", "import requests, six, sys\n")
    write(moved, "web.py", "import requests, sys\n")
    moved("lock", ".").ok()
    git(moved.folder, "add", ".")
    git(moved.folder, "commit", "-q", "-m", "other needs requests")
    git(moved.folder, "merge", "-q", "-X", "theirs", "branch", "-m", "merged")
    index = moved.folder / "locks" / "scripts.yml"
    assert index.read_text().count('"web.py"') == 2
    moved("check", "web.py").ok()
    moved("lock", ".").ok()
    assert index.read_text().count('"web.py"') == 1
    moved("check", ".").ok()


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's")
@pytest.mark.parametrize(("answer", "kept"), [("y", False), ("n", True), ("", True)])
def test_on_a_terminal_the_orphan_is_asked_about(
    moved: CommandLine, answer: str, kept: bool
) -> None:
    (old,) = (moved.folder / "locks").glob("*.conda-lock.yml")
    write(moved, "web.py", WEB_AND_SIX)
    command = [*CONDAVISION, "lock", "web.py"]
    asked = on_terminal(command, f"{answer}\n", cwd=moved.folder)
    assert f"Lock {old.name.partition('.')[0]} is no longer used" in asked
    assert old.exists() == kept


def test_the_table_tells_platforms_with_another_python(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    small_channel.add(
        *pythons("3.11.9", platforms=["win-64"]),
        package("requests", "2.31", subdir="linux-64"),
        package("requests", "2.31", "python <3.12", subdir="win-64"),
    )
    told = command("lock", "web.py", "--platform", "linux-64").ok().out
    assert "3.12.1 (>=3.10)" in told
    told = command("lock", "web.py", "--platform", "linux-64", "--platform", "win-64").ok().out
    assert "3.12.1, 3.11.9 on win-64 (>=3.10)" in told


def test_a_script_that_was_accepted_is_compiled_again_once_it_changes(command: CommandLine) -> None:
    script = command.folder / "web.py"
    script.write_text("print(1)\n")
    command("lock", "web.py").ok()
    status = script.stat()
    script.write_text("print(1(\n")
    os.utime(script, ns=(status.st_atime_ns, status.st_mtime_ns))
    for stage in ("check", "lock"):
        refused = command(stage, "web.py")
        assert refused.code == 65
        assert "web.py:1: not Python" in refused.out + refused.err
