"""Settings of other tools in a project's files that decide about packages are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.project.other_tools import ignored_settings
from condavision.project.settings_files import SettingsFiles

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = [
    # file, its content, lines and settings
    ("pyproject.toml", "[project]\ndependencies = ['a']\n[tool.ruff]\nindex = 1", []),
    ("pyproject.toml", "[tool.uv]\npackage = true\nconflicts = []", [(3, "[tool.uv] conflicts")]),
    (
        "pyproject.toml",
        "[tool.uv]\ndev-dependencies = ['a']\n\n[[tool.uv.index]]\nurl = 'https://x'",
        [(4, "[tool.uv] index")],
    ),
    (
        "pyproject.toml",
        "[tool.uv]\noverride-dependencies = ['a']\n[tool.uv.sources]\na = { git = 'x' }",
        [(2, "[tool.uv] override-dependencies"), (3, "[tool.uv] sources")],
    ),
    (
        "pyproject.toml",
        "[tool.pixi.workspace]\nchannels = ['conda-forge', 'bioconda']",
        [(2, "[tool.pixi.workspace] channels")],
    ),
    ("pyproject.toml", "[tool.pixi.workspace]\nchannels = ['conda-forge']", []),
    ("pixi.toml", "[workspace]\nchannels = ['bioconda']", [(2, "[workspace] channels")]),
    ("pixi.toml", "[pypi-options]\nindex-url = 'https://x'", [(1, "pypi-options")]),
    ("uv.toml", "\nindex-url = 'https://x'", [(2, "index-url")]),
    ("pyproject.toml", "[[tool.poetry.source]]\nname = 'x'", [(1, "[tool.poetry] source")]),
    ("pyproject.toml", "[tool.uv\nbroken", []),
    ("pyproject.toml", "[tool]\nuv = 3", []),
]


@pytest.mark.parametrize(("name", "text", "expected"), SETTINGS)
def test_what_decides_about_packages_is_named(
    name: str, text: str, expected: list[tuple[int, str]]
) -> None:
    found = [(it.location.line, it.text) for it in ignored_settings(name, text)]
    assert found == expected


def test_a_project_that_names_its_channels_has_decided(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text("index-url = 'https://x'")
    assert [it.text for it in SettingsFiles().ignored(tmp_path)] == ["index-url"]
    (tmp_path / "condavision.toml").write_text('channels = ["conda-forge"]')
    assert not SettingsFiles().ignored(tmp_path)
