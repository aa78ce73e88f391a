"""The setting of VS Code: added or changed, and every other character stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.errors import UsageError
from condavision.export.vscode import SETTING, interpreter, write_setting

if TYPE_CHECKING:
    from tests.command_line import CommandLine

PYTHON = Path("/envs/a b/bin/python")
LINE = f'"{SETTING}": "{PYTHON}"'
SETTINGS: dict[str, tuple[str, str]] = {
    "no file": ("", f"{{\n    {LINE}\n}}\n"),
    "no settings": ("{ }\n", f"{{\n    {LINE}\n}}\n"),
    "others": (
        '{\n  "editor.rulers": [ 80,100 ],\n  "ä": {"}": "{"}\n}\n',
        f'{{\n  {LINE},\n  "editor.rulers": [ 80,100 ],\n  "ä": {{"}}": "{{"}}\n}}\n',
    ),
    "on one line": ('{"a": 1}', f'{{{LINE},"a": 1}}'),
    "DOS line ends": ('{\r\n\t"a": 1\r\n}', f'{{\r\n\t{LINE},\r\n\t"a": 1\r\n}}'),
    "another interpreter": (
        f'{{\n "a": "{SETTING}",\n "{SETTING}"  :  "x\\"y" ,\n "b": {{"{SETTING}": 1}}\n}}',
        f'{{\n "a": "{SETTING}",\n "{SETTING}"  :  "{PYTHON}" ,\n "b": {{"{SETTING}": 1}}\n}}',
    ),
    "a byte order mark": ('\ufeff{"a": 1}', f'\ufeff{{{LINE},"a": 1}}'),
}


@pytest.mark.parametrize(("before", "after"), SETTINGS.values(), ids=SETTINGS)
def test_all_other_settings_stay(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / ".vscode" / "settings.json"
    if before:
        path.parent.mkdir()
        path.write_bytes(before.encode())
    assert write_setting(tmp_path, PYTHON).state == "written"
    assert path.read_bytes().decode() == after
    assert json.loads(path.read_bytes())[SETTING] == str(PYTHON)
    assert interpreter(tmp_path) == PYTHON
    assert write_setting(tmp_path, PYTHON).state == "unchanged"


COMMENTED = '{\n  // mine\n  "a": 1,\n}\n'


@pytest.mark.parametrize("text", [COMMENTED, "[]", "{", '{"a": 1} x', "\0"])
def test_what_could_be_lost_is_not_written(text: str, tmp_path: Path) -> None:
    path = tmp_path / ".vscode" / "settings.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        write_setting(tmp_path, PYTHON)
    assert refused.value.message.endswith("not plain JSON, so it is not written")
    assert interpreter(tmp_path) is None
    assert refused.value.hints == (f"add this line to it: {LINE},",)
    assert path.read_text() == text
    path.write_text(COMMENTED.replace("//", f"{LINE}, //"))
    assert write_setting(tmp_path, PYTHON).state == "unchanged", "the line was added"
    assert interpreter(tmp_path) == PYTHON
    path.write_text(COMMENTED.replace("//", f"// {LINE},"))
    with pytest.raises(UsageError):
        write_setting(tmp_path, PYTHON)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    path = tmp_path / ".vscode" / "settings.json"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "mine.json")
    with pytest.raises(UsageError, match="is a symlink"):
        write_setting(tmp_path, PYTHON)
    assert (tmp_path / "mine.json").read_text() == "{}"


def test_the_interpreter_is_the_environments(command: CommandLine) -> None:
    (command.folder / "sub").mkdir()
    (command.folder / "sub" / "t.py").write_text("print()\n")
    command("-q", "lock", "sub/t.py").ok()
    made = command("vscode", "-q", "t.py", cwd=command.folder / "sub").ok()
    said = made.out
    assert "for this machine only; to keep it out of git" in made.err
    python = command("path", "--python", "sub/t.py").ok().out.strip()
    assert said.endswith(f"settings.json: {SETTING} is now {python}\n")
    written = json.loads((command.folder / ".vscode" / "settings.json").read_text())
    assert written == {SETTING: python}
    (command.folder / ".git").mkdir()
    (command.folder / ".gitignore").write_text(".vscode/settings.json\n")
    (command.folder / ".vscode" / "settings.json").unlink()
    assert "to keep it out of git" not in command("vscode", "-q", "sub/t.py").ok().err
    again = command("vscode", "-q", "sub/t.py").ok()
    assert (f"{SETTING} is {python}" in again.out, again.err) == (True, "")


def test_what_had_the_interpreter_that_is_replaced_is_named(command: CommandLine) -> None:
    (command.folder / "old.py").write_text("# /// script\n# requires-python = '<3.12'\n# ///\n")
    (command.folder / "t.py").write_text("print()\n")
    command("lock", ".").ok()
    assert "it was" not in command("vscode", "old.py").ok().err
    said = "it was that of old.py: VS Code has one interpreter for a folder"
    assert said in command("vscode", "t.py").ok().err
    assert "it was" not in command("vscode", "t.py").ok().err
    write_setting(command.folder, PYTHON)
    assert f"before, it was {PYTHON}\n" in command("vscode", "t.py").ok().err


def test_a_module_has_the_interpreter_of_what_imports_it(command: CommandLine) -> None:
    (command.folder / "pkg").mkdir()
    (command.folder / "pkg" / "__init__.py").write_text("")
    (command.folder / "pkg" / "part.py").write_text("")
    (command.folder / "pkg" / "main.py").write_text("from . import part\nimport helper\n")
    (command.folder / "helper.py").write_text("import sys\n")
    (command.folder / "t.py").write_text("import helper\n")
    command("lock", "t.py", "-m", "pkg.main").ok()
    for name, user in (("helper.py", "-m pkg.main"), ("pkg/part.py", "-m pkg.main")):
        refused = command("vscode", name)
        assert f"it is a module of {user}: run `condavision vscode {user}`" in refused.err
    refused = command("path", "-m", "pkg.part")
    assert "it is a module of -m pkg.main: run `condavision path -m pkg.main`" in refused.err
    assert "or for a lock of its own, run `condavision lock" in command("path", "helper.py").err
    (command.folder / "new.py").write_text("")
    assert "it is a module" not in command("vscode", "new.py").err


def test_lock_says_that_the_interpreter_is_of_a_former_lock(command: CommandLine) -> None:
    said = ".vscode/settings.json has the interpreter of the lock that t.py had"
    script = command.folder / "t.py"
    script.write_text("print()\n")
    command("lock", "t.py").ok()
    command("vscode", "t.py").ok()
    declared = "# /// script\n# requires-python = '<3.12'\n# ///\n"
    script.write_text(declared)
    assert said not in command("lock", "--dry-run", "t.py").ok().err
    assert (
        f"{said}; for the new one, run `condavision vscode t.py`" in command("lock", ".").ok().err
    )
    assert said not in command("lock", ".").ok().err
    command("vscode", "t.py").ok()
    assert said not in command("lock", "--upgrade", "t.py").ok().err
    assert said in command("lock", "--upgrade", "--python", "3.10", "t.py", "--json").ok().err
    command("lock", "--together", ".").ok()
    command("vscode", ".").ok()
    script.write_text(declared.replace("<3.12", ">=3.12"))
    assert "run `condavision vscode .`" in command("lock", ".").ok().err
    command("vscode", ".").ok()
    (command.folder / "new.py").write_text(declared)
    assert "has the interpreter" not in command("lock", "new.py").ok().err
    (command.folder / "new.py").unlink()
    script.write_text(declared)
    assert "run `condavision vscode t.py`" in command("lock", "--apart", ".").ok().err
