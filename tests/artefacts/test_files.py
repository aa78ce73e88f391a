"""Which files of an archive are kept, and what modules they are."""

from __future__ import annotations

import pytest

from condavision.artefacts import files as files_of
from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import Files, listed
from condavision.core.evidence import Unproved

FOUND = [
    ("a.py", "a", "a.py"),
    ("a/__init__.py", "a", "a/__init__.py"),
    ("a/b/c.py", "a.b.c", "a/b/c.py"),
    ("a/b.cpython-312-x86_64-linux-gnu.so", "a.b", "a/b.cpython-312-x86_64-linux-gnu.so"),
    ("a.abi3.so", "a", "a.abi3.so"),
    ("a/b.cp312-win_amd64.pyd", "a.b", "a/b.cp312-win_amd64.pyd"),
    ("a/__init__.cpython-312-darwin.so", "a", "a/__init__.cpython-312-darwin.so"),
    ("a.pyc", "a", "a.pyc"),
    ("x-1.0.data/purelib/a.py", "a", "a.py"),
    ("x-1.0.data/platlib/a/b.py", "a.b", "a/b.py"),
    ("x-1.0.data/scripts/a.py", "a", None),
    ("x-1.0.data/data/share/a.py", "a", None),
    ("__pycache__/a.cpython-312.pyc", "a", None),
    ("a.txt", "a", None),
    ("a/b.py", "a", None),  # a package without a file
    ("../a.py", "a", None),
    ("b/../a.py", "a", None),
    ("/a.py", "a", None),
    ("C:/a.py", "a", None),
    ("a\\b.py", "a.b", None),
    ("a\nb.py", "a", None),
]


@pytest.mark.parametrize(("path", "module", "file"), FOUND)
def test_modules_of_a_wheel(path: str, module: str, file: str | None) -> None:
    files = listed([path], wheel=True)
    assert files.module(module) == file
    assert file is None or files.archived(file) == path
    assert Files.load(files.dump()).module(module) == file


CONDA = [
    ("site-packages/a.py", "a.py"),
    ("lib/python3.12/site-packages/a.py", "a.py"),
    ("lib/python3.13t/site-packages/a.py", "a.py"),
    ("Lib/site-packages/a.py", "a.py"),
    ("lib/a.py", None),
    ("share/a/python/a.py", None),
]


@pytest.mark.parametrize(("path", "file"), CONDA)
def test_modules_of_a_conda_package(path: str, file: str | None) -> None:
    files = listed([path], wheel=False)
    assert files.module("a") == file
    assert files.is_elsewhere("a.b") == (file is None)


def test_a_package_comes_before_a_module_of_its_name() -> None:
    files = listed(["a.py", "a/__init__.py", "b.py", "b.abi3.so"], wheel=True)
    assert files.module("a") == "a/__init__.py"
    assert files.module("b") == "b.abi3.so"


def test_folders_of_any_files_are_namespaces() -> None:
    files = listed(["a/b/data.json", "a/b c/d.json", "e/f.py"], wheel=True)
    assert files.lines == ("a/", "a/b/", "e/f.py")
    assert files.has_folder("a.b")
    assert files.has_folder("e")
    assert not files.has_folder("a.c")


BUNDLED = [
    ("a/files/six.py", "a/b.py", True),
    ("a/files/six/__init__.py", "a/b.py", True),
    ("a/files/six.cpython-312-x86_64-linux-gnu.so", "a/b.py", True),
    ("a/files/six/x.py", "a/b.py", False),
    ("a/files/six/moves.py", "a/b.py", True),
    ("a/files/six/moves/__init__.py", "a/b.py", True),
    ("a/files/six/moves/x.py", "a/b.py", False),
    ("a/six/moves.py", "a/b.py", False),
    ("a/files/__init__.py a/files/six/moves.py", "a/b.py", False),
    ("a/six.py", "a/b.py", False),
    ("a/c/six.py", "a/c/d/b.py", False),
    ("a/files/__init__.py a/files/six.py", "a/b.py", False),
    ("six.py", "a/b.py", False),
]


@pytest.mark.parametrize(("paths", "importer", "bundled"), BUNDLED)
def test_modules_in_a_folder_that_only_the_search_path_makes_sense_of(
    paths: str, importer: str, bundled: bool
) -> None:
    files = listed([*paths.split(), importer], wheel=True)
    assert files.bundles("six.moves", importer) == bundled


def test_what_changes_the_search_path_is_known() -> None:
    assert listed(["a.pth"], wheel=True).paths_added
    assert not listed(["a/b.pth", "a.py"], wheel=True).paths_added


@pytest.mark.parametrize("names", [["a" * 5000], ["a/b.py"] * 30])
def test_lists_have_a_limit(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_of, "MOST_FILES", 20)
    with pytest.raises(UnreadError) as caught:
        listed(names, wheel=True)
    assert caught.value.reason is Unproved.TOO_LARGE
