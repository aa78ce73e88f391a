"""`lock --dry-run` writes nothing of the project; `lock --python` chooses among its Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine


def _files(folder: Path) -> dict[str, bytes]:
    return {str(it): it.read_bytes() for it in sorted(folder.rglob("*")) if it.is_file()}


def test_a_dry_run_writes_nothing(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("import sys\nsys.exit(0)\n")
    before = _files(command.folder)
    shown = command("lock", "--dry-run", ".").ok().out
    assert shown.count("to write") == 2
    assert _files(command.folder) == before
    command("lock", ".").ok()
    locked = _files(command.folder)
    assert command("lock", "--dry-run", "--upgrade", ".").ok().out.count("to write") == 2
    (command.folder / "t.py").write_text("# /// script\n# requires-python = '<3.13'\n# ///\n")
    (command.folder / "s.py").unlink()
    changed = {**locked, **_files(command.folder)}
    del changed[str(command.folder / "s.py")]
    pruned = command("lock", "--dry-run", "--prune", ".", "--json").ok()
    assert pruned.json()[0]["status"] == "to write"
    assert "would remove s.py from scripts.yml" in pruned.err
    assert pruned.err.count("would remove lock") == 1
    assert _files(command.folder) == changed


PYTHONS = [("3.11", "3.11."), (">=3.11,<3.13", "3.12."), ("==3.10.*", "3.10.")]


@pytest.mark.parametrize(("asked", "locked"), PYTHONS, ids=[it[0] for it in PYTHONS])
def test_a_python_is_chosen(asked: str, locked: str, command: CommandLine) -> None:
    newest = command("lock", "s.py", "--json").ok().json()[0]
    chosen = command("lock", "--python", asked, "s.py", "--json").ok().json()[0]
    assert chosen["packages"]["python"].startswith(locked)
    assert chosen["hash"] == newest["hash"]
    assert command("lock", "s.py", "--json").ok().json()[0]["status"] == "reused"
    again = command("lock", "--python", asked, "s.py", "--json").ok().json()[0]
    assert again["status"] == "reused"


def test_a_chosen_python_is_kept_and_shown(command: CommandLine) -> None:
    chosen = command("lock", "--python", "3.12", "s.py").ok()
    assert "this Python is kept until `lock --upgrade`" in chosen.err
    plain = command("lock", "s.py").ok()
    assert (" 3.12." in plain.out, "this Python is kept" in plain.err) == (True, False)
    assert "(locked, Python 3.12." in command("explain", "s.py").ok().out
    newest = command("lock", "--upgrade", "s.py").ok()
    assert " 3.12." not in newest.out.partition("changes")[0]
    assert "no package changed" in command("lock", "--upgrade", "s.py").ok().err
    assert "no package changed" not in newest.err


def test_a_python_below_the_floor_is_chosen(command: CommandLine) -> None:
    newest = command("lock", "s.py", "--json").ok().json()[0]
    index = command.folder / "locks" / ".local" / "scripts.yml"
    for options, status in ((["--python", "3.8"], "written"), (["--python", "3.8"], "reused")):
        chosen = command("lock", *options, "s.py", "--json").ok().json()[0]
        assert (chosen["packages"]["python"][:4], chosen["status"]) == ("3.8.", status)
        assert '"python-floor": "3.8"' in index.read_text()
    kept = command("lock", "s.py", "--json").ok().json()[0]
    assert (kept["hash"], kept["status"]) == (chosen["hash"], "reused")
    command("check", "s.py").ok()
    explained = command("explain", "s.py").ok().out
    assert "solving for >=3.8 (below python-floor)" in explained
    assert "(locked, Python 3.8." in explained
    again = command("lock", "--python", "3.12", "s.py", "--json").ok().json()[0]
    assert again["hash"] == newest["hash"]
    assert "python-floor" not in index.read_text()


def test_a_python_that_a_script_cannot_run_on(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("import tomllib\n")
    failed = command("lock", "--python", "3.10", "s.py", "t.py")
    assert failed.code == 67
    assert "t.py: no Python >=3.10,<3.11 runs it: t.py:1: standard library module" in failed.err
    assert "s.py    3.10." in failed.out


@pytest.mark.parametrize("asked", ["x", "3.x", ">=", "1.5", ""])
def test_no_version_of_python(asked: str, command: CommandLine) -> None:
    failed = command("lock", "--python", asked, "s.py")
    assert failed.code == 2
    assert "--python" in failed.err
