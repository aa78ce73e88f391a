"""Whether condavision itself is installed as it should be."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from condavision import __version__
from condavision.doctor.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["look_at_installation"]

_AREA = "installation"
_SHOWN = ("py-rattler", "uv", "conda-lock")
_REINSTALL = "pip install --upgrade condavision"


def look_at_installation() -> Iterator[Finding]:
    """Yield what is to say of the package, what it needs, and its console script."""
    found = f"{__version__} on {platform.python_implementation()} {platform.python_version()}"
    yield Finding(_AREA, "condavision", State.OK, found)
    yield _dependencies()
    yield _console_script(shutil.which("condavision"))


def _dependencies() -> Finding:
    try:
        needed = [Requirement(text) for text in requires("condavision") or ()]
    except PackageNotFoundError:
        found = "the package was not installed but copied"
        return Finding(_AREA, "dependencies", State.WARNING, found, _REINSTALL)
    wrong = [text for one in needed if (text := _unmet(one))]
    if wrong:
        return Finding(_AREA, "dependencies", State.BROKEN, "; ".join(wrong), _REINSTALL)
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


def _console_script(path: str | None) -> Finding:
    what = "console script"
    if path is None:
        found = "condavision is not on PATH: launchers and make fall back to this Python or fail"
        mend = "add the folder it was installed into to PATH: export PATH=FOLDER:$PATH"
        return Finding(_AREA, what, State.WARNING, found, mend)
    if b"\nimport re\n" in Path(path).read_bytes()[:2000]:
        found = f"{path} is an old pip's: every run pays 6 to 8 ms for its `import re`"
        mend = "pip install --upgrade pip && pip install --force-reinstall --no-deps condavision"
        return Finding(_AREA, what, State.WARNING, found, mend)
    return Finding(_AREA, what, State.OK, path)
