"""``pylock``: a lock file by PEP 751, for pip and uv."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from condavision.core.platforms import PLATFORMS
from condavision.errors import UsageError
from condavision.export.share import ExportFormat, joined, refuse_conda

if TYPE_CHECKING:
    from condavision.core.model import LockedPackage
    from condavision.export.share import Share

_NAME = re.compile(r"pylock(\.[^.]+)?\.toml\Z")


def _check_name(name: str) -> None:
    """Check the name of the file to write.

    Raises:
        UsageError: no tool reads a lock by PEP 751 under this name.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"no tool reads a lock by PEP 751 under the name {name}",
            "call it pylock.toml or pylock.NAME.toml",
        )


def _render(share: Share) -> str:
    """Return a lock by the standard for Python packages, PEP 751 (``pylock.toml``)."""
    refuse_conda(share, "pylock.toml")
    minor = ".".join(share.python.split(".")[:2])
    lines = [
        f"# {share.lock.hash} for Python {share.python} on {share.platform}; by condavision.",
        'lock-version = "1.0"',
        'created-by = "condavision"',
        f'requires-python = "=={minor}.*"',
        f"environments = [{json.dumps(PLATFORMS[share.platform].marker)}]",
    ]
    for package in share.pypi:
        artefact = f"{{ url = {json.dumps(package.url)}, hashes = {_toml_hash(package)} }}"
        wheel = _file_name(package.url).endswith(".whl")
        lines += [
            "",
            "[[packages]]",
            f"name = {json.dumps(package.name)}",
            f"version = {json.dumps(package.version)}",
            f"wheels = [{artefact}]" if wheel else f"sdist = {artefact}",
        ]
    if not share.pypi:
        lines.append("packages = []")
    return joined(lines)


def _toml_hash(package: LockedPackage) -> str:
    return f"{{ sha256 = {json.dumps(package.sha256)} }}"


def _file_name(url: str) -> str:
    return url.partition("#")[0].partition("?")[0].rpartition("/")[2]


FORMAT = ExportFormat(_render, check_name=_check_name)
