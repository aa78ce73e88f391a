"""Files and folders as strangers have them: names of any bytes, unreadable, broken, cached."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ENCODINGS = [{"PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}]


@pytest.fixture
def command(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> CommandLine:
    """condavision in a project on this machine's interpreters."""
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": "print('s')\n"}
    return InProcess(make_project(files))


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
@pytest.mark.parametrize("environ", ENCODINGS)
@pytest.mark.parametrize("name", ["\udce9.py", "é.py"])
def test_a_name_of_any_bytes_is_a_name(
    command: CommandLine, name: str, environ: dict[str, str]
) -> None:
    (command.folder / name).write_text("import sys\n")
    process = CommandLine(command.folder)
    for arguments, shown in [
        (("lock", "."), name),
        (("lock", "s.py"), "s.py"),
        (("check", "."), name),
        (("explain", name), name),
        (("run", "-q", name), ""),
    ]:
        assert shown in process(*arguments, environ=environ).ok().out
    (checked,) = process("check", name, "--json", environ=environ).ok().json()
    assert os.fsencode(checked["script"]) == os.fsencode(name)


@pytest.fixture
def closed() -> Iterator[Callable[[Path], None]]:
    """Take all permissions from a file or folder until the test is over."""
    taken = []

    def take(path: Path) -> None:
        taken.append((path, path.stat().st_mode))
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("everything can be read here")

    yield take
    for path, mode in taken:
        path.chmod(mode)


def test_a_broken_module_is_told_by_whoever_looks(command: CommandLine) -> None:
    (command.folder / "helper.py").write_text("import sys\ndef f(:\n")
    (command.folder / "s.py").write_text("import helper\n")
    told = "helper.py:2: not read as Python"
    assert told in command("lock", "s.py").ok().err
    assert told in command("check", "s.py").ok().out
    assert told in command("explain", "s.py").ok().err


@pytest.mark.parametrize(
    "text",
    ["raise E, 'x'\ndef f(:\n", "import sys\n"],
    ids=["of an older Python", "well"],
)
def test_a_module_that_some_python_may_read_is_not(command: CommandLine, text: str) -> None:
    (command.folder / "helper.py").write_text(text)
    (command.folder / "s.py").write_text("import helper\n")
    assert "not read as Python" not in command("explain", "s.py").ok().err


@pytest.mark.parametrize("together", [False, True])
def test_a_module_that_may_not_be_read_leaves_the_lock_as_it_was(
    command: CommandLine, closed: Callable[[Path], None], together: bool
) -> None:
    (command.folder / "helper.py").write_text("import sys\n")
    (command.folder / "s.py").write_text("import helper\n")
    target = ("--together", ".") if together else ("s.py",)
    command("lock", *target).ok()
    index = command.folder / "locks" / ".local" / "scripts.yml"
    before = index.read_bytes()
    closed(command.folder / "helper.py")
    locked = command("lock", *target)
    assert locked.code == 65, locked.err
    assert "helper.py cannot be read: Permission denied" in locked.err
    assert index.read_bytes() == before


def test_what_cannot_be_looked_at_is_told(
    command: CommandLine, closed: Callable[[Path], None]
) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "job.py").write_text("import json\n")
    closed(command.folder / "jobs")
    told = "caution: jobs skipped: cannot be listed: Permission denied\n"
    assert told in command("lock", ".").ok().err
    assert told in command("check", ".").ok().err
    assert told in command("check", ".", "--json").ok().err
    locked = command("lock", "--together", ".", "--json").ok()
    assert "jobs skipped" in "".join(locked.json()[0]["cautions"])
    alone = command("lock", "jobs")
    assert alone.code
    assert "cannot be listed" in alone.err


def test_a_link_to_nowhere_is_told(command: CommandLine) -> None:
    (command.folder / "gone.py").symlink_to(command.folder / "nowhere.py")
    told = "caution: gone.py skipped: broken symlink\n"
    assert told in command("lock", ".").ok().err
    assert told in command("check", ".").ok().err


def test_an_empty_file_does_not_keep_a_folder_from_its_locks(command: CommandLine) -> None:
    for name in ("begun.py", "constants.py"):
        (command.folder / name).touch()
    (command.folder / "job.py").write_text("import constants\n")
    locked = command("lock", ".", "--json").ok()
    assert [it["script"] for it in locked.json()] == ["job.py", "s.py"]
    assert locked.err.count("skipped") == 1
    assert "caution: begun.py skipped: empty file\n" in locked.err
    assert command("check", ".").ok()


def test_a_folder_of_nothing_that_is_run_is_an_error(command: CommandLine) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "begun.py").touch()
    (command.folder / "jobs" / "conftest.py").write_text("import json\n")
    for command_name in ("lock", "check"):
        refused = command(command_name, "jobs")
        assert refused.code == 65, refused.err
        assert "no script of yours in jobs\n" in refused.err
        assert "  hint: jobs/begun.py skipped: empty file\n" in refused.err


@pytest.mark.parametrize("place", [".cache/cv", "."])
def test_the_cache_in_the_project_holds_no_scripts(command: CommandLine, place: str) -> None:
    environ = {"CONDAVISION_HOME": str(command.folder / place)}
    command("lock", ".", environ=environ).ok()
    command("install", "s.py", environ=environ).ok()
    found = command("check", ".", "--json", environ=environ).ok().json()
    assert [it["script"] for it in found] == ["s.py"]


def test_explain_says_that_no_python_is_left(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("type X = int\nimport asyncore\n")
    header = command("explain", "s.py").ok().out.partition("\n")[0]
    assert header.startswith("no Python runs it: s.py:1: ")
    assert "; s.py:2: " in header
    assert "<2.7" not in header
