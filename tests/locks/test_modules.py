"""modules.yml: one line a module, merges, damaged lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.core.model import Manager
from condavision.errors import LockfileError
from condavision.locks.modules import read_modules, record_modules
from condavision.mapping.learned import LearnedModule

if TYPE_CHECKING:
    from pathlib import Path

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
    '"m.e": {"pypi": "m", "constraint": "2 or so"}',
    '"m.e": {"pypi": "m @ https://example.org/m.whl"}',
]


@pytest.mark.parametrize("line", DAMAGED)
def test_damaged_lines_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "modules.yml").write_text(f"# a comment\n\n{line}\n")
    with pytest.raises(LockfileError, match=r"modules\.yml:3: not a valid entry"):
        read_modules(tmp_path)
