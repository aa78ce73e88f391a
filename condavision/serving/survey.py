"""What the server and the process that surveys scripts send each other.

They send pickles, each preceded by its length in four bytes.
"""

from __future__ import annotations

import pickle
import struct
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Framework, Interface
from condavision.cluster.bundle import Packed
from condavision.core.serving import Serving
from condavision.warm import is_unchanged

if TYPE_CHECKING:
    from typing import BinaryIO

    from condavision.exec_stage.prepared import Prepared
    from condavision.project.config import Flags

Checks = tuple[tuple[str, str, str], ...]
"""Arguments of :func:`condavision.warm.is_unchanged`."""

_NO_INTERFACE = Interface(Framework.NONE)

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Question:
    """What to find out: the scripts and folders to serve, of which ``only`` some are of interest.

    With ``lock`` scripts without a lock that fits are locked. With ``pack`` they are made ready for
    other machines, and nothing is installed on this one.
    """

    paths: tuple[Path, ...]
    flags: Flags
    lock: bool = False
    only: tuple[str, ...] | None = None
    pack: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of all scripts; others are there once ``checks`` fail."""

    names: tuple[str, ...]
    checks: Checks


@dataclass(frozen=True, slots=True)
class Note:
    """Something to log."""

    text: str
    warning: bool


class RefusalKind(Enum):
    """What keeps a script from being served."""

    UNLOCKED = auto()
    """It has no lock that fits, or cannot have one; or it is a notebook."""
    UNAVAILABLE = auto()
    """There is no environment for it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a script is not served, and what to do; ``names_script``: the message does."""

    kind: RefusalKind
    message: str
    hints: tuple[str, ...] = ()
    names_script: bool = False


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What is known of a script; ``prepared`` unless there is a ``refusal``.

    ``sources`` are the checks of its files and ``others`` those of its lock and environment, or of
    all that records locks where it is refused. Where they are not ``settled``, they may miss a
    change. ``packages`` maps names to versions.
    ``interface`` is what it takes on its command line.
    """

    name: str
    script: Path
    settings: Serving = field(default_factory=Serving)
    prepared: Prepared | Packed | None = None
    refusal: Refusal | None = None
    hash: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    sources: Checks = ()
    others: Checks = ()
    settled: bool = False
    root: Path = field(default_factory=Path)
    interface: Interface = _NO_INTERFACE
    when: float = field(default_factory=time.monotonic)

    @property
    def is_there(self) -> bool:
        """Whether it can be started: its environment has not been removed."""
        found = self.prepared
        return found is not None and (
            isinstance(found, Packed) or found.environment.python.exists()
        )

    @property
    def python(self) -> str:
        """The version of its Python; empty where it has none."""
        return self.packages.get("python", "")


def unchanged(checks: Checks) -> bool:
    """Return whether nothing has changed since checks were made."""
    return all(is_unchanged(*check) for check in checks)


Answer = Listing | Surveyed | Note


def send(stream: BinaryIO, value: Any) -> None:
    """Write a value for the other process."""
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def frame_length(header: bytes) -> int:
    """Return the length of the value behind a header of four bytes."""
    (length,) = _LENGTH.unpack(header)
    return int(length)
