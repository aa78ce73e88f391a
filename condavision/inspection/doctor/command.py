"""Whether the ``condavision`` on PATH belongs to this installation."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.inspection.doctor.finding import Finding, State
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject

_COMMAND_FILES = ("condavision", "condavision.exe")
_TOOLS = {"uv-receipt.toml": "uv tool update-shell", "pipx_metadata.json": "pipx ensurepath"}
"""Files that mark an environment of one command, and the command that puts it on PATH."""


def check_command(_: Subject) -> Iterator[Finding]:
    """Yield whether PATH has the command of this installation first."""
    path = shutil.which("condavision")
    own = _own_command()
    fix = _on_path(own)
    if path is None:
        found = "condavision is not on PATH: launchers and make fall back to this Python or fail"
        yield Finding("installation", "command", State.WARNING, found, fix)
    elif own and Path(path).resolve() != own:
        found = f"PATH has {path} first, which is not this installation's {own}"
        yield Finding("installation", "command", State.WARNING, found, fix)
    else:
        yield Finding("installation", "command", State.OK, path)


def _on_path(own: Path | None) -> str:
    """Return how to put the command on PATH, but not the Python of a tool's own environment."""
    for mark, ensure in _TOOLS.items():
        if own and (own.parent.parent / mark).is_file():
            return f"put the folder of installed tools on PATH: {ensure}, then open a new shell"
    folder = shell_word(own.parent) if own else "FOLDER"
    return f"put the folder it was installed into first: export PATH={folder}:$PATH"


def _own_command() -> Path | None:
    """Return the command that this package installed, according to its RECORD."""
    try:
        files = distribution("condavision").files or ()
    except PackageNotFoundError:
        return None
    found = (Path(file.locate()) for file in files if file.name in _COMMAND_FILES)
    return next((path.resolve() for path in found if path.is_file()), None)
