"""One artefact, and why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.core.model import Manager

if TYPE_CHECKING:
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


class Unread(StrEnum):
    """Why an artefact cannot be read; the values are written into locks."""

    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    """The server does not answer, or with an error."""
    NO_RANGES = "no-ranges"
    """The server sends whole files alone, and this one is too large to be fetched for its list."""
    SOURCE = "source"
    """A source distribution: what it installs is known when it is built."""
    DAMAGED = "damaged"
    """It is no archive, or contradicts itself or its SHA-256."""
    TOO_LARGE = "too-large"
    """Its list, or a file in it, is larger than any that is read."""


class UnreadError(Exception):
    """An artefact, or a file in it, cannot be read."""

    def __init__(self, reason: Unread) -> None:
        super().__init__(reason.value)
        self.reason = reason
