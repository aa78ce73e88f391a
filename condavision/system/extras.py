"""The extras of the package: what most people never use, and a plain installation lacks."""

from __future__ import annotations

import json
import shlex
import sys
from enum import Enum
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from condavision.errors import MissingExtraError

_INSTALLERS = {"uv-receipt.toml": "uv tool install", "pipx_metadata.json": "pipx install --force"}
"""The file that marks an environment of a tool, and how the tool adds an extra."""


class Extra(Enum):
    """An extra, as ``pyproject.toml`` names it."""

    CLUSTER = "cluster"
    NOTEBOOK = "notebook"
    SERVE = "serve"


def require_extra(extra: Extra) -> None:
    """Check that the distributions of an extra are installed, in versions that it allows.

    Raises:
        MissingExtraError: they are not.
    """
    for requirement in map(Requirement, requires("condavision") or ()):
        if requirement.marker is None or not requirement.marker.evaluate({"extra": extra.value}):
            continue
        try:
            fits = requirement.specifier.contains(version(requirement.name), prereleases=True)
        except PackageNotFoundError:
            fits = False
        if not fits:
            raise MissingExtraError(
                f"this needs {requirement.name}, which the extra `{extra.value}` installs",
                f"run `{_installer()} {shlex.quote(_source(extra))}`",
            )


def _installer() -> str:
    marked = (way for name, way in _INSTALLERS.items() if Path(sys.prefix, name).exists())
    return next(marked, "pip install")


def _source(extra: Extra) -> str:
    """Return what to install: the folder that the package was installed from, if any (PEP 610)."""
    origin = json.loads(distribution("condavision").read_text("direct_url.json") or "{}")
    folder = url2pathname(urlsplit(origin["url"]).path) if "dir_info" in origin else "condavision"
    return f"{folder}[{extra.value}]"
