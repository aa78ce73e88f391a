"""Targets, and their form in scripts.yml and on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.project.targets import Module, Together, folder_keys, key_of, target_of, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.project.targets import Target
    from tests.command_line import CommandLine

CASES: list[tuple[Callable[[Path], Target], str, str]] = [
    (lambda _: Path("a.py"), "a.py", "a.py"),
    (lambda _: Path("jobs/b c.py"), "jobs/b c.py", "'jobs/b c.py'"),
    (lambda _: Path("-m x"), "./-m x", "'./-m x'"),
    (lambda _: Together(Path()), "./", "--together ."),
    (lambda _: Together(Path("jobs")), "jobs/", "--together jobs"),
    (lambda root: Module("p.q", root), "-m p.q", "-m p.q"),
    (lambda root: Module("p", root / "jobs/in x"), "-m p in jobs/in x", "-m p"),
]


@pytest.mark.parametrize(("make", "key", "words"), CASES, ids=[row[1] for row in CASES])
def test_a_key_says_what_it_is_of(
    make: Callable[[Path], Target],
    key: str,
    words: str,
    make_project: Callable[[Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = ("a.py", "jobs/b c.py", "jobs/in x/d.py", "-m x")
    root = make_project(dict.fromkeys(files, "")).resolve()
    monkeypatch.chdir(root)
    target = make(root)
    assert key_of(target, root) == key
    assert target_of(key, root) == target
    assert typed(target) == words


def test_the_nearest_folder_comes_first() -> None:
    assert folder_keys("a/b/c.py") == ("a/b/", "a/", "./")
    assert folder_keys("-m p in a") == ()


def test_a_folder_with_main_is_one_script(command: CommandLine) -> None:
    app = command.folder / "app"
    app.mkdir()
    (app / "__main__.py").write_text("import sys\nprint('app', sys.argv[1:])\n")
    command("lock", "app").ok()
    for name in ("app", "app/__main__.py"):
        assert command("run", "-q", name, "x").ok().out == "app ['x']\n"
    command("check", "app").ok()
    command("install", "app").ok()
