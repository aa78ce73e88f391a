"""The conda subdir of this machine."""

from __future__ import annotations

import platform
import sys

__all__ = ["current_subdir"]

_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i686": "32", "x86": "32"}


def current_subdir() -> str:
    """Return the subdir of the machine we run on, such as ``linux-64`` or ``osx-arm64``.

    rattler knows it too, but importing rattler costs more than the rest of a run.
    """
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = platform.machine().lower()
    if machine == "aarch64" and system != "linux":
        machine = "arm64"
    return f"{system}-{_MACHINES.get(machine, machine)}"
