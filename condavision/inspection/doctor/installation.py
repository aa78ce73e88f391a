"""Whether condavision itself is installed correctly."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from condavision import __version__
from condavision.inspection.doctor.finding import Finding, State
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject

_AREA = "installation"
_SHOWN = ("py-rattler", "uv", "conda-lock")


def check_installation(_: Subject) -> Iterator[Finding]:
    """Yield the version of the package, and whether its dependencies are there."""
    found = f"{__version__} on {platform.python_implementation()} {platform.python_version()}"
    yield Finding(_AREA, "condavision", State.OK, found)
    yield _dependencies()


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
        path = shell_word(url2pathname(urlsplit(url).path))
        return f"-e {path}" if editable else path
    return shell_word(revision or url or "condavision")


def _reinstall() -> str:
    return f"pip install --upgrade {_installed_from()}"


def _dependencies() -> Finding:
    try:
        needed = [Requirement(text) for text in requires("condavision") or ()]
    except PackageNotFoundError:
        found = "the package was copied, not installed"
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
