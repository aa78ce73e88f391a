"""Stand-ins for conda packages: empty wheels, so that uv can check requirements against them.

uv then applies its own reading of versions, markers and extras, its own credentials and cache; no
metadata is fetched or parsed here. A stand-in has a local version (PEP 440), so that no index can
have the same, and requires nothing: what conda's packages require is conda's to solve.

The versions of a distribution that conda has under another name may differ: ``opencv-python``
4.10.0.84 is ``py-opencv`` 4.10.0. It has a second stand-in, of the last version that could
correspond, and any version between the two meets a requirement.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

_LOCAL = "+conda"
_LAST = 99_999
_RANGE = re.compile(rf">=(\S+?),<\1\.{_LAST + 1}")

_WHEEL = (
    "Wheel-Version: 1.0\nGenerator: condavision\nRoot-Is-Purelib: true\n"
    "Tag: py2-none-any\nTag: py3-none-any\n"
)


def conda_versions(text: str) -> str:
    """Return a message of uv with conda's versions instead of those of stand-ins."""
    return _RANGE.sub(r"==\1", text).replace(_LOCAL, "").replace(f".{_LAST}", "")


def write_stand_ins(
    folder: Path, supplied: Mapping[str, str], renamed: Collection[str]
) -> Iterator[str]:
    """Write wheels for distributions and yield a constraint for each that they alone meet.

    ``supplied`` are names and conda versions, ``renamed`` those that have another name on conda. A
    conda version that PEP 440 does not know (``1.1.1w``) cannot be compared and is skipped.
    """
    folder.mkdir()
    for name, conda_version in supplied.items():
        try:
            version = Version(conda_version)
        except InvalidVersion:
            continue
        _write(folder, name.replace("-", "_"), f"{version.public}{_LOCAL}")
        if name in renamed and not (version.is_prerelease or version.is_postrelease):
            _write(folder, name.replace("-", "_"), f"{version.public}.{_LAST}{_LOCAL}")
            yield f"{name}>={version.public},<{version.public}.{_LAST + 1}"
        else:
            yield f"{name}=={version.public}{_LOCAL}"


def _write(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py2.py3-none-any.whl", "w") as wheel:
        for file, text in (("METADATA", metadata), ("WHEEL", _WHEEL), ("RECORD", "")):
            wheel.writestr(f"{info}/{file}", text)
