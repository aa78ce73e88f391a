"""The lines that hints say to write, put where they say."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from condavision.project.settings_files import SettingsFiles

if TYPE_CHECKING:
    from pathlib import Path

FILES = [
    ("condavision.toml", ""),
    ("condavision.toml", 'paths = ["lib"]\n'),
    ("condavision.toml", '[imports]\ncv2 = "opencv"\n'),
    ("condavision.toml", 'paths = ["lib"]\n[imports]\ncv2 = "opencv"\n[serve]\n'),
    ("pyproject.toml", "[tool.condavision]\n[tool.other]\n"),
    ("pyproject.toml", '[tool.condavision]\npaths = ["lib"]\n[tool.condavision.imports]\na = ""\n'),
]


@pytest.mark.parametrize(("name", "text"), FILES)
def test_what_a_hint_says_to_write_is_what_the_file_then_has(
    name: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    before = SettingsFiles().config(tmp_path)

    line, place = before.file.adding("paths", "src").removeprefix("`").split("` ")
    lines = [it for it in text.splitlines() if not it.startswith("paths")]
    at = 1 if name == "pyproject.toml" else 0
    assert place == f"{['at the top of', 'in [tool.condavision] of'][at]} {name}"
    lines.insert(at, line)

    place, *more = before.file.naming({"frob": "pypi:frob"}, "# which it is").splitlines()
    head = "[tool.condavision.imports]" if at else "[imports]"
    if head in lines:
        assert place == f"{head} of {name}:"
        lines[lines.index(head) + 1 : lines.index(head) + 1] = more
    else:
        assert place == f"{name}:"
        lines += more
    (tmp_path / name).write_text("\n".join(lines))
    assert tomllib.loads("\n".join(lines))
    after = SettingsFiles().config(tmp_path)
    assert after.paths == (*before.paths, tmp_path / "src")
    assert after.imports == {**before.imports, "frob": "pypi:frob"}
