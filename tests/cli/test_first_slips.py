"""What a person meets who types something else than is wanted: what to type instead."""

from __future__ import annotations

import pytest

from tests.command_line import CONDAVISION, CommandLine, on_terminal

SLIPS: list[tuple[str, list[str], int, tuple[str, ...]]] = [
    (
        "no lock, and a script with arguments",
        ["run", "s.py", "--month", "5", "a b"],
        70,
        (
            "hint: run `condavision lock s.py`",
            "or do both: run `condavision run --lock s.py --month 5 'a b'`",
        ),
    ),
    (
        "no lock, and packages for one run",
        ["run", "--with", "rich>1", "s.py"],
        70,
        ("or do both: run `condavision run --lock --with 'rich>1' s.py`",),
    ),
    (
        "no lock, and a command",
        ["exec", "s.py", "--", "pytest", "-x"],
        70,
        ("or do both: run `condavision exec --lock s.py -- pytest -x`",),
    ),
    (
        "a command without a script",
        ["exec", "--", "python", "a b"],
        2,
        ("no script given", "run `condavision exec YOUR-SCRIPT -- python 'a b'`"),
    ),
    ("no lock for a kernel", ["kernel", "s.py"], 70, ("run `condavision kernel --lock s.py`",)),
    ("no locks at all", ["vendor", "packages"], 70, ("run `condavision lock .`",)),
    (
        "a Python that the machine lacks",
        ["lock", "--python", "3.99", "s.py"],
        67,
        (
            "error: s.py: this machine has no Python 3.99, only 2.7, 3.",
            "choose one of them: `--python 3.",
        ),
    ),
    (
        "a Python that the script excludes",
        ["lock", "--python", "2.7", "sub/b.py"],
        67,
        ("error: sub/b.py: no Python >=2.7,<3 runs it: sub/b.py:2: f-string",),
    ),
    (
        "a misspelt channel",
        ["lock", "-c", "Intrepreters:", "s.py"],
        2,
        ("error: `Intrepreters:` is not a channel", "did you mean `interpreters:`?"),
    ),
    ("a command that needs help", ["help", "lokc"], 2, ("did you mean `lock`?",)),
    ("a script without its ending", ["run", "s"], 65, ("did you mean s.py?",)),
    (
        "a module of a command for files",
        ["annotate", "--check", "-m", "sub.b"],
        2,
        ("no option -m", "run `condavision annotate --check sub/b.py`\n"),
    ),
    (
        "a module that annotate does not find",
        ["annotate", "-m", "sub.c"],
        2,
        ("of `condavision lock`",),
    ),
    ("standard input", ["run", "-"], 65, ("- does not exist", "save it to a file, and give that")),
    ("a URL", ["lock", "https://x.invalid/s.py"], 65, ("hint: save it to a file, and give that",)),
    ("a name that is like none", ["run", "nosuch.py"], 65, ("hint: check the path\n",)),
    ("a script of a folder below", ["run", "b.py"], 65, ("hint: did you mean sub/b.py?\n",)),
    (
        "a package in place of a script",
        ["install", "pandas"],
        65,
        (
            "give a script: the packages that it imports are locked and installed with it",
            "`condavision run --with pandas YOUR-SCRIPT`",
        ),
    ),
    (
        "a module that there is not",
        ["run", "-m", "sub.nomod"],
        65,
        ("error: no module `sub.nomod` in /", "hint: check the name, and the folder you are in\n"),
    ),
    ("a misspelt module", ["run", "-m", "sbu.b"], 65, ("hint: did you mean `-m sub.b`?\n",)),
    ("a package", ["run", "-m", "sub"], 65, ("error: `sub` is a package without __main__.py",)),
    ("what is no script", ["run", "r.txt"], 2, ("error: r.txt: not a Python script",)),
    ("a misspelt script", ["lock", "ss.py"], 65, ("ss.py does not exist", "did you mean s.py?")),
    ("no script", ["explain"], 2, ("as in report.py, -m MODULE or --together FOLDER",)),
    ("no value", ["lock", "s.py", "-c"], 2, ("see `condavision lock --help`",)),
    (
        "another command's option",
        ["run", "-c", "x", "s.py"],
        2,
        ("it is an option of `condavision lock`",),
    ),
    ("the version", ["version"], 2, ("run `condavision --version`",)),
    ("a lock of all", ["lock"], 2, ("folders of scripts (`.` is this one)",)),
    ("a map of nothing", ["map", "s.py"], 2, ("map s.py inputs.jsonl -o results/`",)),
    ("a map to nowhere", ["map", "s.py", "a b"], 2, ("map s.py 'a b' -o results/`",)),
    (
        "a map of nothing to somewhere",
        ["map", "s.py", "-o", "out", "--", "-v"],
        2,
        ("error: no inputs given", "map s.py inputs.jsonl -o out -- -v`"),
    ),
    ("an option that is a command", ["lock", "--check"], 2, ("hint: run `condavision check`\n",)),
    ("an option for the file", ["init", "--channel", "x"], 2, ("an option of `condavision lock`",)),
    ("a command of uv", ["sync"], 2, ("hint: run `condavision install`\n",)),
    ("a command of pip", ["freeze"], 2, ("export --format requirements YOUR-SCRIPT`",)),
    (
        "a file of pip",
        ["lock", "--requirements", "r.txt", "s.py"],
        2,
        ("`condavision lock --from",),
    ),
    (
        "packages for one run",
        ["lock", "--with", "six", "s.py"],
        2,
        ("option of `condavision run`",),
    ),
    ("an interpreter", ["python", "-V"], 2, ("run `condavision exec YOUR-SCRIPT -- python`",)),
    ("what is like nothing", ["lock", "--nosuch", "s.py"], 2, ("--nosuch`\n  hint: see `con",)),
    (
        "a folder of the command",
        ["-C", "sub", "run", "b.py"],
        70,
        ("`condavision -C sub lock b.py",),
    ),
    ("a command of conda", ["add", "six"], 2, ("import it in the script", "run --with PACKAGE")),
    ("nothing to clean", ["clean"], 2, ("  hint: all: run `condavision clean --all`\n",)),
    ("a script that never ran", ["clean", "s.py"], 2, ("`s.py` has no environment in the cache",)),
    ("a package where nothing is locked", ["why", "six"], 70, ("run `condavision lock .`",)),
    ("a difference of what has no locks", ["diff", "s.py", "s.py"], 70, ("lock s.py`",)),
    ("one lock to compare", ["diff", "s.py"], 2, ("`condavision diff HEAD~1:s.py s.py`",)),
    ("a tree of nothing", ["tree"], 70, ("error: s.py has no lock", "run `condavision lock s.py`")),
    (
        "scripts that are not locked together",
        ["path", "."],
        70,
        ("run `condavision path s.py`", "run `condavision lock --together .`"),
    ),
    (
        "a command for scripts that are not locked together",
        ["exec", ".", "--", "python", "-V"],
        70,
        ("give one of them: run `condavision exec s.py -- python -V`",),
    ),
]


@pytest.mark.parametrize(
    ("words", "code", "said"), [it[1:] for it in SLIPS], ids=[it[0] for it in SLIPS]
)
def test_what_to_type_instead(
    words: list[str], code: int, said: tuple[str, ...], command: CommandLine
) -> None:
    (command.folder / "sub").mkdir()
    (command.folder / "sub" / "b.py").write_text(
        "" if words == ["tree"] else "import six\nprint(f'')\n"
    )
    (command.folder / "r.txt").write_text("six\n")
    failed = command(*words)
    assert (failed.code, failed.out) == (code, "")
    for part in said:
        assert part in failed.err
    assert "SCRIPT" not in failed.err.replace("YOUR-SCRIPT", "")
    assert ">=3.15" not in failed.err


def test_the_table_of_another_folder_has_what_to_type_here(command: CommandLine) -> None:
    (command.folder / "a b").mkdir()
    (command.folder / "a b" / "s.py").write_text("import six\n")
    assert "run `condavision -C 'a b' lock s.py`" in command("-C", "a b", "check", "s.py").out


SETTINGS: list[tuple[str, str, str]] = [
    ("channels = [\n", " is not valid TOML", "close what is still open there"),
    ("x = = 1\n", "condavision.toml:1 is not valid TOML", "correct that line"),
    (
        "channel = []\n",
        "condavision.toml:1: `channel` is not a setting",
        "did you mean `channels`?",
    ),
    ("allow_sdist = true\n", "`allow_sdist` is not a setting", "did you mean `allow-sdist`?"),
    ("colour = 1\n", "`colour` is not a setting", "the settings are"),
    ("python = '3.11'\n", "`python` is not a setting", "declare `requires-python` in the script"),
]


def test_the_line_that_is_not_python_is_shown(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("import json\nif 1:\n    x = = 1\n")
    for words in (["lock", "s.py"], ["lock", "."], ["run", "--lock", "s.py"]):
        failed = command(*words)
        said = "error: s.py:3: not Python: invalid syntax\n    x = = 1\n        ^\n  hint: "
        assert said in failed.err
    assert "s.py:3: not Python: invalid syntax; " in command("check", "s.py").out


@pytest.mark.parametrize(("text", "said", "hint"), SETTINGS, ids=[it[1] for it in SETTINGS])
def test_a_wrong_setting_is_reported_once(
    text: str, said: str, hint: str, command: CommandLine
) -> None:
    (command.folder / "condavision.toml").write_text(text)
    (command.folder / "t.py").write_text("")
    failed = command("lock", "s.py", "t.py")
    assert failed.code == 2
    assert failed.err.count("condavision.toml") == 1
    assert f"error: {command.folder}" in failed.err
    assert said in failed.err
    assert f"  hint: {hint}" in failed.err


def test_hints_to_lock_again_have_what_was_locked(command: CommandLine) -> None:
    (command.folder / "condavision.toml").unlink()
    command("-q", "lock", "-c", "interpreters:", "s.py").ok()
    (lock,) = command.folder.glob("locks/.local/*.conda-lock.yml")
    for name in ("s.py", lock.name[:16]):
        failed = command("export", "--format", "environment", name, "--platform", "win-64")
        assert "run `condavision lock -c interpreters: --platform win-64 s.py`" in failed.err


@pytest.mark.parametrize("words", [["help"], ["help", "lock"]], ids=" ".join)
def test_help_is_a_command_too(words: list[str], command: CommandLine) -> None:
    assert command(*words).ok().out == command(*words[1:], "--help").ok().out


@pytest.mark.parametrize(
    ("words", "name"),
    [(["report"], "report.html"), (["graph", "--format", "svg"], "graph.svg")],
    ids=["report", "graph"],
)
def test_what_a_browser_shows_is_not_written_to_a_terminal(
    words: list[str], name: str, command: CommandLine
) -> None:
    options = ["-C", str(command.folder), "--color", "never"]
    said = on_terminal([*CONDAVISION, *options, *words], code=2)
    assert f"add `-o {name}`" in said
    assert "<" not in said
    assert "<" in command(*words).ok().out
    written = command(*words, "-o", name).ok()
    assert (written.out, written.err.startswith(f"wrote {name} (")) == ("", True)


def test_a_tree_of_a_folder_has_each_lock_once(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("print('t')\n")
    (command.folder / "u.py").write_text("print 'u'\n")
    command("-q", "lock", "s.py", "t.py").ok()
    for words in (["tree"], ["tree", "."]):
        shown = command(*words)
        assert shown.code == 70
        assert shown.out.startswith("s.py, t.py  ")
        assert shown.out.count("\n") == 2
        assert shown.err.startswith("error: u.py has no lock")
    trees = command("tree", "s.py", "t.py", "--json").ok().json()
    assert [it["script"] for it in trees] == ["s.py", "t.py"]
    assert command("tree", "s.py", "--json").ok().json()["script"] == "s.py"


def test_who_shares_a_lock_that_changes_is_named(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("print('t')\n")
    command("-q", "lock", ".").ok()
    changed = command("lock", "--python", "3.12", "s.py").ok()
    assert "is also the lock of t.py, which now has these versions too" in changed.err
    assert "also the lock of" not in command("lock", "--python", "3.11", ".").ok().err
    assert "also the lock of" not in command("lock", "--python", "3.11", "s.py").ok().err


def test_locks_that_are_proved_are_not_new(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("print(2)\nimport os\nos.getcwd(f'{1}')\n")
    assert "2 scripts: 2 new" in command("-q", "lock", ".").ok().err
    assert "2 scripts: 2 proved" in command("-q", "lock", "--prove", ".").ok().err
    assert "2 scripts: 2 reused" in command("-q", "lock", "--prove", ".").ok().err
    assert "2 scripts: 2 changed" in command("-q", "lock", "--python", "3.11", ".").ok().err


def test_many_scripts_without_locks_are_one_error(command: CommandLine) -> None:
    for name in "abcde":
        (command.folder / f"{name}.py").write_text("print()\n")
    for words, said, hint in (
        (["install"], "a.py, b.py, c.py, d.py, e.py and 1 more have no locks", "lock ."),
        (["tree", "a.py", "b.py"], "a.py, b.py have no locks", "lock a.py b.py"),
        (["install", "."], "and 1 more have no locks", "lock ."),
    ):
        failed = command(*words)
        assert failed.code == 70
        assert failed.err.count("error: ") == failed.err.count("hint: ") == 1
        assert said in failed.err
        assert f"run `condavision {hint}`" in failed.err
    assert command("check", "a.py").out.splitlines()[1].split()[:3] == ["a.py", "missing", "run"]


@pytest.mark.slow  # installs
def test_installed_and_reused_environments(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("print('t')\n")
    command("-q", "lock", ".").ok()
    prefix = command("path", "-q", "s.py").ok().out.strip()
    reused = command("install").ok()
    assert [it.split() for it in reused.out.splitlines()] == [
        ["script", "environment"],
        ["s.py", prefix, "reused"],
        ["t.py", prefix, "reused"],
    ]
    assert reused.err == "2 scripts: 2 reused\n"
    again = command("install", "--reinstall", "-q", "s.py", "--json").ok().json()
    assert [it["status"] for it in again] == ["installed"]


def test_what_a_new_lock_lacks_is_one_line_for_all_scripts(command: CommandLine) -> None:
    guarded = "try:\n    import {0}\nexcept ImportError:\n    {0} = None\n"
    (command.folder / "s.py").write_text(guarded.format("tqdm") + guarded.format("nowhere_known"))
    (command.folder / "t.py").write_text(guarded.format("tqdm") + guarded.format("orjson"))
    said = command("-q", "lock", ".").ok().err
    assert (
        said.count("not installed: orjson (t.py), tqdm (s.py and 1 more) (`optional-imports") == 1
    )
    assert "optional imports" not in command("-q", "lock", ".").ok().err


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        ("six\nrich\n", "--from names a file without versions"),
        ("acme-crm==1.2\nsix==1.16\n", "needed by nothing here: acme-crm, six\n"),
    ],
)
def test_versions_to_keep_that_have_no_effect(pins: str, said: str, command: CommandLine) -> None:
    (command.folder / "requirements.txt").write_text(pins)
    assert said in command("-q", "lock", "--from", "requirements.txt", "s.py").ok().err


def test_errors_are_last_where_both_streams_are_one(command: CommandLine) -> None:
    (command.folder / "bad.py").write_text("def (\n")
    said = CommandLine(command.folder, merged=True)("-q", "lock", "s.py", "bad.py").out
    assert said.startswith("script ")
    assert said.index("s.py  ") < said.index("error: bad.py")
