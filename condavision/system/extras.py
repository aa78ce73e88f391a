"""The extras of the package: what most people never use, and a plain installation lacks."""

from __future__ import annotations

import json
import shlex
import site
import sys
from enum import Enum
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from condavision.errors import MissingExtraError
from condavision.system.secrets import redacted

_INSTALLERS = {"uv-receipt.toml": "uv tool install", "pipx_metadata.json": "pipx install --force"}
"""The file that marks an environment of a tool, and how the tool adds an extra."""

_SSH_USER = "ssh://git@"


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
    lacking = _lacking(extra)
    if lacking is not None:
        raise MissingExtraError(
            f"this needs {lacking}, which the extra `{extra.value}` installs",
            f"run `{_installer()} {shlex.quote(_source(extra))}`",
        )


def _lacking(extra: Extra) -> str | None:
    """Return a distribution that an extra needs, and that is not installed in a fitting version."""
    for requirement in map(Requirement, requires("condavision") or ()):
        if requirement.marker is None or not requirement.marker.evaluate({"extra": extra.value}):
            continue
        try:
            fits = requirement.specifier.contains(version(requirement.name), prereleases=True)
        except PackageNotFoundError:
            fits = False
        if not fits:
            return requirement.name
    return None


def source_elsewhere() -> str | None:
    """Return the requirement that installs this package on other machines too (PEP 508, PEP 610).

    None where it came from a folder or file of this one.
    """
    url = _url()
    if url is None:
        return "condavision"
    return None if url.startswith("file:") else f"condavision @ {url}"


def _url() -> str | None:
    """Return where the package came from, as pip takes it; None from an index (PEP 610)."""
    origin = json.loads(distribution("condavision").read_text("direct_url.json") or "null")
    if origin is None:
        return None
    given = str(origin["url"])
    user = _SSH_USER if given.startswith(_SSH_USER) else ""  # which is everybody's, and needed
    url = user + redacted(given.removeprefix(user)).replace("***@", "")  # an old pip keeps it
    if "vcs_info" in origin:
        return f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    return url


def _installer() -> str:
    """Return how to install into the environment of this process; venvs of uv have no pip."""
    for name, way in _INSTALLERS.items():
        if Path(sys.prefix, name).exists():
            return way
    python = shlex.quote(sys.executable)
    if find_spec("pip") is None:
        return f"uv pip install --python {python}"
    home = Path(str(distribution("condavision").locate_file("")))
    user = " --user" if home == Path(site.getusersitepackages()) else ""
    return f"{python} -m pip install{user}"


def _source(extra: Extra) -> str:
    """Return what to install, from where the package came.

    A tool is installed anew, so the extras that it has are named again.
    """
    extras = ",".join(it.value for it in Extra if it is extra or _lacking(it) is None)
    url = _url()
    if url is None:
        return f"condavision[{extras}]"
    if url.startswith("file:"):
        return f"{url2pathname(urlsplit(url).path)}[{extras}]"
    return f"condavision[{extras}] @ {url}"
