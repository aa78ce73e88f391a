"""A scan of unchanged files is answered from memory, and never where anything has changed."""

from __future__ import annotations

import os
import time
from functools import partialmethod
from pathlib import Path

import pytest

from condavision.analysis.analyze import analyze_together, new_reader
from condavision.analysis.facts.cache import FactsCache
from condavision.analysis.resolve.result_cache import Question
from condavision.analysis.resolve.walk import SearchPath
from condavision.system.file_stamp import FileClocks

IS_RACY = FileClocks.is_racy


@pytest.fixture
def project(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(FileClocks, "is_racy", lambda *_: False)  # as if all were there for long
    root = tmp_path / "project"
    (root / "lib").mkdir(parents=True)
    (root / "a.py").write_text("import sys\nsys.path.append('more')\nimport b, c\n")
    (root / "b.py").write_text("import d\nprint 1\n")
    (root / "lib" / "e.py").write_text("import f\n")
    return root


def scan(root: Path, pythonpath: tuple[Path, ...] = ()) -> object:
    return analyze_together(
        [root / "a.py", root / "lib" / "e.py"], root=root, pythonpath=pythonpath
    )


def is_kept(root: Path, pythonpath: tuple[str, ...] = ()) -> bool:
    files = [(root / "a.py").as_posix(), (root / "lib" / "e.py").as_posix()]
    question = Question(SearchPath(root.as_posix(), (), pythonpath), files, time.time_ns())
    return question.recalled(FactsCache.default()) is not None


def test_it_is_the_same_answer(project: Path) -> None:
    first = scan(project)
    assert is_kept(project)
    assert scan(project) == first


CHANGES = {
    "a script": lambda root: (root / "a.py").write_text("import sys, x\n"),
    "a module": lambda root: (root / "b.py").write_text("import x\n"),
    "a module gone": lambda root: (root / "b.py").unlink(),
    "a module more": lambda root: (root / "c.py").write_text("import x\n"),
    "a module above": lambda root: (root / "f.py").write_text("import x\n"),
    "a folder more": lambda root: (root / "src").mkdir(),
    "a path more": lambda root: (root / "more").mkdir(),
    "a link less": lambda root: (root / "linked").unlink(),
    "a link's folder": lambda root: (root.parent / "away").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_changes_is_seen(project: Path, change: object) -> None:
    (project / "linked").symlink_to(project.parent / "away")
    scan(project)
    assert is_kept(project)
    assert callable(change)
    change(project)
    assert not is_kept(project)
    found = scan(project)
    Path(FactsCache.default().file).unlink()
    assert scan(project) == found


def test_another_question_is_asked_anew(project: Path) -> None:
    scan(project)
    assert not is_kept(project, (str(project / "lib"),))
    scan(project, (project / "lib",))
    assert is_kept(project, (str(project / "lib"),))
    assert not is_kept(project)


def test_what_has_just_changed_is_not_trusted(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CONDAVISION_HOME", str(project.parent / "home"))
    past = time.time_ns() - 10_000_000_000
    os.utime(project / "b.py", ns=(past, past))  # its status changed just now all the same
    scan(project)
    assert not is_kept(project)


def test_what_was_read_before_it_changed_is_not_trusted(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileClocks, "is_racy", partialmethod(IS_RACY, step=0))
    time.sleep(0.02)  # clocks of file systems tick in milliseconds
    reader = new_reader(project)
    reader.prefetch([(project / "a.py").as_posix()])
    time.sleep(0.02)
    (project / "a.py").write_text("import x\n")
    time.sleep(0.02)
    files = [project / "a.py", project / "lib" / "e.py"]
    analyze_together(files, root=project, reader=reader)
    assert not is_kept(project)
    time.sleep(0.02)
    found = scan(project)
    assert is_kept(project)
    assert scan(project) == found


@pytest.mark.parametrize("damage", [b"", b"x", b"\x80\x05N.", b"\x80\x05)."])
def test_a_damaged_entry_is_none(project: Path, damage: bytes) -> None:
    found = scan(project)
    key = b"\0" + project.as_posix().encode()
    FactsCache.default().keep([(key, damage)])
    assert not is_kept(project)
    assert scan(project) == found
