"""Notebooks: code cells are Python, magics are not, installs are declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze
from condavision.analysis.source.notebook import installs, notebook_text
from condavision.core.model import ImportKind
from condavision.core.origin import Origin
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.core.model import Analysis, Import


CYTHON = (
    "%%cython -a\ncimport numpy as np\nfrom libc.math cimport sin\ncdef int f(): pass\nimport a"
)


def notebook(*cells: str, **metadata: object) -> dict[str, object]:
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return {
        "cells": [{"cell_type": "markdown", "source": "import no"}, *code],
        "metadata": metadata,
    }


def written(found: Analysis) -> list[Import]:
    """What the cells import."""
    return [it for it in found.imports if it.kind is not ImportKind.IMPLIED]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import a", ["a"]),
        ("%matplotlib inline\nimport a", ["matplotlib", "a"]),
        ("if x:\n    %matplotlib", ["matplotlib"]),
        ("%matplotlib --list", ["matplotlib"]),
        ("%matplotlib_view widget", []),
        ("%pylab", ["numpy", "matplotlib.pyplot"]),
        ("%pylab inline --no-import-all\nplot([1])", ["numpy", "matplotlib.pyplot"]),
        ("%pylab widget", ["numpy", "matplotlib.pyplot"]),
        ("if x:\n    !ls\nimport a", ["a"]),
        ("files = !ls\n%time import a\nimport b", ["a", "b"]),
        ("%timeit -n 10 -r 3 __import__('a')", ["a"]),
        ("%prun -s cumulative -q __import__('a')\n%memit import b", ["a", "b"]),
        ("x = %time __import__('a')", ["a"]),
        ("%time !ls", []),
        ("if x:\n    %time import a", ["a"]),
        ("%%timeit -n 3 import a\nimport b", ["a", "b"]),
        ("%%capture out\nimport a", ["a"]),
        ("%%prun -l 5\nimport a", ["a"]),
        ("%%manim -ql Scene\nimport manim", ["manim"]),
        ("%%python3\nimport a", ["a"]),
        ("%%writefile notes.txt\nimport a", []),
        ("%%writefile -a sub/m.py\nimport a", ["a"]),
        ("%run -m a.b", ["a.b"]),
        ("%run", []),
        ("%run {name}", []),
        (CYTHON, ["Cython", "numpy", "a"]),
        ("%%sql\nimport a", []),
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
    assert [it.name for it in written(found)] == expected
    assert not found.unread


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [("import a", [ImportKind.IMPLIED]), ("import ipykernel", [ImportKind.REQUIRED])],
)
def test_what_jupyter_starts_is_implied(tmp_path: Path, cell: str, kinds: list[ImportKind]) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook(cell)))
    imports = analyze(path, root=tmp_path).imports
    assert [it.kind for it in imports if it.name == "ipykernel"] == kinds


BACKENDS = {  # as IPython and matplotlib have them
    "": "agg auto inline nbagg notebook osx pdf svg tk tkagg --list",
    "PyQt4": "qt4",
    "PyQt5": "qt5 Qt5Agg",
    "PyQt6": "qt qt6 QtAgg",
    "gi": "gtk3 gtk4 GTK3Cairo",
    "ipympl": "ipympl widget",
    "tornado": "webagg",
    "wx": "wx WXAgg",
}


@pytest.mark.parametrize("magic", ["%matplotlib", "%pylab", "%pylab --no-import-all"])
@pytest.mark.parametrize("behind", ["", "  # not widget", ";"])
@pytest.mark.parametrize(
    ("needed", "backend"), [(it, name) for it in BACKENDS for name in BACKENDS[it].split()]
)
def test_a_backend_of_matplotlib_needs_its_package(
    tmp_path: Path, magic: str, backend: str, behind: str, needed: str
) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook(f"{magic} {backend}{behind}")))
    imports = analyze(path, root=tmp_path).imports
    implied = {it.name for it in imports if it.kind is ImportKind.IMPLIED}
    assert implied == {*needed.split(), "ipykernel"}


RUNS = [
    # a line of a notebook, the files beside it, what is imported
    ("%run setup.py", {"setup.py": "import a"}, {"a"}),
    ("%run -i 'my setup.py' x", {"my setup.py": "import a"}, {"a"}),
    ("%time %run setup.py", {"setup.py": "import a"}, {"a"}),
    ("%run ./setup", {"setup.ipynb": json.dumps(notebook("import a"))}, {"a"}),
    ("%run sub/setup.ipynb", {"sub/setup.ipynb": json.dumps(notebook("import a"))}, {"a"}),
    ("%run setup.py", {"other.py": "import a"}, set()),
    ("%%writefile prep.py\nimport a", {"n2.py": ""}, {"a"}),
]


@pytest.mark.parametrize(("line", "files", "expected"), RUNS)
def test_files_that_are_run(
    tmp_path: Path, line: str, files: dict[str, str], expected: set[str]
) -> None:
    for name, text in {**files, "n.ipynb": json.dumps(notebook(line, "import prep.x"))}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = analyze(tmp_path / "n.ipynb", root=tmp_path)
    prep = next(it for it in found.imports if it.name == "prep.x")

    assert {it.name for it in written(found)} - {"prep.x"} == expected
    assert (prep.origin is Origin.LOCAL) == ("writefile" in line)


def test_databricks(tmp_path: Path) -> None:
    path = tmp_path / "n.py"
    path.write_text(
        "# Databricks notebook source\nimport a\n# COMMAND ----------\n# MAGIC %run ./setup\n"
        "# COMMAND ----------\n# MAGIC %pip install b>=2\n# COMMAND ----------\n"
        "# MAGIC %md import no\n# MAGIC import no\n# COMMAND ----------\n"
        "# MAGIC %python\n# MAGIC import c\n# MAGIC import d\n# COMMAND ----------\n"
        "# MAGIC %sql\n# MAGIC import no\n"
    )
    (tmp_path / "setup.py").write_text("import e")
    found = analyze(path, root=tmp_path)

    assert {it.name for it in found.imports} == {"a", "c", "d", "e"}
    assert [(it.text, str(it.location)) for it in found.metadata.dependencies] == [
        ("b>=2", "n.py:6")
    ]


def test_a_block_is_declared_beside_installs(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    block = '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["a==1"]\n# ///'
    path.write_text(json.dumps(notebook(block, "!pip install b")))
    found = analyze(path, root=tmp_path).metadata

    assert (found.requires_python, str(found.requires_python_location)) == (
        ">=3.11",
        "n.ipynb:cell 2:2",
    )
    assert [it.text for it in found.dependencies] == ["a==1", "b"]


def test_places_are_lines_of_cells(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps(notebook("import a", "\nimport b\n!pip install c")))
    found = analyze(path, root=tmp_path)
    assert [str(it.location) for it in written(found)] == ["n.ipynb:cell 2:1", "n.ipynb:cell 3:2"]
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
