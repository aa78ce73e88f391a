"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from condavision.interpreters import Interpreter, discover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from condavision.pythons import Minor

_LEAKING = ("CONDA_", "CONDAVISION_", "MAMBA_", "PIXI_", "PYTHON", "RATTLER_", "UV_", "VIRTUAL_ENV")
_KEPT = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "UV_CACHE_DIR"})


@pytest.fixture(scope="session")
def known_interpreters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which this machine's interpreters have been asked what they are."""
    folder = tmp_path_factory.mktemp("known")
    discover(folder)
    return folder


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's own environments and tools reaches the test."""
    for name in os.environ:
        if name.startswith(_LEAKING) and name not in _KEPT and "INDEX" not in name:
            monkeypatch.delenv(name)


@pytest.fixture
def home(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clean_environment: None,
    known_interpreters: Path,
) -> Path:
    """An empty ``CONDAVISION_HOME``, but for what is known of the interpreters."""
    folder = tmp_path / "home"
    shutil.copytree(known_interpreters, folder)
    monkeypatch.setenv("CONDAVISION_HOME", str(folder))
    return folder


@pytest.fixture
def interpreter(known_interpreters: Path) -> Callable[[Minor], Interpreter]:
    """Return the interpreter of a minor version, or skip the test where there is none."""

    def find(minor: Minor) -> Interpreter:
        for found in discover(known_interpreters):
            if found.minor == minor:
                return found
        pytest.skip(f"no CPython {minor[0]}.{minor[1]} on this machine")

    return find


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files given as relative path and text, and return their folder."""

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "project"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make
