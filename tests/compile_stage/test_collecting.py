"""Evidence for the bundled map, collected from the wheels of an index."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from tests.channels.server import Channel
    from tests.compile_stage.wheels import WheelIndex

TOOL = Path(__file__).parents[2] / "tools" / "evidence.py"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("evidence", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "evidence", module)
    spec.loader.exec_module(module)
    return module


def collected(tool: ModuleType, folder: Path, *names: str) -> tuple[list[str], list[str]]:
    evidence, needs = folder / "evidence.tsv", folder / "needs.tsv"
    files = ["--state", folder / "state", "--evidence", evidence, "--needs", needs]
    tool.main([*names, *map(str, files)])
    return tuple(it.read_text().splitlines()[1:] for it in (evidence, needs))  # type: ignore[return-value]


def test_modules_that_are_gone_and_needs_of_submodules(
    tool: ModuleType, index: WheelIndex, index_server: Channel, tmp_path: Path, home: Path
) -> None:
    index_server.ranges = True
    kept = {"moviepy/__init__.py": "", "moviepy/_private.py": ""}
    for version in ("0.2", "1.0.1", "1.0.3"):
        index.add(
            "moviepy",
            version,
            files={**kept, "moviepy/editor/__init__.py": "", "moviepy/editor/x.py": ""},
        )
    for version in ("2.0", "2.1"):
        index.add("moviepy", version, files={**kept, "moviepy/config.py": ""})
    frames = {
        "__init__": "from .core import x",
        "core": "import pandas, numpy\nx = 1",
        "plots": "try:\n    import matplotlib\nexcept ImportError:\n    pass",
    }
    index.add(
        *("dask", "1.0", "numpy", "pandas ; extra == 'dataframe'", "matplotlib ; extra == 'plots'"),
        files={"dask/__init__.py": ""} | {f"dask/dataframe/{k}.py": v for k, v in frames.items()},
    )

    gone, needs = collected(tool, tmp_path, "moviepy", "Dask", "no-such")
    assert gone == ["moviepy.editor\tmoviepy\t<2"]
    assert needs == ["dask.dataframe\tpandas"]
    asked = [it for it in index_server.requested if "no-such" not in it]
    assert collected(tool, tmp_path, "moviepy", "dask", "no-such") == (gone, needs)
    assert [it for it in index_server.requested if "no-such" not in it] == asked
