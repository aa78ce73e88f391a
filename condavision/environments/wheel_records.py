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
import io
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["altered_files", "correct_record", "files_of_distributions"]

_SITE_PACKAGES = ("lib/python3*/site-packages", "Lib/site-packages")
_LATE = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""The files of a ``.dist-info`` folder that are written when a wheel is installed."""
_HASHES = frozenset({"sha256", "sha384", "sha512"})
"""The kinds of hashes that a ``RECORD`` is to have; of others the size has to do."""


def altered_files(prefix: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of a distribution that we installed, and a file of it that is not as it was.

    Paths are relative to ``prefix``. A file whose size and time say nothing is taken for whole, and
    so is one that several distributions bring, such as ``tests/__init__.py``: one has it as it was.
    """
    for pattern in _SITE_PACKAGES:
        for folder in prefix.glob(pattern):
            found = sorted(folder.glob("*.dist-info"))
            ours = [info for info in found if _is_ours(info)]
            records = {info: _rows(info) for info in found} if ours else {}
            listed = Counter(os.path.normpath(row[0]) for rows in records.values() for row in rows)
            shared = {path for path, times in listed.items() if times > 1}
            for info in ours:
                name = info.name.partition("-")[0]
                for path in _altered(info, records[info], shared):
                    yield name, os.path.relpath(path, prefix)


def files_of_distributions(prefix: Path) -> Iterator[str]:
    """Yield the paths, relative to ``prefix``, of all that the distributions we installed list."""
    for pattern in _SITE_PACKAGES:
        for info in filter(_is_ours, prefix.glob(f"{pattern}/*.dist-info")):
            for name, _, _ in _rows(info):
                yield Path(os.path.relpath(info.parent / name, prefix)).as_posix()


def correct_record(info: Path) -> None:
    """Write into a ``RECORD`` the sizes and hashes that the files have, and no file there is not.

    For a wheel just fetched, whose own hash is what counts: installers do not mind a wrong RECORD.

    Raises:
        OSError: it cannot be written.
    """
    rows = _rows(info)
    correct = [row for row in (_corrected(row, info.parent) for row in rows) if row]
    if correct != rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(correct)
        write_atomic(info / "RECORD", text.getvalue())


def _corrected(row: list[str], folder: Path) -> list[str]:
    """Return a row as it should be; empty if there is no such file."""
    name, digest, size = row
    if not digest and not size:  # RECORD itself, for one
        return row
    try:
        found = str(os.stat(folder / name).st_size)
        kind = digest.partition("=")[0]
        return [name, f"{kind}={_hash(folder / name, kind)}" if kind in _HASHES else digest, found]
    except OSError:
        return []


def _is_ours(info: Path) -> bool:
    """Tell whether uv installed a distribution from a file, as it does for a lock."""
    if _text(info / "INSTALLER").strip() != "uv":
        return False
    return '"archive_info"' in _text(info / "direct_url.json")  # not in those that conda-build made


def _rows(info: Path) -> list[list[str]]:
    """Return the path, hash and size of each file; nothing where ``RECORD`` cannot be read."""
    text = _text(info / "RECORD")
    try:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        return []
    return rows if "\0" not in text and all(len(row) == 3 for row in rows) else []


def _altered(info: Path, rows: list[list[str]], shared: set[str]) -> Iterator[str]:
    if not rows:
        yield str(info / "RECORD")
        return
    extracted = _extracted(info)
    site_packages = str(info.parent)
    for name, digest, size in rows:
        if not digest or name.endswith(".pyc"):  # which Python itself writes anew
            continue
        path = os.path.normpath(os.path.join(site_packages, name))
        try:
            status = os.stat(path)
        except OSError:
            yield path
            continue
        if os.path.normpath(name) in shared:
            continue
        resized = size not in {"", str(status.st_size)}
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
    if kind not in _HASHES:
        return True
    try:
        return _hash(path, kind) == expected.rstrip("=")
    except OSError:
        return False


def _hash(path: str | Path, kind: str) -> str:
    with open(path, "rb") as stream:  # noqa: PTH123 - as above
        found = hashlib.file_digest(stream, kind).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
