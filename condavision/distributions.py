"""The distributions of PyPI in a prefix, looked at for files that are gone or altered.

A wheel's ``RECORD`` has the size and hash of each file (the binary distribution format of
packaging.python.org). Hashing them all would take seconds; as with packages of conda, the size
tells, or that a file was modified after it was put there.
"""

# ruff: noqa: PTH116, PTH118 - thousands of files; pathlib takes twice the time
from __future__ import annotations

import base64
import csv
import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["altered_files"]

_LATE = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""The files of a ``.dist-info`` folder that are written when a wheel is installed."""


def altered_files(prefix: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of a distribution that we installed, and a file of it that is not as it was.

    Paths are relative to ``prefix``. A file whose size and time say nothing is taken for whole.
    """
    for pattern in ("lib/python3*/site-packages", "Lib/site-packages"):
        for folder in sorted(prefix.glob(f"{pattern}/*.dist-info")):
            if _is_ours(folder):
                name = folder.name.partition("-")[0]
                for path in _altered(folder):
                    yield name, os.path.relpath(path, prefix)


def _is_ours(info: Path) -> bool:
    """Tell whether uv installed a distribution from a file, as it does for a lock."""
    if _text(info / "INSTALLER").strip() != "uv":
        return False
    return '"archive_info"' in _text(info / "direct_url.json")  # not in those that conda-build made


def _altered(info: Path) -> Iterator[str]:
    recorded = [row for row in csv.reader(_text(info / "RECORD").splitlines()) if len(row) == 3]
    if not recorded:
        yield str(info / "RECORD")
        return
    extracted = _extracted(info)
    site_packages = str(info.parent)
    for name, digest, size in recorded:
        if not digest or name.endswith(".pyc"):  # which Python itself writes anew
            continue
        path = os.path.normpath(os.path.join(site_packages, name))
        try:
            status = os.stat(path)
        except OSError:
            yield path
            continue
        resized = size.isdecimal() and status.st_size != int(size)
        if resized or (status.st_mtime_ns > extracted and not _has(path, digest)):
            yield path


def _extracted(info: Path) -> int:
    """Return when a wheel was extracted: what lies beside its ``RECORD`` comes last in it."""
    times = [
        entry.stat().st_mtime_ns
        for entry in os.scandir(info)
        if entry.name not in _LATE and entry.is_file()
    ]
    return min(times, default=0)


def _has(path: str, digest: str) -> bool:
    """Tell whether a file has a hash, spelt as ``RECORD`` does; one of an unknown kind it has."""
    kind, _, expected = digest.partition("=")
    if kind not in hashlib.algorithms_guaranteed:
        return True
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - as above
            found = hashlib.file_digest(stream, kind).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=") == expected.rstrip("=").encode()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
