"""The picture of a graph in the docs is what the command draws today."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tools.pictures import PICTURES, draw_graph

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter


def _texts(picture: Path) -> list[str]:
    """Return what can be read in it, without versions and sizes, which change from day to day."""
    found = ElementTree.parse(picture).getroot().itertext()
    return [re.sub(r"\d+(\.\w+)*( kB| MB)?", "N", it) for it in found]


@pytest.mark.slow  # packages are looked up
def test_the_graph(
    tmp_path: Path,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interpreter((3, 11))  # which one of the scripts needs, or an older one
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "reports"
    folder.mkdir()
    draw_graph(folder, tmp_path / "graph.svg")
    assert _texts(tmp_path / "graph.svg") == _texts(PICTURES / "graph.svg")
