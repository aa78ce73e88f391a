"""What it takes to import a module: small packages, followed and judged, and never run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import listed
from condavision.core.evidence import Unproved
from condavision.import_time.follow import Follower
from condavision.import_time.modules import Modules, Package
from condavision.import_time.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Texts:
    """The files of a package, of these texts."""

    texts: Mapping[str, str]
    read_of: list[str] = field(default_factory=list)

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of files."""
        self.read_of += names
        return {it: self.texts[it].encode() for it in names}


class Unreadable:
    """The files of a package that no server sends."""

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Raise."""
        del names
        raise UnreadError(Unproved.NO_RANGES)


def package(label: str, texts: Mapping[str, str]) -> Package:
    return Package(label, listed(texts, wheel=True), Texts(texts))


def outcome(
    *packages: Package,
    python: tuple[int, int] = (3, 12),
    family: str = "linux",
    start: str = "lib",
    most: int = 1000,
    taken: Sequence[str] = (),
) -> Outcome:
    follower = Follower(Modules(packages), python, family)
    return Outcome(asyncio.run(follower.follow([start], most, {start: taken})), python)


def demands(found: Outcome, module: str = "lib") -> list[str]:
    """Return each demand on one line: where, and what would meet it."""
    lines = []
    for it in found.demands(module):
        lacks = [f"{lack.module}:{lack.name}".rstrip(":") for lack in it.lacks]
        needed = " or ".join([*([it.rule] if it.rule else []), *lacks])
        lines.append(f"{it.place} {needed}")
    return lines


ONE_FILE = [
    ("import missing", ["lib.py:1 missing"]),
    ("import missing.sub as m, other", ["lib.py:1 missing", "lib.py:1 other"]),
    ("from missing import a, b", ["lib.py:1 missing"]),
    ("import os, sys, _ctypes, xml.etree.ElementTree", []),
    ("def f():\n    import missing\n", []),
    ("class A:\n    import missing\n", ["lib.py:2 missing"]),
    ("with open('x'):\n    import missing\n", ["lib.py:2 missing"]),
    ("lambda: __import__('missing')", []),
    ("'''\nimport missing\n'''\n", []),
    ("x = '''\nimport missing\n'''; import other", ["lib.py:3 other"]),
    ("import typing\nif typing.TYPE_CHECKING:\n    import missing\n", []),
    ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nelse:\n    import b\n",
     ["lib.py:5 b"]),
    ("import sys\nif sys.version_info < (3, 9):\n    import missing\n", []),
    ("import sys\nif sys.version_info >= (3, 9):\n    import missing\n", ["lib.py:3 missing"]),
    ("import sys\nif sys.platform == 'win32':\n    import missing\n", []),
    ("import os\nif os.name == 'posix':\n    import missing\n", ["lib.py:3 missing"]),
    ("import os\nif os.environ.get('X'):\n    import missing\n", []),
    ("for it in range(2):\n    import missing\n", []),
    ("if __name__ == '__main__':\n    import missing\n", []),
    ("try:\n    import missing\nexcept ImportError:\n    missing = None\n", []),
    ("try:\n    import missing\nexcept Exception:\n    missing = None\n", []),
    ("try:\n    import missing\nexcept AttributeError:\n    pass\n", ["lib.py:2 missing"]),
    ("from contextlib import suppress\nwith suppress(ImportError):\n    import missing\n", []),
    ("try:\n    import missing\nexcept ImportError:\n    import json as missing\n", []),
    ("try:\n    import a as m\nexcept ImportError:\n    import b as m\n", ["lib.py:4 a or b"]),
    ("try:\n    import json as m\nexcept ImportError:\n    import b as m\n", []),
    ("try:\n    import a\nexcept ImportError as e:\n    raise ImportError('get a') from e\n",
     ["lib.py:2 a"]),
    ("try:\n    import a\nexcept ImportError:\n    print('first pip install a')\n", ["lib.py:2 a"]),
    ("try:\n    import a\nexcept ImportError:\n    print('no a')\n", []),
    ("def __getattr__(name):\n    from . import missing\n    return missing\n", []),
    ("import imp", ["lib.py:1 standard library module imp or imp"]),
    ("import asyncore\nimport imp",
     ["lib.py:1 standard library module asyncore or asyncore",
      "lib.py:2 standard library module imp or imp"]),
    ("import distutils.version",
     ["lib.py:1 standard library module distutils or distutils"]),
    ("try:\n    import imp\nexcept ImportError:\n    imp = None\n", []),
    ("from collections import Mapping", ["lib.py:1 collections.Mapping (Python 3.9 and earlier)"]),
    ("import collections\nclass A(collections.Mapping): pass\n",
     ["lib.py:2 collections.Mapping (Python 3.9 and earlier)"]),
    ("import collections\ndef f(x):\n    return collections.Mapping\n", []),
    ("def f():\n    print 'x'\n", ["lib.py:2 print statement"]),
    ("text = unicode", ["lib.py:1 unicode"]),
    ("for it in unicode:\n    pass\n", ["lib.py:1 unicode"]),
    ("class A(unicode): pass", ["lib.py:1 unicode"]),
    ("if isinstance(x, unicode):\n    pass\n", ["lib.py:1 unicode"]),
    ("if f():\n    text = str\nelse:\n    text = unicode\n", []),
    ("if f(): text = str\nelse: text = unicode\n", []),
    ("text = str if f() else unicode", []),
    ("text = f() and unicode", []),
    ("text = lambda: unicode", []),
    ("while f():\n    text = unicode\n", []),
    ("import sys\nV = sys.version_info\nif V < (3, 0):\n    text = unicode\n", []),
    ("import sys\nV = sys.version_info[0]\nif V == 3:\n    text = unicode\n",
     ["lib.py:4 unicode"]),
    ("import sys\nV = sys.version_info[:2]\nif V < (3,): import a\nelse:\n    import b\n",
     ["lib.py:5 b"]),
    ("import sys\nV = sys.version_info\nV = f()\nif V >= (3, 0):\n    import missing\n", []),
    ("import json\njson.dumps(1, async=True)\n", ["lib.py:2 'async' used as a name"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ONE_FILE, ids=[it[0][:50] for it in ONE_FILE])
def test_one_file(text: str, expected: list[str]) -> None:
    found = demands(outcome(package("lib 1.0", {"lib.py": text})))
    assert [it.partition(" (Python 2")[0] for it in found] == expected


PYDUB = "try:\n    import audioop\nexcept ImportError:\n    import pyaudioop as audioop\n"

OLD_SIX = "import sys\nsys.meta_path\nmoves = 1\nclass A:\n    def find_module(self, name): pass\n"

SEVERAL: list[tuple[dict[str, dict[str, str]], list[str]]] = [
    # what a package leads to, in itself and in others
    ({"lib": {"lib/__init__.py": "from . import a", "lib/a.py": "from .b import x",
              "lib/b.py": "import missing"}}, ["lib/b.py:1 missing"]),
    ({"lib": {"lib/__init__.py": "from .a.b import x", "lib/a/__init__.py": "from .. import c",
              "lib/a/b.py": "", "lib/c.py": "import missing"}}, ["lib/c.py:1 missing"]),
    ({"lib": {"lib.py": "import dep"}, "dep": {"dep.py": "import missing"}}, ["dep.py:1 missing"]),
    ({"lib": {"lib.py": "import dep.sub"},
      "dep": {"dep/__init__.py": "import one", "dep/sub.py": "import two"}},
     ["dep/__init__.py:1 one", "dep/sub.py:1 two"]),
    # a guard around an import is one around all that it leads to
    ({"lib": {"lib/__init__.py": "try:\n    from . import a\nexcept ImportError:\n    a = 1\n",
              "lib/a.py": "import missing"}}, []),
    ({"lib": {"lib/__init__.py": "try:\n    from . import a\nexcept ImportError:\n    a = 1\n",
              "lib/a.py": "exec 'x'"}}, ["lib/a.py:1 exec statement"]),
    ({"lib": {"lib/__init__.py": "try:\n    from . import a\nexcept Exception:\n    a = 1\n",
              "lib/a.py": "exec 'x'"}}, []),
    ({"lib": {"lib/__init__.py":
              "try:\n    from . import a\nexcept ImportError:\n    from . import b as a\n",
              "lib/a.py": "import one", "lib/b.py": "import two"}}, ["lib/b.py:1 two"]),
    ({"lib": {"lib/__init__.py":
              "try:\n    from . import a\nexcept ImportError:\n    from . import b as a\n",
              "lib/a.py": "", "lib/b.py": "import two"}}, []),
    # circles
    ({"lib": {"lib/__init__.py": "from . import a", "lib/a.py": "from lib import b\nimport one",
              "lib/b.py": "import lib.a"}}, ["lib/a.py:2 one"]),
    # namespace packages, compiled modules, files that are no Python
    ({"lib": {"lib.py": "import space.one, space.two"}, "a": {"space/one.py": ""},
      "b": {"space/two.py": ""}}, []),
    ({"lib": {"lib.py": "import space.three"}, "a": {"space/one.py": ""}},
     ["lib.py:1 space.three"]),
    ({"lib": {"lib/__init__.py": "from .fast import x", "lib/fast.cpython-312-x86_64.so": ""}}, []),
    ({"lib": {"lib.py": "from dep import x"}, "dep": {"dep.so": ""}}, []),
    ({"lib": {"lib.py": "import dep"}, "dep": {"dep.py": "\0"}}, []),
    # names in other packages
    ({"lib": {"lib.py": "from dep import old"}, "dep": {"dep.py": "new = 1"}},
     ["lib.py:1 dep:old"]),
    ({"lib": {"lib.py": "from dep import old"}, "dep": {"dep.py": "def f():\n  global old\n"}}, []),
    ({"lib": {"lib.py": "from dep import old"}, "dep": {"dep.py": "from os import *"}}, []),
    ({"lib": {"lib.py": "from dep import old"},
      "dep": {"dep/__init__.py": "def __getattr__(name): 1"}}, []),
    ({"lib": {"lib.py": "from dep import old"},
      "dep": {"dep/__init__.py": "import dep.build", "dep/build.py": "import sys\nsys.modules"}},
     []),
    ({"lib": {"lib.py": "from dep import old"}, "dep": {"dep/__init__.py": "", "dep/old.py": ""}},
     []),
    # copies of six: Python 3.12 does not call the hook of an old one
    ({"lib": {"lib/__init__.py": "from lib.six.moves import range", "lib/six.py": OLD_SIX}},
     ["lib/__init__.py:1 import hook of lib.six without find_spec"]),
    ({"lib": {"lib/__init__.py": "from . import a", "lib/six.py": OLD_SIX,
              "lib/a.py": "import lib.six.moves.urllib.parse as parse"}},
     ["lib/a.py:1 import hook of lib.six without find_spec"]),
    ({"lib": {"lib.py": "from dep.six.moves.urllib import parse"},
      "dep": {"dep/__init__.py": "", "dep/six.py": OLD_SIX}},
     ["lib.py:1 import hook of dep.six without find_spec"]),
    ({"lib": {"lib/__init__.py": "from .six.moves import range",
              "lib/six.py": OLD_SIX + "    def find_spec(self, name, path): pass\n"}}, []),
    ({"lib": {"lib/__init__.py": "from .six import moves\nfrom . import six\nsix.moves.range",
              "lib/six.py": OLD_SIX}}, []),
    ({"lib": {"lib/__init__.py":
              "try:\n    from .six.moves import range\nexcept ImportError:\n    pass\n",
              "lib/six.py": OLD_SIX}}, []),
    ({"lib": {"lib/__init__.py": "def f():\n    from .six.moves import range\n",
              "lib/six.py": OLD_SIX}}, []),
    # a module of the standard library that something else brings
    ({"lib": {"lib.py": "import distutils.version"},
      "setuptools": {"setuptools/__init__.py": "", "distutils-precedence.pth": ""}}, []),
    ({"lib": {"lib.py": "import imp"}, "zombie": {"imp.py": ""}}, []),
    # a folder that a package adds to the search path
    ({"lib": {"lib/__init__.py": "import six, one", "lib/bundled/six.py": ""}},
     ["lib/__init__.py:1 one"]),
    ({"lib": {"lib.py": "import dep, six"}, "dep": {"dep/__init__.py": "", "dep/a/six.py": ""}},
     ["lib.py:1 six"]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), SEVERAL)
def test_several_packages(texts: dict[str, dict[str, str]], expected: list[str]) -> None:
    packages = [package(f"{name} 1.0", files) for name, files in texts.items()]
    assert demands(outcome(*packages)) == expected


PLACES: list[tuple[str, tuple[int, int], str, list[str]]] = [
    (PYDUB, (3, 12), "linux", []),
    (PYDUB, (3, 13), "linux", ["lib.py:4 audioop or pyaudioop"]),
    ("import sys\nif sys.platform == 'win32':\n    import w\n", (3, 12), "win", ["lib.py:3 w"]),
    ("import imp", (3, 11), "linux", []),
    ("try:\n    import tomllib\nexcept ImportError:\n    import tomli as tomllib\n",
     (3, 10), "linux", ["lib.py:4 tomllib or tomli"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "python", "family", "expected"), PLACES)
def test_pythons_and_platforms(
    text: str, python: tuple[int, int], family: str, expected: list[str]
) -> None:
    found = outcome(package("lib 1.0", {"lib.py": text}), python=python, family=family)
    assert demands(found) == expected


def test_what_a_package_declares_to_run_on_is_not_asked_of_its_code() -> None:
    texts = {"lib.py": "from collections import Mapping\n", "lib-1.dist-info/METADATA": ""}
    assert demands(outcome(package("lib 1.0", texts)))
    texts["lib-1.dist-info/METADATA"] = "Classifier: Programming Language :: Python :: 3.12\n"
    assert not demands(outcome(package("lib 1.0", texts)))
    assert demands(outcome(package("lib 1.0", texts), python=(3, 13)))


def test_each_file_is_read_once_and_its_facts_are_kept() -> None:
    first = package("lib 1.0", {"lib/__init__.py": "from . import a", "lib/a.py": "import b"})
    assert demands(outcome(first)) == ["lib/a.py:1 b"]
    again = Package(first.label, first.files, Unreadable(), kept=first.kept)
    assert demands(outcome(again)) == ["lib/a.py:1 b"]
    assert not again.is_new


def test_what_cannot_be_read_says_nothing() -> None:
    dep = Package("dep 1.0", listed(["dep.py"], wheel=True), Unreadable())
    modules = Modules([package("lib 1.0", {"lib.py": "from dep import x"}), dep])
    trail = asyncio.run(Follower(modules, (3, 12), "linux").follow(["lib"]))
    assert Outcome(trail, (3, 12)).demands("lib") == ()
    assert modules.unread == {"dep 1.0": Unproved.NO_RANGES}
    assert "dep 1.0" in Outcome(trail, (3, 12)).reached("lib")


def test_what_is_followed_is_bounded() -> None:
    texts = {f"lib/m{at}.py": f"from . import m{at + 1}" for at in range(9)}
    texts |= {"lib/__init__.py": "from . import m0", "lib/m9.py": "import missing"}
    assert outcome(package("lib 1.0", texts), most=5).trail.is_cut
    found = outcome(package("lib 1.0", texts), most=11)
    assert not found.trail.is_cut
    assert demands(found) == ["lib/m9.py:1 missing"]


BESIDE = {
    "lib/__init__.py": "from error import *\nfrom nodes import a, b\nimport sub.deep",
    "lib/error.py": "",
    "lib/nodes.py": "import json",
    "lib/json.py": "import missing",
    "lib/sub/__init__.py": "",
    "lib/sub/deep.py": "import nodes",
}
PYTHON2: list[tuple[dict[str, str], list[str]]] = [
    (BESIDE, ["lib/sub/deep.py:1 nodes", "lib/json.py:1 missing"]),
    ({"lib/__init__.py": "from __future__ import absolute_import\nimport error",
      "lib/error.py": ""}, ["lib/__init__.py:2 error"]),
    ({"lib/__init__.py": "from __future__ import (division,\n  absolute_import)\nimport error",
      "lib/error.py": ""}, ["lib/__init__.py:3 error"]),
    ({"lib/__init__.py": "from .json import x", "lib/json.py": "import json\nimport os"}, []),
    ({"lib/__init__.py": "import sub.gone", "lib/sub/__init__.py": ""},
     ["lib/__init__.py:1 lib.sub.gone"]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), PYTHON2)
def test_python2_looks_beside_the_module_first(texts: dict[str, str], expected: list[str]) -> None:
    assert demands(outcome(package("lib 1.0", texts), python=(2, 7))) == expected


def test_python3_does_not_look_beside_the_module() -> None:
    texts = {"lib/__init__.py": "import error", "lib/error.py": ""}
    assert demands(outcome(package("lib 1.0", texts))) == ["lib/__init__.py:1 error"]


LAZY = """from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from missing.a import (
        x,
        y,
    )
    from missing import z as w
def __getattr__(name):
    return load(name)
"""


LOADER = """def _import_x() -> object:
    from missing.a import x

    return x
def __getattr__(name):
    if name == "x":
        return _import_x()
    raise AttributeError(name)
"""


@pytest.mark.parametrize(
    ("text", "taken", "expected"),
    [
        (LOADER, "x", ["lib.py:2 missing"]),
        (LOADER, "y", []),
        (LOADER.replace("return x", "return f(x)"), "x", []),
        (LAZY, "", []),
        (LAZY, "x", ["lib.py:3 missing"]),
        (LAZY, "vw", []),
        (LAZY.replace("def __", "else:\n    x = 1\ndef __"), "x", []),
        (LAZY.replace("__getattr__", "other"), "x", []),
        ("import json\n" + LAZY, "y", ["lib.py:4 missing"]),
    ],
)
def test_names_that_a_module_imports_when_they_are_taken(
    text: str, taken: str, expected: list[str]
) -> None:
    found = outcome(package("lib 1.0", {"lib.py": text}), taken=taken)
    assert demands(found) == expected
