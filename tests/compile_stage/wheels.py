"""A package index of small wheels, as PEP 503 has it, with the upload times of PEP 700."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

from tests.channels.modules import modules_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["WheelIndex"]

_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n"


class WheelIndex:
    """An index below a served folder; ``simple`` is its part of the URL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, list[dict[str, object]]] = {}

    def add(
        self,
        name: str,
        version: str,
        *requires: str,
        tag: str = "py3-none-any",
        date: str = "",
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Add a wheel with one module, and ``files`` of these texts, built on its date."""
        buffer = io.BytesIO()
        info = f"{name}-{version}.dist-info"
        built = datetime.fromisoformat(date or "2026-01-01").timetuple()[:6]
        with zipfile.ZipFile(buffer, "w") as wheel:
            wheel.writestr(f"{name}.py", f"version = {version!r}\n")
            wheel.writestr(f"{info}/METADATA", _metadata(name, version, requires))
            wheel.writestr(f"{info}/WHEEL", _WHEEL.format(tag=tag))
            wheel.writestr(f"{info}/RECORD", "")
            for file, text in {**_others(name), **(files or {})}.items():
                built = (
                    datetime.fromisoformat(date).timetuple()[:6] if date else (2026, 1, 1, 0, 0, 0)
                )
                wheel.writestr(zipfile.ZipInfo(file, built), text)
        self._add(name, f"{name}-{version}-{tag}.whl", buffer.getvalue(), date)

    def add_sdist(self, name: str, version: str, setup: str = "") -> None:
        """Add a source distribution of one module, with a ``setup.py`` or a ``pyproject.toml``."""
        buffer = io.BytesIO()
        project = f"[project]\nname = {name!r}\nversion = {version!r}\n"
        texts = {
            **({"setup.py": setup} if setup else {"pyproject.toml": project}),
            "PKG-INFO": _metadata(name, version, ()),
            f"{name}.py": f"version = {version!r}\n",
        }
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for file, text in texts.items():
                entry = tarfile.TarInfo(f"{name}-{version}/{file}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        self._add(name, f"{name}-{version}.tar.gz", buffer.getvalue(), "")

    def as_html(self) -> None:
        """Write the pages of PEP 503 too."""
        for name, files in self.files.items():
            links = (
                f'<a href="{one["url"]}#sha256={one["hashes"]["sha256"]}">{one["filename"]}</a>'  # type: ignore[index]
                for one in files
            )
            page = self.folder / "simple" / name.replace("_", "-") / "index.html"
            page.write_text("<!DOCTYPE html>\n" + "\n".join(links))

    def _add(self, name: str, file: str, content: bytes, date: str) -> None:
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        (self.folder / "files" / file).write_bytes(content)
        entry: dict[str, object] = {
            "filename": file,
            "url": f"../../files/{file}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "size": len(content),
        }
        if date:
            entry["upload-time"] = f"{date}T00:00:00.000000Z"
        self.files.setdefault(name, []).append(entry)
        page = self.folder / "simple" / name.replace("_", "-")
        page.mkdir(parents=True, exist_ok=True)
        document = {"meta": {"api-version": "1.1"}, "name": name, "files": self.files[name]}
        (page / "index.json").write_text(json.dumps(document))


def _others(name: str) -> dict[str, str]:
    """Return the modules that the map expects in a distribution besides the one of its name."""
    return {file: text for file, text in modules_of(name).items() if file != f"{name}/__init__.py"}


def _metadata(name: str, version: str, requires: tuple[str, ...]) -> str:
    lines = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    return f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n{lines}"
