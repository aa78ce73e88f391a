"""Whatever the bytes, reading them gives a result or an error with its location."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condavision.analysis.analyze import analyze
from condavision.analysis.facts.facts import read_facts
from condavision.analysis.source.source import decode
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable

Read = TypeVar("Read")

FRAGMENTS = (
    "import a", "from . import b", "from a import (", ")", "try:", "except ImportError:", "else:",
    "finally:", "if sys.version_info < (3,):", "if sys.platform == 'win32':", "    ", "\t", "\n",
    "\r\n", "\f", "\\\n", "'", '"""', "#", "# coding: latin-1", "print 'x'", "f'{x!r:{y}}'", "é",
    "(", "[", "{", "]", "}", "lambda:", "async def f():", "await", "match x:", "case _:", ";", ":",
    "sys.path.insert(0, __file__)", "__import__('a')", "import_module(", "hasattr(a, 'b')", "PY2",
    "if __name__ == '__main__':", "HAS_X = sys.version_info > (3,)", "raise", "sys.exit()", "0777",
    "# /// script", "# ///", "# dependencies = ['a']", "# conda execute", "# env:", "#  - a",
    "x = x if PY3 else y", "assert sys.version_info", "exec a in b", "`a`", "<>", "lazy import q",
    "class A:", "def f(", "*", "**", "@", "->", "1_0", "0xZ", "\x00", "\ufeff", "%", "/", "...",
)  # fmt: skip

text = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=40).map("".join)
lines = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("\n".join)
data = (text | lines).map(lambda it: it.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)
quick = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def outcome(read: Callable[[], Read]) -> Read | AnalysisError:
    try:
        return read()
    except AnalysisError as error:
        return error


@quick
@given(data)
def test_any_bytes(content: bytes) -> None:
    found = outcome(lambda: read_facts(decode(content, Path("x.py"), "x.py")))
    if isinstance(found, AnalysisError):
        assert found.message.startswith("x.py")
        return
    last = len(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    for it in found.imports:
        assert 1 <= it.location.line <= last
        assert it.name or it.level


@quick
@given(data, st.sampled_from([".py", ".ipynb", ""]))
def test_any_script(monkeypatch: pytest.MonkeyPatch, content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("CONDAVISION_HOME", f"{folder}/home")
        script = Path(folder) / f"script{suffix}"
        script.write_bytes(content)
        found = outcome(lambda: analyze(script, root=Path(folder)))
        if isinstance(found, AnalysisError):
            assert found.message.startswith("script")
        else:
            assert found.files[0].path == script


@pytest.mark.parametrize(
    "content",
    [
        "x = " + "(" * 200_000 + ")" * 200_000 + "\nimport a\n",
        "if a:\n"
        + "".join(" " * depth + "if PY2:\n" for depth in range(1, 400))
        + " " * 400
        + "import a",
        "import a" + ", a" * 50_000,
        "from a import (" + "b, " * 100_000 + ")",
        "if " + "not " * 50_000 + "PY2:\n  import a",
        "if " + " and ".join(["PY3"] * 2_000) + ":\n  import a",
        "try: import a\nexcept ImportError: import b\n" * 2_000,
        "a." * 50_000 + "b",
        "'''" + "import a\n" * 50_000,
        "(import a\n" * 5_000,
        "sys.path.insert(0, " + "dirname(" * 5_000 + "__file__" + ")" * 5_001,
        "sys.path.insert(0, '" + "x" * 100_000 + "')\nimport a",
        "A = B\nB = A\nsys.path.append(A)\nimport a",
        "from " + "." * 10_000 + " import a",
    ],
    ids=lambda it: it[:20],
)
def test_large_and_deep_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path / "home"))
    script = tmp_path / "s.py"
    script.write_text(content)
    assert analyze(script, root=tmp_path).files[0].path == script
