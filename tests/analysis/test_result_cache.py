"""Unchanged scripts are answered from memory, and never where anything has changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import (
    analyze,
    analyze_together,
    new_reader,
    prefetch,
    script_question,
    search_path,
)
from condavision.analysis.facts.cache import FactsCache, rules_tag
from condavision.system.file_stamp import FileClocks, changed_at, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.analysis.facts.reader import Reader
    from condavision.core.model import Analysis

    Change = Callable[[Path], object]
    Scan = Callable[..., tuple[Analysis, bool]]

IS_RACY = FileClocks.is_racy


@pytest.fixture
def project(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(
        FileClocks, "is_racy", lambda *_, **__: False
    )  # as if all were there for long
    root = tmp_path / "project"
    (root / "lib").mkdir(parents=True)
    (root / "spaces").mkdir()
    (root / "ext").mkdir()
    (root / "shared").mkdir()
    (root / "app" / "own").mkdir(parents=True)
    (root / "a.py").write_text(
        "import sys\nsys.path += ['more', 'app']\nimport b, c, spaces, shared.part, cel, linked\n"
        "import own, subprocess\nprint(spaces.x)\n"
        "SPIDER_MODULES = ['spiders']\nsubprocess.run(['python', 'run.py'])\n"
    )
    (root / "b.py").write_text("import d\nprint 1\n")
    (root / "cel.py").write_text("from cel import Cel\n")
    (root / "spiders").mkdir()
    (root / "spiders" / "__init__.py").touch()
    (root / "shared" / "__init__.py").write_text("from pkgutil import extend_path\n")
    (root / "app" / "own" / "__init__.py").write_text("from own import Own\n")
    (root / "lib" / "e.py").write_text("import f, own\n")
    (root / "linked").symlink_to(root.parent / "away")
    (root / "there.py").symlink_to(root / "b.py")
    return root


def one(root: Path, pythonpath: tuple[Path, ...] = (), reader: Reader | None = None) -> Analysis:
    reader = reader or new_reader(root)
    found = analyze(root / "a.py", root=root, pythonpath=pythonpath, reader=reader)
    reader.save_new()
    return found


def several(
    root: Path, pythonpath: tuple[Path, ...] = (), reader: Reader | None = None
) -> Analysis:
    files = [root / "a.py", root / "lib" / "e.py"]
    return analyze_together(files, root=root, pythonpath=pythonpath, reader=reader)


@pytest.fixture(params=[one, several])
def scan(request: pytest.FixtureRequest) -> Scan:
    """Read the project: what was found, and whether it was known."""

    def read(
        root: Path, pythonpath: tuple[Path, ...] = (), reader: Reader | None = None
    ) -> tuple[Analysis, bool]:
        reader = reader or new_reader(root)
        found: Analysis = request.param(root, pythonpath, reader)
        return found, any(reader.known.values())

    return read


def test_it_is_the_same_answer(project: Path, scan: Scan) -> None:
    first, known = scan(project)
    assert not known
    assert scan(project) == (first, True)


CHANGES: dict[str, Change] = {
    "the script": lambda root: (root / "a.py").write_text("import sys, x\n"),
    "a module": lambda root: (root / "b.py").write_text("import x\n"),
    "a module gone": lambda root: (root / "b.py").unlink(),
    "a module instead": lambda root: _new(root / "new").replace(root / "b.py"),
    "a module more": lambda root: (root / "c.py").write_text("import x\n"),
    "a module below": lambda root: (root / "lib" / "d.py").write_text("import x\n"),
    "a compiled module": lambda root: (root / "c.cpython-312-x.so").touch(),
    "a package": lambda root: _new(root / "c" / "__init__.py"),
    "a namespace package": lambda root: _new(root / "c" / "x.py"),
    "a package for a module": lambda root: _new(root / "b" / "__init__.py"),
    "a package of the root": lambda root: (root / "__init__.py").touch(),
    "a module in a namespace": lambda root: (root / "spaces" / "x.py").touch(),
    "a part of a namespace": lambda root: (root / "shared" / "part.py").touch(),
    "a namespace no more": lambda root: (root / "shared" / "__init__.py").write_text("1\n"),
    "a namesake's import": lambda root: (root / "cel.py").write_text("Cel = 1\n"),
    "a namesake's member": lambda root: (root / "app" / "own" / "Own.py").touch(),
    "a namesake": lambda root: (root / "app" / "own" / "__init__.py").write_text("Own = 1\n"),
    "a module that a setting stands for": lambda root: (root / "spiders" / "s.py").touch(),
    "a file that is run": lambda root: (root / "run.py").write_text("import x\n"),
    "a path more": lambda root: _new(root / "more" / "c.py"),
    "a link less": lambda root: (root / "linked").unlink(),
    "a link's folder": lambda root: _new(root.parent / "away" / "__init__.py"),
    "rights": lambda root: _restricted(root / "b.py"),
}
FOR_ONE: dict[str, Change] = {
    "the script is a link": lambda root: _linked(root / "a.py", root / "elsewhere" / "a.py"),
}
NO_CHANGES: dict[str, Change] = {
    "another script": lambda root: (root / "unrelated.py").touch(),
    "another folder": lambda root: (root / "locks").mkdir(),
    "a result": lambda root: (root / "result.csv").touch(),
    "another script gone": lambda root: (root / "there.py").unlink(),
    "bytecode": lambda root: _new(root / "__pycache__" / "b.pyc"),
}


def _new(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def _restricted(path: Path) -> None:
    before = stamp_of(path)
    while stamp_of(path) == before:  # clocks of file systems tick in milliseconds
        path.chmod(0o640)
        path.chmod(0o600)


def _linked(path: Path, target: Path) -> None:
    target.parent.mkdir()
    path.rename(target)
    path.symlink_to(target)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(project: Path, scan: Scan, change: Change) -> None:
    scan(project)
    assert scan(project)[1]
    change(project)
    found, known = scan(project)
    assert not known
    FactsCache.default().file.unlink()
    assert scan(project) == (found, False)


@pytest.mark.parametrize("change", FOR_ONE.values(), ids=FOR_ONE)
def test_what_changes_for_a_script_is_seen(project: Path, change: Change) -> None:
    before = one(project)
    change(project)
    reader = new_reader(project)
    assert one(project, reader=reader) != before
    assert not any(reader.known.values())


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_what_changes_nothing_is_no_change(project: Path, scan: Scan, change: Change) -> None:
    first, _ = scan(project)
    change(project)
    assert scan(project) == (first, True)


def test_what_is_declared_is_read_anew(project: Path, scan: Scan) -> None:
    text = '# /// script\n# dependencies = ["x @ https://me:secret@host/x.whl"]\n# ///\nimport z\n'
    (project / "a.py").write_text(text)
    (project / "lib" / "e.py").write_bytes(b"\0")
    first, _ = scan(project)
    assert "secret" in first.metadata.dependencies[0].text
    assert scan(project) == (first, True)
    assert b"secret" not in FactsCache.default().file.read_bytes()


def test_another_question_is_asked_anew(project: Path, scan: Scan) -> None:
    for pythonpath in ((), (project / "lib",), ()):
        assert not scan(project, pythonpath)[1]
        assert scan(project, pythonpath)[1]


def test_other_rules_are_asked_anew(
    project: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(project)
    with monkeypatch.context() as patched:
        patched.setattr("condavision.analysis.facts.cache.sys.version", "another")
        rules_tag.cache_clear()
        assert not scan(project)[1]
    rules_tag.cache_clear()
    assert not scan(project)[1]
    assert scan(project)[1]


def test_what_has_just_changed_is_not_trusted(
    project: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileClocks, "is_racy", IS_RACY)
    past = time.time_ns() - 10_000_000_000
    os.utime(project / "b.py", ns=(past, past))  # its status changed just now all the same
    changed = stamp_of(project / "b.py")
    assert changed is not None
    for later, known in ((1_000_000, False), (3_000_000_000, True)):
        reader = new_reader(project)
        reader.since = changed_at(changed) + later
        scan(project, reader=reader)
        assert scan(project)[1] is known


def test_what_was_read_before_it_changed_is_not_trusted(
    project: Path, scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileClocks, "is_racy", lambda *given: given[2] > given[3])
    reader = new_reader(project)
    reader.prefetch([(project / "a.py").as_posix()])
    _next_tick(project.parent / "clock")
    (project / "a.py").write_text("import x\n")
    scan(project, reader=reader)
    found, known = scan(project)
    assert not known
    assert scan(project) == (found, True)


def _next_tick(file: Path) -> None:
    file.touch()
    before = stamp_of(file)
    while stamp_of(file) == before:  # clocks of file systems tick in milliseconds
        file.touch()


@pytest.mark.parametrize("damage", [b"", b"x", b"\x80\x05N.", b"\x80\x05)."])
def test_a_damaged_entry_is_none(project: Path, scan: Scan, damage: bytes) -> None:
    found, _ = scan(project)
    keys = [f"\0{it.as_posix()}".encode() for it in (project, project / "a.py")]
    FactsCache.default().keep([(key, damage) for key in keys])
    assert scan(project) == (found, False)


def test_many_scripts_are_read_once(project: Path) -> None:
    scripts = [project / "a.py", project / "b.py"]
    for name in ("a", "b"):
        (project / f"{name}.py").write_text(f"import {name}{name}\n")
    for known in ([], scripts):
        reader = new_reader(project)
        search = search_path(project, (), ())
        prefetch({it: script_question(it, search) for it in scripts}, reader)
        assert [it.script for it in reader.known.values() if it] == known
        found = [analyze(it, root=project, reader=reader).imports[0].name for it in scripts]
        assert found == ["aa", "bb"]
        reader.save_new()
