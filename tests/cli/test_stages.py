"""What the command says before any of its commands runs, and its own options."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.command_line import CONDAVISION, on_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

INSTEAD: list[tuple[str, list[str], list[str]]] = [
    (
        "a script is no command",
        ["s.py"],
        ["run `condavision lock s.py`", "run `condavision run s.py`"],
    ),
    ("nor is one that is not there", ["no such.py", "--month", "5"], ["lock 'no such.py'`"]),
    (
        "a misspelt command",
        ["chekc", "s.py"],
        ["no such command `chekc`\n", "did you mean `check`?", "see `condavision --help`"],
    ),
    ("a misspelt option", ["lock", "--upgarde"], ["--upgrade", "see `condavision lock --help`"]),
    (
        "a choice",
        ["completion"],
        ["missing argument `{bash|zsh|fish}`. Choose from: bash, zsh, fish"],
    ),
    (
        "a folder that is not there",
        ["-C", "nowhere", "list"],
        ["for `-C`: ", "`nowhere` does not exist"],
    ),
]


@pytest.mark.parametrize(
    ("words", "said"), [it[1:] for it in INSTEAD], ids=[it[0] for it in INSTEAD]
)
def test_what_to_type_instead(words: list[str], said: list[str], command: CommandLine) -> None:
    failed = command(*words)
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith("error: ")
    assert all(part in failed.err for part in said), failed.err


@pytest.mark.parametrize(
    "words", [["lock", "--prun", "s.py"], ["install", "--reinstal"], ["clear"], ["clean", "--forc"]]
)
def test_no_misspelling_suggests_what_removes_or_replaces(
    words: list[str], command: CommandLine
) -> None:
    failed = command(*words)
    assert failed.code == 2
    assert not re.search("--prune|--reinstall|--force|'clean'", failed.err)


@pytest.mark.parametrize("words", [[], ["--help"]], ids=["nothing", "help"])
def test_help_has_an_example_of_each_command(words: list[str], command: CommandLine) -> None:
    shown = command(*words).ok().out
    for name in ("lock report.py", "check scripts/", "run report.py --month 5", "doctor"):
        assert f"\n  {name} " in shown
    assert "CONDAVISION_HOME" in shown
    assert "..." not in shown.replace("[ARGS]...", "")


def test_a_command_in_another_folder(command: CommandLine) -> None:
    (command.folder / "below").mkdir()
    ran = command("-C", "below", "explain", "../s.py").ok()
    assert ran.out.startswith("python ")
    found = command("-C", "below", "explain", "--json", "nothing.py")
    assert found.json()["error"] == "nothing.py does not exist"


def test_commands_without_paths_are_for_the_project(command: CommandLine) -> None:
    below = command.folder / "below"
    below.mkdir()
    (below / "t.py").write_text("print('t')\n")
    command("-q", "lock", ".").ok()
    (command.folder / "s.py").unlink()
    pruned = command("lock", "--prune", cwd=below).ok()
    assert "removed s.py from scripts.yml" in pruned.err
    rows = command("check", cwd=below).ok().out.splitlines()
    assert [row.split()[0] for row in rows] == ["script", "below/t.py"]
    _, row = command("-q", "install", cwd=below).ok().out.splitlines()
    assert row.split()[1] == command("path", "t.py", cwd=below).ok().out.strip()


@pytest.mark.slow
def test_run_locks_first_if_it_is_to(command: CommandLine) -> None:
    script = command.folder / "s.py"
    assert command("run", "s.py").code == 70
    first = command("run", "--lock", "s.py").ok()
    assert (first.out, "locked s.py as" in first.err) == ("s\n", True)
    again = command("run", "--lock", "s.py").ok()
    assert (again.out, again.err) == ("s\n", "")
    script.write_text("import sys\nsys.exit(sys.version_info[:2] >= (3, 12) and 7)\n# " + "x" * 50)
    script.write_text("# /// script\n# requires-python = '<3.12'\n# ///\n" + script.read_text())
    assert command("run", "s.py").code == 71
    assert command("run", "--lock", "s.py").code == 0
    script.write_text("import nobody_has_this_module\n")
    failed = command("run", "--lock", "s.py")
    assert (failed.code, failed.out) == (66, "")


@pytest.mark.parametrize(
    ("words", "colored"),
    [([], True), (["--color", "never"], False), (["--color=always"], True)],
    ids=["auto", "never", "always"],
)
def test_colors_of_a_terminal(words: list[str], colored: bool, home: Path) -> None:
    assert ("\x1b[" in on_terminal([*CONDAVISION, *words, "list"])) is colored


def test_colors_elsewhere(command: CommandLine) -> None:
    assert "\x1b[" not in command("lok").err
    assert "\x1b[1;31merror: " in command("--color", "always", "lok").err


def test_commands_are_defined_without_what_they_use() -> None:
    """Completion, `--version` and a wrong verb define all of them, and run none."""
    code = "import sys, condavision.cli; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    rooms = {it.split(".")[1] for it in ran.stdout.split() if it.startswith("condavision.")}
    assert rooms == {"cli", "core", "errors", "export", "system"}
    used = {"condavision.core.model", "condavision.core.pythons", "packaging", "rich", "tomllib"}
    assert not used & {*ran.stdout.split()}
