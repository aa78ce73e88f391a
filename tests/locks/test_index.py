"""scripts.yml: one line a script, any file name, merges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from condavision.core.pythons import KNOWN
from condavision.errors import LockfileError
from condavision.locks.index import Entry, ScriptIndex, read_index, write_index

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

HEX = st.text("0123456789abcdef", min_size=16, max_size=16)
NAMES = st.text(st.characters(exclude_characters="\0"), min_size=1)
ENTRIES = st.builds(
    Entry,
    lock=HEX,
    digest=HEX,
    channels=st.lists(NAMES, max_size=2).map(tuple),
    paths=st.lists(NAMES, max_size=2).map(tuple),
    floor=st.none() | st.sampled_from(KNOWN),
)


@settings(max_examples=40)
@given(entries=st.dictionaries(NAMES, ENTRIES))
def test_what_is_written_is_read(
    entries: dict[str, Entry], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("locks")
    write_index(ScriptIndex(folder / "scripts.yml").updated(entries))
    text = (folder / "scripts.yml").read_text(encoding="utf-8")
    index = read_index(folder)
    assert {script: index.of(script) for script in entries} == {
        script: (entry,) for script, entry in entries.items()
    }
    assert text.count("\n") == 1 + len(entries), "one line a script"
    if all(line.isprintable() and "\\" not in line for line in text.split("\n")):
        assert set(yaml.safe_load(text) or {}) == set(entries), "and YAML as a whole"


def test_a_merge_leaves_both_lines_and_the_next_lock_settles_them(tmp_path: Path) -> None:
    ours, theirs = Entry("a" * 16, "1" * 16), Entry("b" * 16, "2" * 16)
    index = ScriptIndex(tmp_path / "scripts.yml", {"x.py": (ours, theirs)})
    write_index(index)
    assert read_index(tmp_path).of("x.py") == (ours, theirs)
    write_index(read_index(tmp_path).updated({"x.py": theirs}))
    assert read_index(tmp_path).of("x.py") == (theirs,)


def test_git_is_told_to_join_the_lines_of_both_branches(tmp_path: Path) -> None:
    write_index(ScriptIndex(tmp_path / "scripts.yml"))
    assert (tmp_path / ".gitattributes").read_text() == "scripts.yml merge=union\n"


def test_locks_of_this_machine_ignore_themselves(tmp_path: Path) -> None:
    write_index(ScriptIndex(tmp_path / ".local" / "scripts.yml"))
    assert (tmp_path / ".local" / ".gitignore").read_text() == "*\n"
    assert "committed" not in (tmp_path / ".local" / "scripts.yml").read_text()


@pytest.mark.parametrize(
    "line",
    [
        "<<<<<<< HEAD",
        "x.py",
        "x.py: 3",
        '"x.py": {"lock": "1"}',
        '"x.py": {"lock',
        "- a",
        "{}",
        '"x.py": {"lock": 1, "digest": "1"}',
        '"x.py": {"lock": "../../../elsewhere", "digest": "1"}',
        '"x.py": {"lock": "0123456789abcdef", "digest": ["1"]}',
        '"x.py": {"lock": "0123456789abcdef", "digest": "1", "channels": 1}',
        '"x.py": {"lock": "0123456789abcdef", "digest": "1", "paths": [null]}',
        '"x.py": {"lock": "0123456789abcdef", "digest": "1", "python-floor": 3.8}',
        '"x.py": {"lock": "0123456789abcdef", "digest": "1", "python-floor": "old"}',
        pytest.param('"x.py": ' + "[" * 100_000, id="deep"),
        pytest.param('"x.py": {"lock": ' + "1" * 5000 + "}", id="digits"),
    ],
)
def test_a_line_that_is_no_entry_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "scripts.yml").write_text(f"# head\n{line}\n")
    with pytest.raises(LockfileError, match=r"scripts\.yml:2"):
        read_index(tmp_path)


def test_an_index_that_cannot_be_read(command: CommandLine) -> None:
    (command.folder / "locks" / "scripts.yml").mkdir(parents=True)
    failed = command("check", "s.py")
    assert failed.code == 72
    assert "restore it from version control" in failed.out
