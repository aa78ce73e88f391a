"""What packages lack, and what cannot be refuted."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.artefacts.reader import ArtefactReader
from condavision.compile_stage.proof.library import Library, Names
from condavision.core.evidence import Unproved
from condavision.core.model import Manager
from condavision.interpreters.conda_package import PackageFile
from tests.channels.package import Package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Artefact]


@pytest.fixture
def wheel(tmp_path: Path) -> Make:
    """Make a wheel of files with these texts."""

    def make(files: dict[str, str], name: str = "a") -> Artefact:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
        path = tmp_path / f"{name}-1-py3-none-any.whl"
        path.write_bytes(buffer.getvalue())
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        return Artefact(path.as_uri(), sha256, Manager.PYPI)

    return make


@pytest.fixture
def conda(tmp_path: Path) -> Make:
    """Make a conda package of files with these texts."""

    def make(files: dict[str, str], name: str = "a") -> Artefact:
        entries = tuple(PackageFile(it, text.encode()) for it, text in files.items())
        path = Package(name, "1", "py_0", noarch="python", entries=entries).write(tmp_path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return Artefact(path.as_uri(), sha256, Manager.CONDA)

    return make


def lacks(tmp_path: Path, module: str, *names: str, among: tuple[Artefact, ...]) -> str | None:
    library = Library(Names(ArtefactReader(tmp_path / "home")), among)
    first = asyncio.run(library.lacks(module, names))
    again = Library(Names(ArtefactReader(tmp_path / "home")), among)
    assert asyncio.run(again.lacks(module, names)) == first, "what was kept says the same"
    return first


MODULES = {
    "a module": ({"a.py": ""}, "a", None),
    "a package": ({"a/__init__.py": ""}, "a", None),
    "a submodule": ({"a/__init__.py": "", "a/b.py": ""}, "a.b", None),
    "none": ({"b.py": ""}, "a", "a"),
    "no submodule": ({"a/__init__.py": ""}, "a.b", "a.b"),
    "no submodule of a module": ({"a.py": "b = 1\n"}, "a.b", "a.b"),
    "a folder": ({"a/b/c.txt": ""}, "a.b", None),
    "in sys.modules": ({"a.py": "import sys\nsys.modules['a.b'] = sys\n"}, "a.b", None),
    "above in sys.modules": (
        {"a/__init__.py": "import sys\nsys.modules['a.b.c'] = sys\n", "a/b.py": ""},
        "a.b.c",
        None,
    ),
    "another search path": ({"a/__init__.py": "__path__.append('x')\n"}, "a.b", None),
    "a namespace of old": (
        {"a/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n"},
        "a.b",
        "a.b",
    ),
    "a compiled package": ({"a/__init__.abi3.so": ""}, "a.b", None),
    "a .pth file": ({"a.pth": "x", "a/__init__.py": ""}, "a.b", None),
    "elsewhere": ({"a-1.data/data/share/a/b.py": ""}, "a.b", None),
    "a source that is none": ({"a/__init__.py": "\0\xff"}, "a.b", None),
    "RECORD alone": ({"a-1.dist-info/RECORD": "a/b.py,,\n", "a/__init__.py": ""}, "a.b", "a.b"),
    "outside": ({"a/__init__.py": "", "a/../a/b.py": ""}, "a.b", "a.b"),
}


@pytest.mark.parametrize(("files", "module", "lacking"), MODULES.values(), ids=MODULES.keys())
def test_modules(
    tmp_path: Path, wheel: Make, files: dict[str, str], module: str, lacking: str | None
) -> None:
    assert lacks(tmp_path, module, among=(wheel(files),)) == lacking


NAMES = {
    "bound": ({"a.py": "x = 1\n"}, None),
    "not bound": ({"a.py": "'x = 1'\n"}, "a.x"),
    "a submodule": ({"a/__init__.py": "", "a/x.py": ""}, None),
    "a compiled submodule": ({"a/__init__.py": "", "a/x.cp313-win_amd64.pyd": ""}, None),
    "a folder": ({"a/__init__.py": "", "a/x/data.json": ""}, None),
    "compiled": ({"a.abi3.so": ""}, None),
    "a star of what is not there": ({"a.py": "from b import *\n"}, None),
    "a star": ({"a/__init__.py": "from .b import *\n", "a/b.py": "x = 1\n"}, None),
    "a star without it": ({"a/__init__.py": "from .b import *\n", "a/b.py": "y = 1\n"}, "a.x"),
    "a star of a package that has imported it": (
        {
            "a/__init__.py": "from .b import *\n",
            "a/b/__init__.py": "import a.b.x\n",
            "a/b/x.py": "",
        },
        None,
    ),
    "a star of itself": (
        {"a/__init__.py": "from .b import *\n", "a/b.py": "from a import *\n"},
        "a.x",
    ),
    "a star of a star": (
        {
            "a/__init__.py": "from a.b.c import *\n",
            "a/b/c.py": "from ..d import *\n",
            "a/d.py": "x = 1\n",
        },
        None,
    ),
    "a star of what is compiled": (
        {"a/__init__.py": "from .b import *\n", "a/b.abi3.so": ""},
        None,
    ),
    "a star of any attribute": (
        {"a/__init__.py": "from .b import *\n", "a/b.py": "def __getattr__(name): return 1\n"},
        None,
    ),
    "any attribute": ({"a.py": "def __getattr__(name): return 1\n"}, None),
    "a namespace": ({"a/y.py": ""}, "a.x"),
}


@pytest.mark.parametrize(("files", "lacking"), NAMES.values(), ids=NAMES.keys())
def test_names(tmp_path: Path, wheel: Make, files: dict[str, str], lacking: str | None) -> None:
    assert lacks(tmp_path, "a", "x", among=(wheel(files),)) == lacking


@pytest.mark.parametrize(
    ("files", "has"),
    [
        ({"a/__init__.py": "", "a/x.py": ""}, True),
        ({"a/__init__.py": "", "a/x/data.json": ""}, True),
        ({"a/__init__.py": "import sys\nsys.modules['a.x'] = b\n"}, False),
        ({"a/__init__.py": ""}, False),
    ],
)
def test_only_a_file_shows_that_a_release_has_a_module(
    tmp_path: Path, wheel: Make, files: dict[str, str], has: bool
) -> None:
    library = Library(Names(ArtefactReader(tmp_path / "home")), (wheel(files),))
    assert asyncio.run(library.has("a.x", ())) is has


def test_other_packages_are_looked_at(tmp_path: Path, wheel: Make, conda: Make) -> None:
    first = wheel({"a/__init__.py": ""})
    others = (wheel({"c.py": ""}, "c"), conda({"site-packages/a/b.py": "x = 1\n"}, "b"))
    assert lacks(tmp_path, "a.b", "x", among=(first, *others)) is None
    assert lacks(tmp_path, "a.b", "y", among=(first, *others)) == "a.b.y"
    assert lacks(tmp_path, "a", "b", among=(first, *others)) is None


def test_names_in_large_conda_packages_are_not_asked(
    tmp_path: Path, conda: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Names.of, "__defaults__", (5,))
    package = conda({"site-packages/a/__init__.py": "y = 1 # and more\n"})
    assert lacks(tmp_path, "a", "x", among=(package,)) is None
    assert lacks(tmp_path, "a.b", among=(package,)) == "a.b"


def test_what_cannot_be_read_refutes_nothing(tmp_path: Path, wheel: Make) -> None:
    first = wheel({"a/__init__.py": ""})
    sdist = Artefact((tmp_path / "c-1.tar.gz").as_uri(), "00", Manager.PYPI)
    assert lacks(tmp_path, "a", among=(first, sdist)) is None
    with pytest.raises(UnreadError) as caught:
        lacks(tmp_path, "a.b", among=(first, sdist))
    assert caught.value.reason is Unproved.SOURCE
