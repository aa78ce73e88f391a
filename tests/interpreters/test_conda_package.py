"""Packages written here are what the engine and conda's own tools read."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conda_package_streaming.package_streaming import (  # type: ignore[import-untyped]
    stream_conda_component,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rattler.package_streaming import extract

from condavision.interpreters.conda_package import (
    Link,
    PackageFile,
    conda_package,
    package_filename,
)

INDEX: dict[str, Any] = {
    "name": "sample",
    "version": "1.0",
    "build": "0",
    "build_number": 0,
    "depends": [],
    "subdir": "noarch",
}

_NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters='/\\:*?"<>|'),
    min_size=1,
    max_size=60,
).filter(lambda name: name.strip(" .") == name and len(name.encode()) < 200)
_TREES = st.dictionaries(
    st.lists(_NAMES, min_size=1, max_size=4).map(lambda parts: "/".join(["share", *parts])),
    st.tuples(st.binary(max_size=200), st.booleans()),
    max_size=8,
).filter(lambda tree: not any(a != b and b.startswith(f"{a}/") for a in tree for b in tree))


def _extracted(package: bytes, folder: Path) -> Path:
    archive = folder / package_filename(INDEX)
    archive.write_bytes(package)
    extract(archive, folder / "extracted")
    return folder / "extracted"


@given(_TREES)
@settings(max_examples=25)
def test_any_files_come_back(tree: dict[str, tuple[bytes, bool]]) -> None:
    entries = [
        PackageFile(path, content, executable) for path, (content, executable) in tree.items()
    ]
    package = conda_package(INDEX, entries)
    assert conda_package(INDEX, reversed(entries)) == package
    with tempfile.TemporaryDirectory() as folder:
        root = _extracted(package, Path(folder))
        found = {path for path in root.rglob("*") if path.is_file() and "info" not in path.parts}
        described = json.loads((root / "info/paths.json").read_text("utf-8"))["paths"]
        assert [record["_path"] for record in described] == sorted(tree)
        for record in described:
            path = root / record["_path"]
            content, executable = tree[record["_path"]]
            assert path.read_bytes() == content
            assert bool(path.stat().st_mode & 0o100) == executable
            assert record["sha256"] == hashlib.sha256(content).hexdigest()
            assert record["size_in_bytes"] == len(content)
        assert found == {root / path for path in tree}


def test_links_are_described_by_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"outside")
    targets = {
        "bin/direct": "program",
        "bin/twice": "../bin/direct",
        "bin/outside": str(tmp_path / "outside"),
        "bin/folder": str(tmp_path),
        "bin/dangling": "nowhere",
    }
    entries = [PackageFile(path, Link(target)) for path, target in targets.items()]
    package = conda_package(
        INDEX, [PackageFile("bin/program", b"inside", executable=True), *entries]
    )
    root = _extracted(package, tmp_path)
    described = {
        record["_path"]: record
        for record in json.loads((root / "info/paths.json").read_text())["paths"]
    }
    for path, target in targets.items():
        assert str((root / path).readlink()) == target
        assert described[path]["path_type"] == "softlink"
    expected = {"direct": b"inside", "twice": b"inside", "outside": b"outside", "folder": b""}
    for name, content in {**expected, "dangling": b""}.items():
        assert described[f"bin/{name}"]["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("component", ["info", "pkg"])
def test_conda_reads_it_too(tmp_path: Path, component: str) -> None:
    package = conda_package(
        INDEX,
        [
            PackageFile(
                "bin/tool", b"#!/old/prefix/bin/sh\n", executable=True, placeholder="/old/prefix"
            )
        ],
        {"link.json": {"noarch": {"type": "generic"}}, "licenses/LICENSE": b"free\n"},
    )
    path = tmp_path / package_filename(INDEX)
    path.write_bytes(package)
    with path.open("rb") as stream:
        contents = {}
        for archive, member in stream_conda_component(str(path), stream, component):
            file = archive.extractfile(member)
            assert file is not None
            contents[member.name] = file.read()
    if component == "pkg":
        assert list(contents) == ["bin/tool"]
        return
    assert json.loads(contents["info/index.json"]) == INDEX
    assert contents["info/files"] == b"bin/tool\n"
    assert contents["info/licenses/LICENSE"] == b"free\n"
    (described,) = json.loads(contents["info/paths.json"])["paths"]
    assert described["prefix_placeholder"] == "/old/prefix"
    assert described["file_mode"] == "text"
