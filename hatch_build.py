"""What a wheel has beside the package: the command, which differs between POSIX and Windows.

On POSIX it is a script of the wheel's own, because an entry point starts as slowly as the wrapper
that the installer writes; on Windows installers make an ``.exe``, and only of an entry point. A
wheel is for the system it is built on, unless ``CONDAVISION_WHEEL`` is ``windows`` or ``posix``.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ENTRY_POINTS = {"condavision": "condavision.entry:main"}
SCRIPTS = {f"bin/{name}": name for name in ("condavision", "condavision-python")}
WINDOWS_TAG = "py3-none-win32.win_amd64.win_arm64"  # installers prefer it to the other's `any`


def for_windows() -> bool:
    """Tell which of the two wheels to build.

    Raises:
        ValueError: ``CONDAVISION_WHEEL`` names another system.
    """
    system = os.environ.get("CONDAVISION_WHEEL") or ("windows" if os.name == "nt" else "posix")
    if system not in {"windows", "posix"}:
        raise ValueError(f"CONDAVISION_WHEEL is neither windows nor posix: {system}")
    return system == "windows"


class EntryPoints(MetadataHookInterface):
    """``[project.scripts]``, where the installer is to make the command."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the table to the project's own."""
        metadata["scripts"] = ENTRY_POINTS if for_windows() else {}


class Scripts(BuildHookInterface[Any]):
    """The wheel's own scripts, where the command is one of them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Add them, or the tag that keeps a wheel without them from other systems."""
        if for_windows():
            build_data["tag"] = WINDOWS_TAG
        else:
            build_data["shared_scripts"].update(SCRIPTS)
