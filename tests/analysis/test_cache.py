"""Unchanged files are not read twice, and changed ones are never mistaken for them."""

from __future__ import annotations

import os
import pickle
import sqlite3
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from condavision.analysis.analyze import analyze, analyze_together, new_reader
from condavision.analysis.facts.cache import FactsCache, dumped, loaded
from condavision.analysis.facts.facts import read_facts
from condavision.analysis.source.source import decode
from condavision.core.model import ScriptMetadata
from condavision.system.cache_table import CacheTable

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path_factory.mktemp("home")))


def names(path: Path) -> list[str]:
    return [it.name for it in analyze(path, root=path.parent).imports]


def aged(path: Path, text: str) -> Path:
    """Write a file that is old enough for its times to be trusted."""
    path.write_text(text)
    past = time.time_ns() - 10_000_000_000
    os.utime(path, ns=(past, past))
    return path


def recorded(path: Path, cache: FactsCache) -> bool:
    return cache.get(path.as_posix(), path.name) is not None


def test_a_second_reading_gives_the_same(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text("import a\nif PY2: import b\ntry: import c\nexcept ImportError: pass\n")
    first = analyze(script, root=tmp_path)
    assert FactsCache.default().file.exists()
    assert recorded(script, FactsCache.default())
    assert analyze(script, root=tmp_path) == first


def test_a_change_is_seen_at_once(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    for name in "abcdefgh":  # the same size every time, within one tick of coarse clocks
        script.write_text(f"import {name}\n")
        assert names(script) == [name]


def test_a_change_that_restores_the_times_is_seen(tmp_path: Path) -> None:
    script = aged(tmp_path / "s.py", "import a\n")
    assert names(script) == ["a"]
    aged(script, "import b\n")
    assert names(script) == ["b"]


def test_a_touched_file_is_the_same_file(tmp_path: Path) -> None:
    script = aged(tmp_path / "s.py", "import a\n")
    names(script)
    os.utime(script)
    assert recorded(script, FactsCache.default())


def test_other_rules_read_anew(tmp_path: Path) -> None:
    script = aged(tmp_path / "s.py", "import a\n")
    names(script)
    cache = FactsCache.default()
    assert recorded(script, cache)
    assert not recorded(script, FactsCache(cache.file, cache.tag + 1))


def test_what_the_compiler_accepts_is_known_to_the_next_command(tmp_path: Path) -> None:
    script = aged(tmp_path / "s.py", "import a\n").as_posix()
    first = new_reader(tmp_path)
    digest = first.facts(script).sha256
    assert not first.is_accepted(digest)
    first.accept(digest)
    first.save_new()
    later = new_reader(tmp_path)
    later.prefetch([script])
    assert later.is_accepted(digest)
    assert not later.is_accepted("0" * 64)
    cache = FactsCache.default()
    assert FactsCache(cache.file, cache.tag + 1).accepted([digest]) == set()


ENTRY = dumped((Path("s.py"), ScriptMetadata("3.12"), "requests " * 50))
DAMAGES: dict[str, Callable[[int, bytes], bytes]] = {
    "replaced": lambda at, data: ENTRY[:at] + data + ENTRY[at + len(data) :],
    "inserted": lambda at, data: ENTRY[:at] + data + ENTRY[at:],
    "cut off": lambda at, _: ENTRY[:at],
    "missing": lambda at, data: ENTRY[:at] + ENTRY[at + len(data) :],
}


@given(
    st.sampled_from([*DAMAGES]),
    st.integers(0, len(ENTRY) - 1),
    st.binary(min_size=1, max_size=20),
)
def test_a_damaged_entry_is_none(damage: str, at: int, data: bytes) -> None:
    damaged = DAMAGES[damage](at, data)
    assume(damaged != ENTRY)
    assert loaded(ENTRY) is not None
    assert loaded(damaged) is None


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + b"x" * 500])
def test_a_damaged_cache_is_only_slower(tmp_path: Path, damage: bytes) -> None:
    script = tmp_path / "s.py"
    script.write_text("import a\n")
    names(script)
    FactsCache.default().file.write_bytes(damage)
    assert names(script) == ["a"]
    assert names(script) == ["a"]


def test_a_cache_that_cannot_be_written_is_only_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path / "file" / "below"))
    script = tmp_path / "s.py"
    script.write_text("import a\n")
    assert names(script) == ["a"]


def test_a_cache_that_another_process_writes_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FactsCache(tmp_path / "cache.sqlite")
    cache.keep([(b"a", b"1")])
    connect = partial(sqlite3.connect, cache.file, timeout=0.01)
    monkeypatch.setattr(CacheTable, "_connect", lambda _: connect())
    with closing(connect()) as other:
        other.execute("BEGIN IMMEDIATE")
        cache.keep([(b"b", b"2")])
    assert cache.entries([b"a", b"b"]) == {b"a": b"1"}
    cache.keep([(b"b", b"2")])
    assert cache.entries([b"a", b"b"]) == {b"a": b"1", b"b": b"2"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("condavision.analysis.facts.cache", "os.system"),
        ("condavision.analysis.facts.cache", "home"),
        ("condavision.analysis.facts.cache", "Path"),
    ],
)
def test_what_could_run_is_not_loaded(module: str, name: str) -> None:
    packed = b"\x80\x04" + b"".join(b"\x8c%c%b" % (len(it), it.encode()) for it in (module, name))
    assert loaded(packed + b"\x93.") is None


def test_many_files_in_several_processes(tmp_path: Path) -> None:
    for number in range(120):
        (tmp_path / f"m{number}.py").write_text(f"import r{number}\n")
    (tmp_path / "broken.py").write_text("\0")
    files = sorted(tmp_path.glob("*.py"))
    found = analyze_together(files, root=tmp_path)
    assert {it.name for it in found.imports} == {f"r{number}" for number in range(120)}
    assert [str(it.location) for it in found.unread] == ["broken.py:1"]
    assert analyze_together(files, root=tmp_path) == found
    cache = FactsCache.default()
    assert [path.name for path in files if not recorded(path, cache)] == ["broken.py"]


def test_no_room_for_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        (tmp_path / f"m{number}.py").write_text(f"import r{number}\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    found = analyze_together(sorted(tmp_path.glob("*.py")), root=tmp_path)
    assert {it.name for it in found.imports} == {f"r{number}" for number in range(120)}


def test_facts_come_back_as_they_were() -> None:
    """Equal ranges and guards are one object then: thousands of files share a few."""
    facts = read_facts(
        decode(
            b"import a\nif PY2:\n    import b\ntry:\n    import c\nexcept ImportError:\n    pass\n"
            b"import sys\nif sys.platform == 'win32':\n    from d import e as f, g\nprint 1\n",
            Path("s.py"),
            "s.py",
        )
    )
    one, other = (pickle.loads(pickle.dumps(facts, protocol=5)) for _ in range(2))
    assert one == other == facts
    for first, second in zip(one.imports, other.imports, strict=True):
        assert first.guard is second.guard
    assert one.reasons[0].pythons is other.reasons[0].pythons


def test_any_file_name_is_kept(tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "cache.sqlite")
    facts = read_facts(decode(b"import a\n", Path("s.py"), "s.py"))
    for name in ("\udce9.py", "é.py", "\ud800.py"):
        path = str(tmp_path / name)
        cache.preload([(path, name)])
        cache.put(path, name, (1, 2, 3, 4), facts)
        cache.save(time.time_ns())
        assert FactsCache(cache.file)._load(path, name) == ((1, 2, 3, 4), False, facts)
