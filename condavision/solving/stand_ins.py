"""Stand-ins for what conda supplies: empty wheels by which uv checks requirements against it.

uv then applies its own reading of versions, markers and extras, its own credentials and cache; no
metadata is fetched or parsed here. A stand-in has a local version (PEP 440), so that no index can
have the same, and requires nothing: what conda's packages require is conda's to solve.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["LOCAL_VERSION", "write_stand_ins"]

LOCAL_VERSION = "+conda"

_WHEEL = "Wheel-Version: 1.0\nGenerator: condavision\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_stand_ins(folder: Path, supplied: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Write a wheel for each distribution and yield its name and version.

    A conda version that PEP 440 does not know (``1.1.1w``) cannot be compared and is left out.
    """
    folder.mkdir()
    for name, conda_version in supplied.items():
        try:
            version = f"{Version(conda_version).public}{LOCAL_VERSION}"
        except InvalidVersion:
            continue
        _write(folder, name.replace("-", "_"), version)
        yield name, version


def _write(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for file, text in (("METADATA", metadata), ("WHEEL", _WHEEL), ("RECORD", "")):
            wheel.writestr(f"{info}/{file}", text)
