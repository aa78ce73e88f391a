"""States in color, and names that can be told apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from condavision.cli import tables
from condavision.cli.columns import Columns
from condavision.cli.dependencies import print_reasons
from condavision.cli.naming import short_names
from condavision.cli.statuses import InstallStatus, LockStatus
from condavision.cli.tables import STATES, print_table
from condavision.environments.inventory import State as EnvironmentState
from condavision.export.scaffold import Placing
from condavision.inference.coverage import CoverageState
from condavision.inspection.check import LockState
from condavision.inspection.doctor.finding import State as FindingState
from condavision.inspection.why import Reasons
from tests.inspection.overviews import package

if TYPE_CHECKING:
    from enum import StrEnum

    from tests.command_line import CommandLine

KINDS: tuple[type[StrEnum], ...] = (
    CoverageState,
    EnvironmentState,
    FindingState,
    InstallStatus,
    LockState,
    LockStatus,
    Placing,
)


def test_every_state_has_a_color() -> None:
    states = [state for found in STATES.values() for state in found]
    assert sorted({it.value for kind in KINDS for it in kind}) == sorted(states)


@pytest.mark.parametrize(
    ("words", "variable", "colored"),
    [([], "", False), (["--color", "always"], "", True), ([], "NO_COLOR", False)],
    ids=["a pipe", "always", "NO_COLOR"],
)
def test_states_are_in_color_where_it_is_wanted(
    words: list[str], variable: str, colored: bool, command: CommandLine
) -> None:
    environ = {variable: "1"} if variable else {}
    out = command(*words, "check", "s.py", environ=environ).out
    assert ("\x1b[33mmissing\x1b[0m" in out) is colored
    assert ("\x1b" in out) is colored


HASH = "4d562995b703649d"
LONG = "reports/quarterly_financial_statements/consolidated_balance_sheet_generator.py"
NOTE = "added humanize (reports/a.py:3); run `condavision lock reports/a.py`"
CHECKED = ("script", "lock", "state", "notes")
ENVIRONMENT = (HASH, "3.13.0", "68.6 MB", "2026-11-30T11:30:52+00:00", "a.py", f"/envs/{HASH}")
IMPORTED = ("tabulate", "reports/a.py:1", "required", "tabulate", "*", "tabulate 0.10", "map: it")
TABLES = {
    "a note": (CHECKED, [("a.py", HASH, "stale", NOTE), ("b.py", "", "missing", "")]),
    "a long name": (CHECKED, [(LONG, HASH, "stale", NOTE), (f"{LONG} copy.py", HASH, "ok", "")]),
    "places": (CHECKED, [("a.py", HASH, "ok", f"missing: numpy ({LONG}:1), six ({LONG}:12)")]),
    "environments": (("environment", "python", "size", "used", "scripts", "prefix"), [ENVIRONMENT]),
    "imports": (("import", "where", "kind", "package", "spec", "locked", "why"), [IMPORTED]),
    "launchers": (("script", "launcher", ""), [("a.py", f"/srv/{LONG}", "installed")]),
    "wide characters": (CHECKED, [("報告書.py", HASH, "stale", " ".join(["追加"] * 30))]),
    "no rows": (CHECKED, []),
}  # fmt: skip


@pytest.mark.parametrize(("headings", "rows"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_word_is_broken_on_a_terminal(
    headings: tuple[str, ...],
    rows: list[tuple[str, ...]],
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(tables, "_is_terminal", lambda: True)
    print_table(headings, rows)
    lines = capsys.readouterr().out.splitlines()
    wanted = Counter(word for row in rows for cell in row for word in cell.split())
    assert wanted <= Counter(word for line in lines for word in line.split())
    names = {row[0] for row in rows}
    for line in lines:
        assert line == line.rstrip()
        too_long = cell_len(line) > width
        assert not too_long or line in names or len(line.split()) == 1, "only what has no space"


def test_a_column_that_does_not_fit_gets_lines_of_its_own() -> None:
    rows = [CHECKED, ("a.py", HASH, "stale", NOTE)]
    shown = Columns.of(rows, 60)
    assert [*shown.beside] == [0, 1, 2, 3]
    shown = Columns.of([CHECKED, (LONG, HASH, "stale", NOTE)], 60)
    assert [*shown.beside] == [1, 2, 3], "the name is above"
    assert [it.text for it in next(shown.heading())] == ["script"]
    shown = Columns.of([CHECKED, ("a.py", HASH, "stale", f"{NOTE} {'x' * 60}")], 60)
    assert [*shown.beside] == [0, 1, 2], "the note is below"
    below = [line[0] for line in shown.row(("a.py", HASH, "stale", NOTE))][1:]
    assert [it.indent for it in below] == [2, 4]
    assert " ".join(it.text for it in below) == f"notes: {NOTE}"


COMMANDS: tuple[tuple[str, ...], ...] = (
    *(("check",), ("check", "--declared"), ("explain", LONG), ("tree",), ("why", "tabulate")),
    *(("outdated",), ("doctor", "--offline"), ("lock", "--dry-run", "."), ("diff", LONG, "s.py")),
)


@pytest.mark.slow
def test_commands_say_the_same_on_terminals_of_any_width(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command.folder / LONG).parent.mkdir(parents=True)
    (command.folder / LONG).write_text("import tabulate\n")
    command("lock", ".").ok()
    with (command.folder / LONG).open("a") as script:
        script.write("import tabulate as t\n")
    for words in COMMANDS:
        piped = command(*words).out
        assert piped
        for width in ("60", "80"):
            with monkeypatch.context() as patched:
                patched.setattr(tables, "_is_terminal", lambda: True)
                shown = command(*words, environ={"COLUMNS": width}).out
            said = {word.removesuffix(":") for word in shown.split()}
            assert {word.removesuffix(":") for word in piped.split()} - said <= {"notes"}, words


def test_a_script_that_is_called_as_a_state(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("script", "state"), [("ok", LockState.OK), ("a longer one", LockState.STALE)])
    assert capsys.readouterr().out == "script        state\nok            ok\na longer one  stale\n"


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ({"/a/b.py": 1, "/c/d.py": 1}, ["b.py", "d.py"]),
        ({"/a/main.py": 1, "/b/main.py": 1}, ["a/main.py", "b/main.py"]),
        (
            {"/a/x/main.py": 1, "/b/x/main.py": 1, "/n.py": 1},
            ["a/x/main.py", "b/x/main.py", "n.py"],
        ),
        ({"/main.py": 1, "/a/main.py": 1}, ["/main.py", "a/main.py"]),
        ({"/p/etl/main.py": 2, "/p/top.py": 1}, ["etl/main.py", "top.py"]),
        ({"/p/etl/main.py": 2, "/q/etl/main.py": 2}, ["p/etl/main.py", "q/etl/main.py"]),
        ({}, []),
    ],
)
def test_names_have_as_much_of_a_path_as_tells_them_apart(
    paths: dict[str, int], names: list[str]
) -> None:
    assert [*short_names(paths).values()] == names


def test_rows_of_one_name_show_their_paths(command: CommandLine) -> None:
    below = command.folder / "below"
    below.mkdir()
    for place in (command.folder, below):
        (place / "main.py").write_text("print(1)\n")
    command("lock", "main.py").ok()
    rows = command("check", "main.py", "../main.py", cwd=below).out.splitlines()
    assert [row.split()[0] for row in rows[1:]] == ["below/main.py", "main.py"]
    (below / "condavision.toml").write_text('channels = ["interpreters:"]\n')
    checked = command("check", "main.py", "below/main.py")
    assert [row.split()[0] for row in checked.out.splitlines()[1:]] == ["main.py", "below/main.py"]
    assert (
        "below: below/condavision.toml, channels interpreters:, locks in below/locks" in checked.err
    )
    locked = command("lock", "main.py", "below/main.py").ok()
    assert "below: below/condavision.toml, channels interpreters:" in locked.err


def test_what_a_command_took_is_logged(command: CommandLine) -> None:
    quiet, said = (command("check", *words, "s.py").err for words in ([], ["-v"]))
    root = command.folder
    assert f"project root {root}, settings from {root}/condavision.toml" in said
    assert f"channels interpreters:, locks in {root}/locks" in said
    assert "channels" not in quiet


@pytest.mark.parametrize(
    ("words", "shows"),
    [(["lock"], True), (["-q", "lock"], False), (["lock", "-q"], False)],
    ids=["default", "before", "after"],
)
def test_quiet_goes_before_the_command_or_after_it(
    command: CommandLine, words: list[str], shows: bool
) -> None:
    assert ("solving" in command(*words, "s.py").ok().err) is shows


def test_quiet_lists_only_what_needs_attention(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("import tomllib\n")
    first = command("lock", "-q", ".").ok()
    assert [line.split()[0] for line in first.out.splitlines()] == ["script", "s.py", "t.py"]
    for words in (["lock", "."], ["check"]):
        again = command("-q", *words).ok()
        assert again.out == ""
        assert len(again.err.splitlines()) == 1
    (command.folder / "t.py").write_text("import asyncore\n")
    assert "s.py" not in command("check", "-q").out
    assert "stale" in command("check", "-q").out
    assert "s.py" not in command("lock", "-q", ".").ok().out


def test_how_to_prune_a_lock_that_is_left_over(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    (command.folder / "s.py").write_text("import tomllib\n")
    left = command("lock", "s.py").ok().err
    assert "to remove it, run `condavision lock --prune`" in left
    (command.folder / "s.py").write_text("import tomllib, asyncore\n")
    elsewhere = command("lock", command.folder / "s.py", cwd=command.folder.parent).ok().err
    assert f"run `condavision lock --prune {command.folder.name}`" in elsewhere
    pruned = command("lock", "--prune", command.folder.name, cwd=command.folder.parent).ok().err
    assert pruned.count("removed lock") == 2


def test_locks_of_several_projects_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = [
        Reasons(package("six"), "0" * 16, {"main.py": ()}, Path.cwd() / name) for name in ("a", "b")
    ]
    print_reasons(reasons)
    out = capsys.readouterr().out
    assert f"six 1.0 (PyPI) in {'0' * 16} of a\n  main.py: " in out
    assert f"in {'0' * 16} of b\n" in out
    print_reasons(reasons[:1])
    assert " of " not in capsys.readouterr().out.partition("\n")[0]
