"""One artefact, and why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from condavision.core.model import Manager

if TYPE_CHECKING:
    from condavision.core.evidence import Unproved
    from condavision.core.model import LockedPackage


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that a channel or a package index serves, and the SHA-256 it must have."""

    url: str
    sha256: str
    manager: Manager

    @classmethod
    def of(cls, package: LockedPackage) -> Artefact:
        """Return the artefact of a locked package."""
        return cls(package.url, package.sha256, package.manager)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.url.partition("#")[0].partition("?")[0].rpartition("/")[2]

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, and neither a conda package nor a source distribution."""
        return self.manager is Manager.PYPI and self.name.endswith(".whl")

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.startswith("file:")


def local_file(url: str) -> Path | None:
    """Return the file that a ``file://`` URL names, None for any other."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


class UnreadError(Exception):
    """An artefact, or a file in it, cannot be read."""

    def __init__(self, reason: Unproved) -> None:
        super().__init__(reason.value)
        self.reason = reason
