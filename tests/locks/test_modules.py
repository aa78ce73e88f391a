"""modules.yml: one line a module, merges, damaged lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.core.model import Manager, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.errors import LockfileError
from condavision.locks.modules import read_modules, record_modules
from condavision.mapping.learned import LearnedModule, LearnedNeed

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.mapping.learned import Lesson

EDITOR = LearnedModule(
    Manager.PYPI, "moviepy", "<2", {"moviepy 2.2.1": "6b" * 32}, {"moviepy 1.0.3": "a1" * 32}
)
ULID = LearnedModule(Manager.PYPI, "ulid-py", "", {"python-ulid 4.1.0": "00" * 32}, {})
PLOT = LearnedModule(Manager.CONDA, "iris", ">=3", {}, {"iris 3.1": "11" * 32})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    learned = {"ulid.new": ULID, "moviepy.editor": EDITOR, "iris.plot": PLOT}
    record_modules(tmp_path, learned)
    assert read_modules(tmp_path) == learned
    text = (tmp_path / "modules.yml").read_text()
    lines = text.splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == [
        '"iris.plot"',
        '"moviepy.editor"',
        '"ulid.new"',
    ]
    assert yaml.safe_load(text)["moviepy.editor"]["constraint"] == "<2"
    assert (tmp_path / ".gitattributes").read_text() == "modules.yml merge=union\n"
    record_modules(tmp_path, {"ulid.new": ULID})
    assert (tmp_path / "modules.yml").read_text() == text


NEEDS = [
    LearnedNeed(
        *("pydub", "audioop", "", PythonRange.at_least(3, 13), frozenset({"linux", "win"})),
        *(SourceLocation("pydub/utils.py", 16), "", {"pydub 0.25.1": "65" * 32}),
    ),
    LearnedNeed(
        *("flask_uploads", "werkzeug", "secure_filename", PythonRange(), frozenset()),
        *(SourceLocation("flask_uploads.py", 26), "", {"flask-uploads 0.2.1": "5e" * 32}),
    ),
    LearnedNeed(
        *("old", "", "", PythonRange.below(3, 12), frozenset()),
        *(
            SourceLocation("old/__init__.py", 3),
            "standard library module imp",
            {"old 1": "00" * 32},
        ),
    ),
]


def test_needs_are_lines_of_their_own(tmp_path: Path) -> None:
    learned: dict[str, Lesson] = {"ulid.new": ULID, **{it.key: it for it in NEEDS}}
    record_modules(tmp_path, learned)
    assert read_modules(tmp_path) == learned
    found = yaml.safe_load((tmp_path / "modules.yml").read_text())
    assert [*found] == [
        "flask_uploads -> werkzeug:secure_filename",
        "old -> python",
        "pydub -> audioop",
        "ulid.new",
    ]
    assert found["old -> python"]["python"] == ">=2.7,<3.12"


def test_branches_that_learned_of_one_need(tmp_path: Path) -> None:
    lines = [
        '"a -> python": {"python": "<3.12", "rule": "r", "at": "a.py:1"}\n',
        '"a -> python": {"python": "<3.10", "rule": "r", "at": "a.py:2"}\n',
        '"a -> b": {"python": ">=3.13", "platforms": ["win"], "at": "a.py:1"}\n',
        '"a -> b": {"python": ">=3.12", "platforms": ["osx"], "at": "a.py:1"}\n',
    ]
    (tmp_path / "modules.yml").write_text("".join(lines))
    found = read_modules(tmp_path)
    python, module = found["a -> python"], found["a -> b"]
    assert isinstance(python, LearnedNeed)
    assert isinstance(module, LearnedNeed)
    assert str(python.pythons) == ">=2.7,<3.10"
    assert module.pythons == PythonRange.at_least(3, 12)
    assert module.families == frozenset({"win", "osx"})


def test_nothing_is_written_where_nothing_was_learned(tmp_path: Path) -> None:
    record_modules(tmp_path, {})
    assert read_modules(tmp_path) == {}
    assert not list(tmp_path.iterdir())


MERGED = [
    (
        '"m.e": {"pypi": "m", "constraint": "<2"}\n"m.e": {"pypi": "m", "constraint": "<2.1"}\n',
        ("m", "<2,<2.1"),
    ),
    ('"m.e": {"pypi": "m"}\n"m.e": {"pypi": "n", "constraint": "<1"}\n', ("m", "")),
]


@pytest.mark.parametrize(("lines", "expected"), MERGED)
@pytest.mark.parametrize("turned", [False, True])
def test_branches_that_learned_about_one_module(
    tmp_path: Path, lines: str, expected: tuple[str, str], turned: bool
) -> None:
    order = sorted(lines.splitlines(keepends=True), reverse=turned)
    (tmp_path / "modules.yml").write_text("".join(order))
    (found,) = read_modules(tmp_path).values()
    assert isinstance(found, LearnedModule)
    assert (found.name, found.constraint) == expected


DAMAGED = [
    "<<<<<<< HEAD",
    "moviepy.editor: moviepy",
    '"m.e": {}',
    '"m.e": {"pypi": "m", "conda": "m"}',
    '"m.e": {"pypi": 1}',
    '"m.e": {"pypi": ""}',
    '"m.e": {"pypi": "m", "constraint": ["<2"]}',
    '"m.e": {"pypi": "m", "absent": {"m 1": 2}}',
    '"m e": {"pypi": "m"}',
    '"m -> ": {"at": "m.py:1"}',
    '"m -> n": {}',
    '"m -> n": {"at": "m.py"}',
    '"m -> n": {"at": "m.py:1", "python": "3"}',
    '"m -> n": {"at": "m.py:1", "platforms": ["beos"]}',
    '"m -> n": {"at": "m.py:1", "rule": 1}',
    '"m -> n; rm": {"at": "m.py:1"}',
    '"m.e": {"pypi": "m", "constraint": "2 or so"}',
    '"m.e": {"pypi": "m @ https://example.org/m.whl"}',
]


@pytest.mark.parametrize("line", DAMAGED)
def test_damaged_lines_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "modules.yml").write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(LockfileError, match=r"modules\.yml:3: not a valid entry"):
        read_modules(tmp_path)
