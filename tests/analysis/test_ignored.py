"""What a search for scripts leaves out, beside what it never looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.source.script_search import search_scripts, would_find
from condavision.inference.workspace import Workspace
from condavision.project.config import Flags

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

CASES: list[tuple[str, dict[str, str], tuple[str, ...], str, list[str]]] = [
    ("a folder", {".gitignore": "old/\n"}, ("a.py", "old/b.py", "x/old/c.py"), ".", ["a.py"]),
    ("a name", {".gitignore": "*_pb2.py\n"}, ("a.py", "x/a_pb2.py"), ".", ["a.py"]),
    ("but not", {".gitignore": "a*.py\n!ab.py\n"}, ("a.py", "ab.py"), ".", ["ab.py"]),
    ("at the top", {".gitignore": "/a.py\n"}, ("a.py", "x/a.py"), ".", ["x/a.py"]),
    ("of a folder", {"x/.gitignore": "*.py\n"}, ("a.py", "x/a.py"), ".", ["a.py"]),
    (
        "the nearest decides",
        {".gitignore": "a.py\n", "x/.gitignore": "!a.py\n"},
        ("a.py", "x/a.py"),
        ".",
        ["x/a.py"],
    ),
    ("above, in one repository", {".gitignore": "a.py\n"}, ("x/a.py", "x/b.py"), "x", ["x/b.py"]),
    ("what is given is read", {".gitignore": "x/\n"}, ("x/a.py",), "x", ["x/a.py"]),
    ("a line that is no pattern", {".gitignore": "!\na.py\n\\\n"}, ("a.py", "b.py"), ".", ["b.py"]),
    ("by a setting", {"condavision.toml": "exclude = ['a.py']"}, ("x/a.py", "b.py"), ".", ["b.py"]),
    (
        "by a setting above",
        {"condavision.toml": "exclude = ['/x/a.py']"},
        ("x/a.py", "x/b.py"),
        "x",
        ["x/b.py"],
    ),
    (
        "a setting wins",
        {"condavision.toml": "exclude = ['!a.py', 'b.py']", ".gitignore": "a.py\n!b.py\n"},
        ("a.py", "b.py"),
        ".",
        ["a.py"],
    ),
]


@pytest.mark.parametrize(
    ("rules", "scripts", "given", "found"), [it[1:] for it in CASES], ids=[it[0] for it in CASES]
)
def test_what_is_left_out(
    rules: dict[str, str],
    scripts: tuple[str, ...],
    given: str,
    found: list[str],
    tmp_path: Path,
    command: CommandLine,
) -> None:
    root = command.folder / "case"
    (root / ".git").mkdir(parents=True)
    for name, text in {**rules, **dict.fromkeys(scripts, "print(1)\n")}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shown = command("check", "--json", given, cwd=root)
    assert [it["script"] for it in shown.json()] == found
    if given == ".":
        excludes = Workspace(Flags()).excludes
        assert {it for it in scripts if would_find(root / it, root, excludes)} == {*found}


def test_the_files_that_counted_are_known(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / ".gitignore").write_text("b.py\n")
    for name in ("a.py", "b.py", "x/c.py"):
        (tmp_path / name).write_text("print(1)\n")
    assert search_scripts([tmp_path]).ignores == (tmp_path / ".gitignore",)
    assert search_scripts([tmp_path / "b.py"]).scripts == (tmp_path / "b.py",)
    (tmp_path / ".gitignore").write_text("*.py\n")
    assert search_scripts([tmp_path]).scripts == ()


def test_a_wrong_pattern_is_refused(command: CommandLine) -> None:
    (command.folder / "condavision.toml").write_text("exclude = ['a.py', '!']\n")
    failed = command("check", ".")
    assert failed.code == 2 or "exclude" in failed.out
    assert "`exclude` must be a list of patterns as in .gitignore" in failed.err + failed.out


def test_together_leaves_out_the_same(command: CommandLine) -> None:
    (command.folder / "t.py").write_text("import nobody_has_this\n")
    (command.folder / ".gitignore").write_text("t.py\n")
    (found,) = command("lock", "--together", ".", "--json").ok().json()
    assert set(found["packages"]) == {"python"}
