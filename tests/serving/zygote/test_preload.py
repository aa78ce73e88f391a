"""Which imports a run reaches before it does anything else."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from condavision.serving.zygote.memory import is_memory_low
from condavision.serving.zygote.process import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CASES = [
    ("import a, b.c as d\nfrom e import f", ["a", "b.c", "e"]),
    ('"""Words."""\nfrom __future__ import division\nimport a', ["a"]),
    ("X = 1\nY: int = X + 2\nZ = [X, (Y,), {1: X}]\nimport a", ["a"]),
    ("def f(x=1): g()\nasync def h(): pass\nlambda: f()\nimport a", ["a"]),
    ("import a\nif a.version > 3: import b\nelse: import c\nimport d", ["a", "d"]),
    ("try: import a\nexcept ImportError: a = None\nimport b", ["b"]),
    ("import os\nos.environ['A'] = '1'\nimport a", ["os"]),
    ("import a\na.x = 1\nimport b", ["a"]),
    ("import a\na.use('b')\nimport b", ["a"]),
    ("import a\n@a.wrap\ndef f(): pass\nimport b", ["a", "b"]),
    ("import a\n@a.wrap()\ndef f(): pass\nimport b", ["a"]),
    ("import a\nclass C: pass\nimport b", ["a"]),
    ("import a\nx = a.load()\nimport b", ["a"]),
    ("import a\ndel a\nimport b", ["a"]),
    ("import a\nwith a: import b\nimport c", ["a"]),
    ("import a\nif a: a.f()\nimport b", ["a"]),
    ("import a\nassert a\nimport b", ["a"]),
    ("import a\nif __name__ == '__main__': a.main()", ["a"]),
    ("import a\nimport quiet\nimport b", ["a", "inside", "b"]),
    ("import a\nimport loud\nimport b", ["a", "inside"]),
    ("import package.sub\nimport b", ["of_package", "of_sub", "b"]),
    ("from package import sub, name\nimport b", ["of_package", "of_sub", "b"]),
    ("from package import relative\nimport b", ["of_package", "of_sub", "b"]),
    ("import package.missing\nimport b", ["of_package"]),
    ("import circular\nimport b", ["in_circle", "b"]),
    ("import space.module\nimport b", ["in_space", "b"]),
    ("import broken\nimport b", []),
    ("import a\n1 +", []),
    ("import skipped\nimport a", ["a"]),
]

LOCAL = {
    "quiet.py": "import inside\nX = 1\n",
    "loud.py": "import inside\nprint()\nimport never\n",
    "package/__init__.py": "import of_package\n",
    "package/sub.py": "import of_sub\n",
    "package/relative.py": "from . import sub\nfrom .sub import x\n",
    "circular.py": "import in_circle\nimport circle\n",
    "circle.py": "import circular\n",
    "space/module.py": "import in_space\n",
    "broken.py": "1 +\n",
}


@pytest.fixture
def preload(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(PROGRAM))
    yield importlib.import_module("condavision_preload")
    for name in [name for name in sys.modules if name.startswith("condavision_")]:
        del sys.modules[name]


class Checks:
    def begin(self) -> None: ...

    def check(self, name: str) -> None: ...


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_imports_before_any_effect(
    make_project: Callable[[dict[str, str]], Path],
    preload: Any,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    expected: list[str],
) -> None:
    folder = make_project({**LOCAL, "script.py": source})
    found: list[str] = []
    monkeypatch.setattr("builtins.__import__", lambda name, *_: found.append(name))
    loader = preload.Loader({"skipped": [b"skipped"]}, lambda *_: None, [str(folder)], Checks())
    try:
        loader.follow_target(str(folder / "script.py"), "")
    except (preload.Effect, SyntaxError):
        pass
    finally:
        monkeypatch.undo()
    assert found == expected


@pytest.mark.parametrize(
    ("available", "limit", "used", "cached", "low"),
    [
        (50, "max", 99, 0, False),
        (9, "max", 0, 0, True),
        (50, "1000000", 950_000, 0, True),
        (50, "1000000", 950_000, 500_000, False),
    ],
)
def test_when_memory_is_low(
    tmp_path: Path, available: int, limit: str, used: int, cached: int, low: bool
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 100 kB\nMemAvailable: {available} kB\n")
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text(str(used))
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")
    assert is_memory_low(meminfo, tmp_path) is low
    assert not is_memory_low(tmp_path / "missing", tmp_path)


def test_reaping_that_interrupts_itself(preload: Any) -> None:
    module = importlib.import_module("condavision_zygote")
    inside, most = 0, 0
    signals = iter([2, 1, 0, 0, 0])  # that arrive during each round

    class Interrupted(module.Zygote):  # type: ignore[misc, name-defined]
        def reap(self) -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            for _ in range(next(signals)):
                self.on_child()
            inside -= 1

    zygote = Interrupted(None, {"script": b""})
    zygote.on_child()
    assert most == 1
    assert len([*signals]) == 2  # three rounds: the last found nothing new
    assert not zygote.reaping
