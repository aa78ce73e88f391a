"""Small projects written from tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.model import Analysis

    Analyze = Callable[..., Analysis]


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write files by their paths, and return the folder they are in."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.fixture
def analyzed(project: Callable[[dict[str, str]], Path]) -> Analyze:
    """Analyze the first of the files, in a project of them all."""

    def run(files: dict[str, str], **options: object) -> Analysis:
        root = project(files)
        script = root / next(iter(files))
        return analyze(script, root=root, **options)  # type: ignore[arg-type]

    return run
