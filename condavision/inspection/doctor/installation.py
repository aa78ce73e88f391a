"""Whether condavision itself is installed as it should be."""

from __future__ import annotations

import json
import platform
import shlex
import shutil
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from condavision import __version__
from condavision.inspection.doctor.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["look_at_installation"]

_AREA = "installation"
_SHOWN = ("py-rattler", "uv", "conda-lock")
_COMMAND = "command"
_COMMAND_FILES = ("condavision", "condavision.exe")
_TOOLS = {"uv-receipt.toml": "uv tool update-shell", "pipx_metadata.json": "pipx ensurepath"}
"""What marks an environment made for one command, and what puts that command on PATH."""


def look_at_installation() -> Iterator[Finding]:
    """Yield what is to say of the package, what it needs, and its command."""
    found = f"{__version__} on {platform.python_implementation()} {platform.python_version()}"
    yield Finding(_AREA, "condavision", State.OK, found)
    yield _dependencies()
    yield _command(shutil.which("condavision"))


def _installed_from() -> str:
    """Return what pip was given to install this, as its ``direct_url.json`` (PEP 610) has it."""
    try:
        text = distribution("condavision").read_text("direct_url.json")
        document = json.loads(text) if text else {}
        url = str(document.get("url", ""))
        editable = bool(document.get("dir_info", {}).get("editable"))
        vcs = document.get("vcs_info")
        revision = vcs and f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    except (PackageNotFoundError, OSError, ValueError, AttributeError, KeyError, TypeError):
        return "condavision"
    if url.startswith("file:"):
        path = shlex.quote(url2pathname(urlsplit(url).path))
        return f"-e {path}" if editable else path
    return shlex.quote(revision or url or "condavision")


def _reinstall() -> str:
    return f"pip install --upgrade {_installed_from()}"


def _dependencies() -> Finding:
    try:
        needed = [Requirement(text) for text in requires("condavision") or ()]
    except PackageNotFoundError:
        found = "the package was not installed but copied"
        return Finding(_AREA, "dependencies", State.WARNING, found, _reinstall())
    wrong = [text for one in needed if (text := _unmet(one))]
    if wrong:
        return Finding(_AREA, "dependencies", State.BROKEN, "; ".join(wrong), _reinstall())
    shown = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    return Finding(_AREA, "dependencies", State.OK, shown)


def _unmet(needed: Requirement) -> str:
    if needed.marker is not None and not needed.marker.evaluate():
        return ""
    try:
        installed = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing"
    fits = needed.specifier.contains(installed, prereleases=True)
    return "" if fits else f"{needed.name} {installed} is not {needed.specifier}"


def _command(path: str | None) -> Finding:
    own = _own_command()
    mend = _on_path(own)
    if path is None:
        found = "condavision is not on PATH: launchers and make fall back to this Python or fail"
        return Finding(_AREA, _COMMAND, State.WARNING, found, mend)
    if own and Path(path).resolve() != own:
        found = f"PATH leads to {path}, which is not this installation's {own}"
        return Finding(_AREA, _COMMAND, State.WARNING, found, mend)
    return Finding(_AREA, _COMMAND, State.OK, path)


def _on_path(own: Path | None) -> str:
    """Return how the command is put on PATH, but not the Python of an environment it has alone."""
    for mark, ensure in _TOOLS.items():
        if own and (own.parent.parent / mark).is_file():
            return f"put the folder of installed tools on PATH: {ensure}, then open a new shell"
    folder = shlex.quote(str(own.parent)) if own else "FOLDER"
    return f"put the folder it was installed into first: export PATH={folder}:$PATH"


def _own_command() -> Path | None:
    """Return the command that came with this package, as its RECORD has it."""
    try:
        files = distribution("condavision").files or ()
    except PackageNotFoundError:
        return None
    found = (Path(file.locate()) for file in files if file.name in _COMMAND_FILES)
    return next((path.resolve() for path in found if path.is_file()), None)
