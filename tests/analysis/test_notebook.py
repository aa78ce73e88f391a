"""Notebooks: code cells are Python, magics are not, installs are declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze
from condavision.analysis.source.notebook import installs, notebook_text
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from pathlib import Path


def notebook(*cells: str, **metadata: object) -> dict[str, object]:
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return {
        "cells": [{"cell_type": "markdown", "source": "import no"}, *code],
        "metadata": metadata,
    }


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import a", ["a"]),
        ("%matplotlib inline\nimport a", ["a"]),
        ("if x:\n    !ls\nimport a", ["a"]),
        ("files = !ls\n%time import a\nimport b", ["b"]),
        ("a?\n??b\nimport c", ["c"]),
        ("%%bash\nimport a", []),
        ("%%time\nimport a", ["a"]),
        ("%load_ext autoreload\n%load_ext sql", ["sql"]),
        ("!echo \\\n  import a\nimport b", ["b"]),
        ("x = a % b\nimport c", ["c"]),
        ("await f()\nimport a", ["a"]),
    ],
)
def test_cells(tmp_path: Path, cell: str, expected: list[str]) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook(cell)))
    found = analyze(path, root=tmp_path)
    assert [it.name for it in found.imports] == expected
    assert not found.unread


def test_places_are_lines_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook("import a", "\nimport b\n!pip install c")))
    found = analyze(path, root=tmp_path)
    assert [str(it.location) for it in found.imports] == ["n.ipynb:cell 2:1", "n.ipynb:cell 3:2"]
    assert [str(it.location) for it in found.metadata.dependencies] == ["n.ipynb:cell 3:3"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("!pip install a", [("pip", "a")]),
        (
            "%pip install -q --upgrade a 'b>=1' c[x]",
            [("pip", "a"), ("pip", "b>=1"), ("pip", "c[x]")],
        ),
        ("!python -m pip install a && echo done", [("pip", "a")]),
        ("!{sys.executable} -m pip install a", [("pip", "a")]),
        ("!pip3 install a  # comment", [("pip", "a")]),
        ("!pip install -r requirements.txt", []),
        ("!pip install -e .. a", [("pip", "a")]),
        ("!pip install --index-url https://x a", [("pip", "a")]),
        ("!pip uninstall a", []),
        ("%conda install -y -c conda-forge gdal", [("conda", "gdal")]),
        ("!mamba install gdal=3", [("conda", "gdal=3")]),
        ("    !uv pip install a; ls", [("pip", "a")]),
        ("print('!pip install a')", []),
        ("# !pip install a", []),
    ],
)
def test_installs(line: str, expected: list[tuple[str, str]]) -> None:
    text, _ = notebook_text(json.dumps(notebook(line)).encode(), "n.ipynb")
    assert [(tool, what) for tool, what, _ in installs(text)] == expected


def test_older_format() -> None:
    older = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["import a"]}]}]}
    assert notebook_text(json.dumps(older).encode(), "n.ipynb") == (b"import a\n", ((0, 1),))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[1]",
        b"{}",
        b'{"cells": 3}',
        b"[" * 1_000_000,
        json.dumps(notebook("x", kernelspec={"language": "R"})).encode(),
    ],
)
def test_what_is_no_notebook(data: bytes) -> None:
    with pytest.raises(AnalysisError, match=r"n\.ipynb"):
        notebook_text(data, "n.ipynb")
