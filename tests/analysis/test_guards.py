"""What surrounds a place: the Pythons and platforms it runs on, the failures caught around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.context.guards import Guards
from condavision.analysis.source.source import decode, parse

if TYPE_CHECKING:
    from condavision.analysis.records import Guard

ANY = ">=2.7"

CONDITIONS = [
    # condition, Pythons where it holds, Pythons where it does not
    ("sys.version_info[0] == 2", ">=2.7,<3", ">=3.0"),
    ("sys.version_info[0] < 3", ">=2.7,<3", ">=3.0"),
    ("sys.version_info.major >= 3", ">=3.0", ">=2.7,<3"),
    ("sys.version_info >= (3,)", ">=3.0", ">=2.7,<3"),
    ("sys.version_info >= (3, 8)", ">=3.8", ">=2.7,<3.8"),
    ("sys.version_info[:2] == (3, 9)", ">=3.9,<3.10", ">=2.7,!=3.9.*"),
    ("sys.version_info > (3, 6, 2)", ">=3.6", ">=2.7,<3.7"),
    ("(3, 0) <= sys.version_info < (3, 5)", ">=3.0,<3.5", None),
    ("sys.version_info[0] in (2, 3)", ANY, "<2.7"),
    ("sys.version_info[:2] not in [(3, 6), (3, 7)]", ">=2.7,!=3.6.*,!=3.7.*", ">=3.6,<3.8"),
    ("sys.hexversion >= 0x03080000", ">=3.8", ">=2.7,<3.8"),
    ("sys.version > '3'", ">=3.0", ">=2.7,<3"),
    ("sys.version[0] == '2'", ">=2.7,<3", ">=3.0"),
    ("sys.version.startswith('3')", ">=3.0", ">=2.7,<3"),
    ("int(sys.version[0]) < 3", ">=2.7,<3", ">=3.0"),
    ("platform.python_version_tuple()[0] == '2'", ">=2.7,<3", ">=3.0"),
    ("platform.python_version() < '3'", ">=2.7,<3", ">=3.0"),
    ("six.PY2", ">=2.7,<3", ">=3.0"),
    ("not PY3", ">=2.7,<3", ">=3.0"),
    ("compat.PY36", ">=3.6", ">=2.7,<3.6"),
    ("sys.version_info[0] == 3 and sys.version_info[1] >= 7", ">=3.7", ">=2.7,<3.7"),
    ("PY2 or sys.version_info >= (3, 12)", None, ">=3.0,<3.12"),
    ("sys.version_info >= (3, 8) and something()", ">=3.8", ANY),
    ("sys.version_info >= MINIMUM", ANY, ANY),
    ("something", ANY, ANY),
    ("sys.version_info <> (3, 1)", ANY, None),
]


def guards_of(text: str) -> tuple[Guards, bytes]:
    source = decode(text.encode(), Path("x.py"), "x.py")
    return Guards(source, parse(source)), source.text


def guard_at(text: str, mark: str) -> Guard:
    guards, encoded = guards_of(text)
    return guards.at(encoded.index(mark.encode()))


@pytest.mark.parametrize(("condition", "holds", "fails"), CONDITIONS)
def test_pythons_of_both_arms(condition: str, holds: str | None, fails: str | None) -> None:
    text = f"if {condition}:\n    YES\nelse:\n    NO\n"
    if holds is not None:
        assert str(guard_at(text, "YES").pythons) == holds
    if fails is not None:
        assert str(guard_at(text, "NO").pythons) == fails


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ("sys.platform == 'win32'", {"win"}, {"linux", "osx"}),
        ("sys.platform.startswith('linux')", {"linux"}, {"osx", "win"}),
        ("sys.platform in ('linux', 'linux2')", {"linux"}, {"osx", "win"}),
        ("sys.platform != 'darwin'", {"linux", "win"}, {"osx"}),
        ("'win' == sys.platform[:3]", {"win"}, {"linux", "osx"}),
        ("os.name == 'nt'", {"win"}, {"linux", "osx"}),
        ("os.name == 'posix'", {"linux", "osx"}, {"win"}),
        ("platform.system() == 'Darwin'", {"osx"}, {"linux", "win"}),
        ("platform.system().lower() == 'windows'", {"win"}, {"linux", "osx"}),
        ("os.uname()[0] == 'Linux'", {"linux"}, {"osx", "win"}),
        ("sys.platform == 'cygwin'", {"other"}, set()),
        ("sys.platform == wanted", set(), set()),
    ],
)
def test_platforms_of_both_arms(condition: str, holds: set[str], fails: set[str]) -> None:
    text = f"if {condition}:\n    YES\nelse:\n    NO\n"
    assert guard_at(text, "YES").platforms == holds
    assert guard_at(text, "NO").platforms == fails


@pytest.mark.parametrize(
    ("text", "pythons"),
    [
        ("if PY2: a\nelif sys.version_info < (3, 5): b\nelse: HERE", ">=3.5"),
        ("x = HERE if PY3 else b", ">=3.0"),
        ("x = a if PY3 else HERE", ">=2.7,<3"),
        ("x = PY3 and HERE", ">=3.0"),
        ("x = PY3 or HERE", ">=2.7,<3"),
        ("if sys.version_info < (3, 8): sys.exit('no')\nHERE", ">=3.8"),
        ("if sys.version_info[0] != 3:\n    raise SystemExit\nHERE", ">=3.0"),
        ("assert sys.version_info >= (3, 6)\nHERE", ">=3.6"),
        ("def f():\n    if PY2:\n        return a\n    HERE", ">=3.0"),
        ("def f():\n    if PY2:\n        return a\nHERE", ANY),
        ("for x in y:\n    if PY2:\n        continue\n    HERE", ">=3.0"),
        ("modern = sys.version_info >= (3, 4)\nif modern:\n    HERE", ">=3.4"),
        ("class A:\n    new = sys.version_info >= (3, 4)\n    if not new: HERE", ">=2.7,<3.4"),
        ("'if PY2:'\nHERE", ANY),
        ("if PY2:\n    if sys.version_info >= (3, 8):\n        HERE", "<2.7"),
    ],
)
def test_pythons_of_other_forms(text: str, pythons: str) -> None:
    assert str(guard_at(text, "HERE").pythons) == pythons


@pytest.mark.parametrize(
    ("text", "optional", "fallback"),
    [
        ("try: HERE\nexcept ImportError: pass", True, False),
        ("try: HERE\nexcept (ImportError, OSError) as e: pass", True, False),
        ("try: HERE\nexcept ImportError, e: pass", True, False),
        ("try: HERE\nexcept ModuleNotFoundError: x = None", True, False),
        ("try: import a; HERE\nexcept: pass", True, False),
        ("try: import a; HERE\nexcept:  # noqa: ValueError\n  pass", True, False),
        ("try: HERE\nexcept (  # a\n  ImportError,  # b\n):  # c\n  pass", True, False),
        ("try: HERE\nexcept ValueError:  # not ImportError\n  pass", False, False),
        ("try: HERE\nexcept Exception: pass", True, False),
        ("try:\n  HERE\n  go()\nexcept Exception as e:\n  print(e)", False, False),
        ("try: HERE\nexcept ImportError: raise", False, False),
        ("try: HERE\nexcept ImportError:\n  print('install it')\n  sys.exit(1)", False, False),
        ("try: HERE\nexcept ImportError: raise unittest.SkipTest('x')", True, False),
        ("try: HERE\nexcept ValueError: pass", False, False),
        ("try: a\nexcept ImportError: HERE", False, True),
        ("try: a\nexcept ImportError: pass\nelse: HERE", True, False),
        ("try: a\nexcept ImportError: pass\nfinally: HERE", False, False),
        ("with contextlib.suppress(ImportError):\n  HERE", True, False),
        ("with suppress(ValueError):\n  HERE", False, False),
    ],
)
def test_failing_imports(text: str, optional: bool, fallback: bool) -> None:
    guard = guard_at(text, "HERE")
    assert (guard.optional, guard.fallback) == (optional, fallback)


@pytest.mark.parametrize(
    ("text", "typing"),
    [
        ("if TYPE_CHECKING:\n  HERE", True),
        ("if typing.TYPE_CHECKING:\n  HERE", True),
        ("if not TYPE_CHECKING:\n  HERE", False),
        ("if TYPE_CHECKING:\n  a\nelse:\n  HERE", False),
        ("if TYPE_CHECKING or x:\n  HERE", False),
    ],
)
def test_typing_only(text: str, typing: bool) -> None:
    assert guard_at(text, "HERE").typing is typing


@pytest.mark.parametrize(
    ("header", "catches"),
    [
        ("(NameError, x.AttributeError)", {"NameError", "AttributeError"}),
        ("(  # A: B\n  NameError,  # C\n  a.Missing,\n) as e", {"NameError", "Missing"}),
        ("NameError as\\\n  e", {"NameError"}),
        ("NameError, e", {"NameError"}),
        ("NameError, a.Missing", {"NameError", "Missing"}),
        ("*NameError", {"NameError"}),
        ("ERRORS[x: y]", {"ERRORS", "x", "y"}),
        ("", {"BaseException"}),
        ("()", set()),
    ],
)
def test_what_is_caught(header: str, catches: set[str]) -> None:
    assert guard_at(f"try:\n  HERE\nexcept {header}: a", "HERE").catches == catches


def test_what_is_asked() -> None:
    text = "if hasattr(itertools, 'izip'):\n  HERE"
    assert guard_at(text, "HERE").checked == {"itertools.izip"}


@pytest.mark.parametrize("condition", ["False", "0", "None", "PY2 and PY3"])
def test_dead_code(condition: str) -> None:
    assert guard_at(f"if {condition}:\n  HERE", "HERE").dead
    assert not guard_at(f"if {condition}:\n  a\nelse:\n  HERE", "HERE").dead


def test_exits_of_a_module_are_reported() -> None:
    guards, _ = guards_of("import sys\nif sys.version_info < (3, 8): sys.exit('no')\n")
    (found,) = guards.exits
    assert (found.row, str(found.pythons)) == (1, ">=3.8")
