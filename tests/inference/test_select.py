"""What is meant by the names on a command line, and which files in folders are skipped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.command_line import CommandLine


def test_a_folder_that_cannot_be_listed_is_reported(
    command: CommandLine, closed: Callable[[Path], None]
) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "job.py").write_text("import json\n")
    closed(command.folder / "jobs")
    reported = "caution: jobs skipped: cannot be listed: Permission denied\n"
    assert reported in command("lock", ".").ok().err
    assert reported in command("check", ".").ok().err
    assert reported in command("check", ".", "--json").ok().err
    locked = command("lock", "--together", ".", "--json").ok()
    assert "jobs skipped" in "".join(locked.json()[0]["cautions"])
    alone = command("lock", "jobs")
    assert alone.code
    assert "cannot be listed" in alone.err


def test_a_broken_symlink_is_reported(command: CommandLine) -> None:
    (command.folder / "gone.py").symlink_to(command.folder / "nowhere.py")
    reported = "caution: gone.py skipped: broken symlink\n"
    assert reported in command("lock", ".").ok().err
    assert reported in command("check", ".").ok().err


def test_an_empty_file_is_skipped(command: CommandLine) -> None:
    for name in ("begun.py", "constants.py"):
        (command.folder / name).touch()
    (command.folder / "job.py").write_text("import constants\n")
    locked = command("lock", ".", "--json").ok()
    assert [it["script"] for it in locked.json()] == ["job.py", "s.py"]
    assert locked.err.count("skipped") == 1
    assert "caution: begun.py skipped: empty file\n" in locked.err
    assert command("check", ".").ok()


def test_a_folder_without_scripts_is_an_error(command: CommandLine) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "jobs" / "begun.py").touch()
    (command.folder / "jobs" / "conftest.py").write_text("import json\n")
    for command_name in ("lock", "check"):
        refused = command(command_name, "jobs")
        assert refused.code == 65, refused.err
        assert "no scripts in jobs\n" in refused.err
        assert "  hint: jobs/begun.py skipped: empty file\n" in refused.err


NOT_SCRIPTS = {
    "README.md": "x = 1\n",
    "text": "x = 1\n",
    "sh": "#!/bin/sh\n",
    "a.txt": "import os\n",
}
SCRIPTS = {"tool": "#!/usr/bin/env python3\n", "a.cgi": "#!/usr/bin/python3\nimport os\n"}


def test_what_is_not_python_is_refused_and_the_others_are_locked(command: CommandLine) -> None:
    for name, text in {**NOT_SCRIPTS, **SCRIPTS}.items():
        (command.folder / name).write_text(text)
    (command.folder / "link").symlink_to("s.py")
    names = [*NOT_SCRIPTS, *SCRIPTS, "link"]
    locked = command("lock", *names, "--json")
    assert locked.code == 2
    found = [it["script"] for it in locked.json() if "hash" in it]
    assert found == ["tool", "a.cgi", "s.py"]
    assert "not a Python script: its name ends in none of .py, .pyw, .ipynb" in locked.err
    assert "begin it with `#!/usr/bin/env python3`" in locked.err
    assert "README.md" not in (command.folder / "locks/.local/scripts.yml").read_text()


def test_a_hash_can_be_shortened(command: CommandLine) -> None:
    locked = command("lock", "s.py", "--json").ok().json()[0]
    prefix = command("path", "s.py").ok().out.strip()
    for name in (locked["hash"], locked["hash"][:6]):
        assert command("path", name).ok().out.strip() == prefix
        assert f"{name}  {prefix}  reused\n" in command("install", name).ok().out
        assert command("export", name, "--format", "requirements").ok()
        assert command("diff", name, "s.py").ok().out == "no package differs\n"
    missing = command("path", "0123456")
    assert (missing.code, "no lock 0123456" in missing.err) == (70, True)
    assert command("path", locked["hash"][:5]).code == 65, "too short to be a hash"
    folder = command.folder / "locks/.local"
    (folder / f"{locked['hash'][:15]}g.conda-lock.yml").touch()
    ambiguous = command("path", locked["hash"][:6])
    assert (ambiguous.code, "several locks begin with" in ambiguous.err) == (2, True)


def test_local_locks_do_not_ask_to_be_committed(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    written = [path.read_text() for path in (command.folder / "locks/.local").glob("*.yml")]
    assert len(written) == 3
    assert all("for this machine alone" in text for text in written)
    assert not any("committed" in text for text in written)


@pytest.mark.parametrize("paths", ["utils/..", "utils/../lib/."])
def test_paths_in_messages_are_plain(command: CommandLine, paths: str) -> None:
    settings = command.folder / "condavision.toml"
    settings.write_text(f'{settings.read_text()}paths = ["{paths}"]\n')
    for folder in ("utils", "lib", "sub"):
        (command.folder / folder).mkdir()
    for folder in (".", "lib"):
        (command.folder / folder / "mine.py").write_text("import tomllib\n")
    (command.folder / "sub/s.py").write_text("import mine\n")
    said = command("explain", "sub/s.py").ok().out
    assert "mine.py:1" in said
    assert ".." not in said


def test_what_killed_writers_left_is_swept(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    folder = command.folder / "locks/.local"
    names = [".condavision-new-old", ".condavision-new-young", ".other-old"]
    for name in names:
        (folder / name).touch()
        if name.endswith("old"):
            os.utime(folder / name, (1, 1))
    command("lock", "s.py").ok()
    assert [name for name in names if (folder / name).exists()] == names[1:]


MAIN = "import json\nif __name__ == '__main__':\n    print(1)\n"
PACKAGE = {"etl/__init__.py": "", "etl/clean.py": "x = 1\n", "etl/main.py": MAIN}
ONE = "a module of a package that looks like a program: etl/main.py:2; to lock it, run"
PROGRAMS: list[tuple[str, dict[str, str], list[list[str]], str]] = [
    ("one", {}, [], f"{ONE} `condavision lock -m etl.main`;"),
    ("a block", {"etl/main.py": "x = 1\n# /// script\n# ///\n"}, [], ONE),
    (
        "several",
        {f"etl/main{n}.py": MAIN for n in range(4)},
        [],
        ("5 modules of packages that look like programs: etl/main.py:2, etl/main0.py:2,"
        " etl/main1.py:2 and 2 more; to lock the first, run `condavision lock -m etl.main`;"),
    ),
    (
        "a package in a folder",
        {"etl/main.py": "", "sub/p/__init__.py": "", "sub/p/run.py": MAIN},
        [],
        "sub/p/run.py:2; to lock it, run `cd sub && condavision lock -m p.run`;",
    ),
    ("no program", {"etl/main.py": "x = '__main__'\n"}, [], ""),
    ("a test of the package", {"etl/main.py": "", "etl/tests/test_a.py": MAIN}, [], ""),
    ("imported by a script", {"s.py": "import etl.main\n"}, [], ""),
    ("excluded", {"condavision.toml": "exclude = ['etl/']\n"}, [], ""),
    ("installed", {"pyproject.toml": "[build-system]\nrequires = []\n"}, [], ""),
    ("installed by setup.py", {"etl/setup.py": MAIN}, [], ""),
    ("with settings alone", {"pyproject.toml": "[project]\nname = 'a'\n"}, [], ONE),
    ("locked as a module", {}, [["lock", "-m", "etl.main"]], ""),
    ("locked by its path", {}, [["lock", "etl/main.py"]], ""),
    ("locked with its folder", {}, [["lock", "--together", "etl"]], ""),
    (
        "reached by a locked module",
        {"etl/clean.py": MAIN, "etl/main.py": f"from . import clean\n{MAIN}"},
        [["lock", "-m", "etl.main"]],
        "",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "before", "said"), [it[1:] for it in PROGRAMS], ids=[it[0] for it in PROGRAMS]
)
def test_programs_in_packages_that_nothing_locks_are_named(
    files: dict[str, str], before: list[list[str]], said: str, command: CommandLine
) -> None:
    in_process = InProcess(command.folder)
    for name, text in {**PACKAGE, **files}.items():
        path = command.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if name == "condavision.toml" else "w") as file:
            file.write(text)
    for words in before:
        in_process(*words).ok()
    for words in (["lock", "."], ["check"], ["check", "--json"]):
        err = in_process(*words).ok().err
        assert said in err
        assert ("not locked" in err) == bool(said), err


def test_a_folder_of_modules_alone(command: CommandLine) -> None:
    in_process = InProcess(command.folder)
    for name, text in PACKAGE.items():
        (in_process.folder / name).parent.mkdir(exist_ok=True)
        (in_process.folder / name).write_text(text)
    for words in ("lock", "check"):
        refused = in_process(words, "etl")
        assert refused.code == 65
        assert "to lock a program in it, run `condavision lock -m etl.main`" in refused.err
        assert "to lock its modules as one, run `condavision lock --together etl`" in refused.err
    in_process("lock", "-m", "etl.main").ok()
    (checked,) = in_process("check", "etl", "--json").ok().json()
    assert checked["script"] == "-m etl.main"
    assert '"etl/main.py"' not in (in_process.folder / "locks/.local/scripts.yml").read_text()
