"""A conda package to be written into a test channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.interpreters.conda_package import (
    EPOCH,
    PackageFile,
    conda_package,
    package_filename,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Package"]


@dataclass(frozen=True)
class Package:
    """The content of a recipe. ``noarch`` is ``python``, ``generic`` or None for a platform's."""

    name: str
    version: str
    build: str
    subdir: str = "noarch"
    noarch: str | None = None
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    entries: tuple[PackageFile, ...] = ()
    info: Mapping[str, object] = field(default_factory=dict)

    @property
    def index(self) -> dict[str, Any]:
        """The content of ``index.json``."""
        number = self.build.rpartition("_")[2]
        index: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": int(number) if number.isdigit() else 0,
            "depends": list(self.depends),
            "constrains": list(self.constrains),
            "license": "LicenseRef-Test",
            "subdir": self.subdir,
            "timestamp": EPOCH * 1000,
        }
        if self.noarch:
            index["noarch"] = self.noarch
        return index

    def write(self, channel: Path) -> Path:
        """Write the package below a channel's folder and return its path."""
        path = channel / self.subdir / package_filename(self.index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(conda_package(self.index, self.entries, self.info, level=1))
        return path
