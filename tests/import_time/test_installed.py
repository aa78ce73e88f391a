"""The packages of a site-packages folder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from condavision.import_time.follow import Follower
from condavision.import_time.installed import installed_modules
from condavision.import_time.outcome import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.import_time.kept import Kept


def install(folder: Path, name: str, files: dict[str, str], record: str | None = None) -> None:
    info = f"{name}-1.0.dist-info"
    listed = "".join(f"{it},,\n" for it in files)
    texts = {**files, f"{info}/RECORD": listed if record is None else record}
    for file, text in texts.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_packages_are_those_of_the_records(tmp_path: Path) -> None:
    install(tmp_path, "Lib_A", {"lib/__init__.py": "from . import a\n", "lib/a.py": "import dep\n"})
    install(tmp_path, "dep", {"dep.py": "import missing\n"}, record="../../../etc/passwd,,\n\0")
    (tmp_path / "lib" / "__pycache__").mkdir()
    (tmp_path / "lib" / "__pycache__" / "a.cpython-312.pyc").write_bytes(b"")
    kept: dict[str, Kept] = {"ab": {"imports": {"lib/a.py": [{"name": "dep", "line": 7}]}}}
    modules = installed_modules(tmp_path, {"lib-a": "ab"}, kept)
    assert [it.label for it in modules.packages] == ["lib-a 1.0", "dep 1.0", ""]
    outcome = Outcome(asyncio.run(Follower(modules, (3, 12), "linux").follow(["lib"])), (3, 12))
    (demand,) = outcome.demands("lib")
    assert (str(demand.place), demand.lacks[0].module) == ("dep.py:1", "missing")


def test_a_file_that_is_gone_says_nothing(tmp_path: Path) -> None:
    install(tmp_path, "lib", {"lib.py": "import missing\n"})
    modules = installed_modules(tmp_path, {}, {})
    (tmp_path / "lib.py").unlink()
    trail = asyncio.run(Follower(modules, (3, 12), "linux").follow(["lib"]))
    assert Outcome(trail, (3, 12)).demands("lib") == ()
