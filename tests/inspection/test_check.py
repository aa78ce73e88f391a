"""What `check` reports of a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from tests.command_line import CommandLine

UNREADABLE = {
    "a syntax error": ("import tabulate\ndef (\n", "s.py:2: not Python"),
    "bytes": ("import tabulate\n\0", "s.py:2: not Python"),
    "no Python for it": ("print 'x'\ntype X = int\n", "s.py:2: type alias statement"),
    "a block that is none": ("# /// script\n# dependencies = [\n# ///\n", "s.py:1: the"),
}


@pytest.mark.parametrize(("source", "place"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_script_that_cannot_be_read_is_neither_missing_nor_stale(
    source: str, place: str, command: CommandLine
) -> None:
    (command.folder / "s.py").rename(command.folder / "locked.py")
    command("lock", "locked.py").ok()
    for name in ("s.py", "locked.py"):
        (command.folder / name).write_text(source)
    (command.folder / "t.py").write_text("print(1)\n")
    found = command("check", "--json")
    checked = {it["script"]: it for it in found.json()}
    for name in ("s.py", "locked.py"):
        assert checked[name]["state"] == "unreadable"
        assert place.replace("s.py", name) in checked[name]["notes"][0]
        assert found.code == checked[name]["code"] == 65
    shown = command("check")
    assert "3 scripts: 1 missing, 2 unreadable" in shown.err
    assert place in shown.out


OBSTACLES = {
    "an unknown import": (
        "\nimport reqeusts\n",
        "s.py:2: no known package for `import reqeusts` (similar names: requests)",
        "did you mean `import requests`? then correct s.py:2",
    ),
    "a name of nobody's": (
        "import absent_pkg_x\n",
        "s.py:1: no known package for `import absent_pkg_x`",
        "if the import is right, name its package",
    ),
}


@pytest.mark.parametrize(("source", "why", "hint"), OBSTACLES.values(), ids=OBSTACLES)
def test_what_cannot_be_locked_says_why(
    source: str, why: str, hint: str, command: CommandLine
) -> None:
    (command.folder / "s.py").write_text(source)
    found = command("check", "--json")
    (checked,) = found.json()
    assert (found.code, checked["state"], checked["code"]) == (70, "missing", 70)
    assert checked["notes"][0].startswith(why)
    assert checked["notes"][1].startswith(hint)
    assert f"cannot be locked as it is: {why}" in command("explain", "s.py").ok().out
    refused = command("run", "s.py")
    assert refused.code == 70
    assert f"error: s.py has no lock, and cannot be locked as it is: {why}" in refused.err
    assert f"  hint: {hint}" in refused.err
    assert "--lock" not in refused.err
    together = command("exec", ".", "--", "python", "-V")
    assert together.code == 70
    assert "condavision exec s.py -- python -V" in together.err
    assert "lock --together" not in together.err
    assert "--lock" not in together.err


CAUTIONS = {
    "a program in a package": {
        "etl/__init__.py": "",
        "etl/main.py": "if __name__ == '__main__': 1\n",
    },
    "a skipped file": {"empty.py": ""},
    "a likely mistake": {"condavision.toml": "paths = ['absent']\n"},
}


@pytest.mark.parametrize("files", CAUTIONS.values(), ids=CAUTIONS)
def test_strict_fails_for_a_caution(files: dict[str, str], command: CommandLine) -> None:
    in_process = InProcess(command.folder)
    in_process("lock", "s.py").ok()
    in_process("check", "--strict").ok()
    for name, text in files.items():
        (command.folder / name).parent.mkdir(exist_ok=True)
        with (command.folder / name).open("a") as file:
            file.write(text)
    in_process("check").ok()
    for words in (["check", "--strict"], ["check", "--strict", "--json"]):
        failed = in_process(*words)
        assert failed.code == 1
        assert failed.err.endswith("1 caution, which --strict does not accept\n")
    (command.folder / "s.py").write_text("import tabulate\n")
    assert in_process("check", "--strict").code == 71


def test_strict_accepts_what_a_person_decided(command: CommandLine) -> None:
    with (command.folder / "condavision.toml").open("a") as file:
        file.write("[imports]\nfrob = ''\n")
    (command.folder / "s.py").write_text("import frob\n")
    in_process = InProcess(command.folder)
    in_process("lock", "s.py").ok()
    assert "[imports] says that frob" in in_process("check", "--strict").ok().out


def test_an_override_is_reported_for_its_scripts_while_it_is_configured(
    command: CommandLine,
) -> None:
    configuration = command.folder / "condavision.toml"
    channels = configuration.read_text()
    configuration.write_text(f'{channels}[imports]\nacme_crm = ""\n')
    (command.folder / "sync.py").write_text("print('s')\nimport acme_crm\n")
    said = "[imports] says that acme_crm needs no package"
    locked = command("lock", ".", "--json").ok().json()
    assert len({it["hash"] for it in locked}) == 1
    assert [said in it["cautions"] for it in locked] == [False, True]
    assert command("report", "--json").ok().out.count(said) == 1
    configuration.write_text(channels)
    others, changed = command("check", "--json").json()
    assert (others["state"], others["notes"]) == ("ok", [])
    assert changed["notes"][0] == "[imports] no longer has acme_crm (sync.py:2)"
    assert said not in command("report", "--json").out


def test_a_clone_without_locks_of_interpreters_says_why(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("print(1)\n")
    why = "condavision.toml has the channel `interpreters:`, whose locks are not committed"
    cloned = command("check")
    assert (cloned.err.count(why), why in cloned.out) == (1, False)
    command("lock", "t.py").ok()
    assert why not in command("check").err
