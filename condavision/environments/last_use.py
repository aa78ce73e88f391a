"""The last use of an environment and its scripts: for `list` and `clean`."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.environments.environment import Environment

USED = "condavision-used"
"""The file beside the marker whose modification time is the last use, and which lists scripts."""

LAUNCHED = "condavision-launched"
"""The file beside the marker that launchers truncate to set the time of use."""


def record_use(environment: Environment, script: Path | None) -> None:
    """Note that ``script`` uses the environment now; ignored if the cache cannot be written."""
    path = environment.marker.with_name(USED)
    line = os.fsencode(f"{script.absolute()}\0") if script else b""
    with suppress(OSError):
        with _opened(path) as stream:
            stream.seek(0)
            if line not in b"\0" + stream.read():
                stream.write(line)
        os.utime(path)


def record_launcher(environment: Environment) -> None:
    """Make the file that launchers truncate.

    Raises:
        OSError: it cannot be made.
    """
    _opened(environment.marker.with_name(LAUNCHED)).close()


def _opened(path: Path) -> BinaryIO:
    """Open a file of ours to append to it; never what a link of that name points to."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, 0o666), "ab+")
