"""Names that a project's own files give: they settle unknown and ambiguous imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.core.model import Analysis, Import, ScriptMetadata, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.inference.requirements import derive
from condavision.locks.record import describe
from condavision.mapping.import_map import ImportMap
from condavision.mapping.project_names import namesake, project_names
from condavision.project.config import Config

if TYPE_CHECKING:
    from pathlib import Path

POETRY = """
[tool.poetry.dependencies]
python = "^3.9"
our-thing = {version = "1"}
[tool.poetry.group.dev.dependencies]
b = "*"
"""
FILES = [
    ("requirements.txt", "# all\nOur.Thing==1.2 ; python_version > '3'\n-r x.txt\n", {"our-thing"}),
    ("requirements-dev.txt", "our_thing[extra]>=1\nother\n", {"our-thing", "other"}),
    ("requirements.txt", "git+https://x.org/our-thing\n./here\n", set()),
    ("pyproject.toml", '[project]\ndependencies = ["our-thing>1", "b[c]"]', {"our-thing", "b"}),
    ("pyproject.toml", POETRY, {"python", "our-thing", "b"}),
    ("pyproject.toml", "[project\nbroken", set()),
    ("pyproject.toml", "project = 3\ntool = []\npackages = [1]", set()),
    ("pyproject.toml", '[tool.pixi.dependencies]\nour-thing = "*"', {"our-thing"}),
    ("pyproject.toml", '[tool.hatch.envs.a]\ndependencies = ["b>1"]', {"b"}),
    (
        "pixi.toml",
        '[pypi-dependencies]\nour-thing = "*"\n[feature.x.dependencies]\nb = "1"',
        {"our-thing", "b"},
    ),
    ("Pipfile", '[packages]\nour-thing = "*"', {"our-thing"}),
    ("setup.cfg", "[options]\ninstall_requires =\n  our-thing>=1\n  b\nx = 1", {"our-thing", "b"}),
    ("setup.py", "setup(name='x', install_requires=['our-thing>=1', \"b\"])", {"our-thing", "b"}),
    ("environment.yml", "dependencies:\n- our-thing=1\n- pip:\n  - b==2", {"our-thing", "b"}),
    ("notes.txt", "our-thing", set()),
]


@pytest.mark.parametrize(("file", "text", "expected"), FILES, ids=range(len(FILES)))
def test_names_in_files(file: str, text: str, expected: set[str], tmp_path: Path) -> None:
    (tmp_path / file).write_text(text)

    names = project_names(tmp_path)

    assert {*names} - {"pip"} == expected
    assert set(names.values()) <= {file}


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("one")
    assert [*project_names(tmp_path)] == ["one"]
    file.write_text("another")
    assert [*project_names(tmp_path)] == ["another"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("our_thing.part", "our-thing"),
        ("ns.other.part", "ns-other"),
        ("taiga", "python-taiga"),
        ("hvad", "django-hvad"),
        ("things", None),
        ("our", None),
    ],
)
def test_namesake(module: str, name: str | None) -> None:
    assert namesake(module, ["our-thing", "ns-other", "python-taiga", "django-hvad"]) == name


def required(root: Path, *modules: str) -> str:
    imports = tuple(Import(module, SourceLocation("s.py", 1)) for module in modules)
    found = Analysis(root / "s.py", imports, PythonRange(), (), ScriptMetadata(), files=())
    return "; ".join(
        describe(derive(found, Config(root=root), ImportMap.bundled())[0]).requirements
    )


def test_they_settle_what_is_unknown(tmp_path: Path) -> None:
    assert required(tmp_path, "our_thing_nobody_has.x") == "import our_thing_nobody_has"
    (tmp_path / "requirements.txt").write_text("our-thing-nobody-has==3\nnumpy==1")
    assert required(tmp_path, "our_thing_nobody_has.x") == "our-thing-nobody-has"


def test_they_settle_what_is_ambiguous(tmp_path: Path) -> None:
    assert required(tmp_path, "cv2") == "opencv-python"
    (tmp_path / "requirements.txt").write_text("opencv-python-headless==4")
    assert required(tmp_path, "cv2") == "opencv-python-headless"
    (tmp_path / "setup.py").write_text("setup(install_requires=['opencv-python'])")
    assert required(tmp_path, "cv2") == "opencv-python"


def test_they_know_better_than_what_is_only_called_so(tmp_path: Path) -> None:
    assert required(tmp_path, "gidgetlab") == "gidgetlab"
    (tmp_path / "requirements.txt").write_text("python-gidgetlab")
    assert required(tmp_path, "gidgetlab") == "python-gidgetlab"
