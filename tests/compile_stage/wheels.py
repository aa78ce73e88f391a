"""A package index of small wheels, as PEP 503 has it, with the upload times of PEP 700."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WheelIndex"]

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"


class WheelIndex:
    """An index below a served folder; ``simple`` is its part of the URL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, list[dict[str, object]]] = {}

    def add(
        self, name: str, version: str, *requires: str, tag: str = "py3-none-any", date: str = ""
    ) -> None:
        """Add a wheel with one module."""
        buffer = io.BytesIO()
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(buffer, "w") as wheel:
            wheel.writestr(f"{name}.py", f"version = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", _metadata(name, version, requires))
            wheel.writestr(f"{info}/WHEEL", _WHEEL.format(tag=tag))
            wheel.writestr(f"{info}/RECORD", "")
        self._add(name, f"{name}-{version}-{tag}.whl", buffer.getvalue(), date)

    def add_sdist(self, name: str, version: str) -> None:
        """Add a source distribution of one module."""
        buffer = io.BytesIO()
        project = f"[project]\nname = {name!r}\nversion = {version!r}\n"
        texts = {
            "pyproject.toml": project,
            "PKG-INFO": _metadata(name, version, ()),
            f"{name}.py": "",
        }
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for file, text in texts.items():
                entry = tarfile.TarInfo(f"{name}-{version}/{file}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        self._add(name, f"{name}-{version}.tar.gz", buffer.getvalue(), "")

    def _add(self, name: str, file: str, content: bytes, date: str) -> None:
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        (self.folder / "files" / file).write_bytes(content)
        entry: dict[str, object] = {
            "filename": file,
            "url": f"../../files/{file}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
        }
        if date:
            entry["upload-time"] = f"{date}T00:00:00.000000Z"
        self.files.setdefault(name, []).append(entry)
        page = self.folder / "simple" / name.replace("_", "-")
        page.mkdir(parents=True, exist_ok=True)
        document = {"meta": {"api-version": "1.1"}, "name": name, "files": self.files[name]}
        (page / "index.json").write_text(json.dumps(document))


def _metadata(name: str, version: str, requires: tuple[str, ...]) -> str:
    lines = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    return f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n{lines}"
