"""Finds missing and altered files of PyPI distributions in a prefix.

A wheel's ``RECORD`` has the size and hash of each file (the binary distribution format of
packaging.python.org). Hashing them all would take seconds; as with conda packages, only files with
another size, or modified after extraction, are suspected.
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

from packaging.utils import canonicalize_name

from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SITE_PACKAGES = ("lib/python[23]*/site-packages", "Lib/site-packages")
INSTALLER = "condavision"
"""What we write into ``INSTALLER`` where we unpack a wheel ourselves."""

_LATE = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""The files of a ``.dist-info`` folder that are written when a wheel is installed."""
_HASHES = frozenset({"sha256", "sha384", "sha512"})
"""The kinds of hashes that are checked; with others only the size is."""


def altered_files(prefix: Path) -> Iterator[tuple[str, str]]:
    """Yield each missing or altered file of a distribution that we installed, after its name.

    Paths are relative to ``prefix``. A file that several distributions bring, such as
    ``tests/__init__.py``, counts as unaltered if it exists: it is that of the last one.
    """
    for pattern in _SITE_PACKAGES:
        for folder in prefix.glob(pattern):
            found = sorted(folder.glob("*.dist-info"))
            ours = [info for info in found if _is_ours(info)]
            records = {info: _rows(info / "RECORD") for info in found} if ours else {}
            listed = Counter(os.path.normpath(row[0]) for rows in records.values() for row in rows)
            shared = {path for path, times in listed.items() if times > 1}
            for info in ours:
                name = info.name.partition("-")[0]
                for path in _altered(info, records[info], shared):
                    yield name, os.path.relpath(path, prefix)


def files_of_distributions(prefix: Path) -> Iterator[str]:
    """Yield the paths, relative to ``prefix``, of all files of distributions that we installed."""
    for pattern in _SITE_PACKAGES:
        for info in filter(_is_ours, prefix.glob(f"{pattern}/*.dist-info")):
            for name, _, _ in _rows(info / "RECORD"):
                yield Path(os.path.relpath(info.parent / name, prefix)).as_posix()


def learn_corrections(prefix: Path, kept: Mapping[str, Path]) -> None:
    """Keep the rows that are wrong in the ``RECORD`` of wheels just fetched, corrected.

    The hash of such a wheel was checked; installers ignore a wrong ``RECORD``. ``kept`` has a file
    for each distribution, by its normalized name.

    Raises:
        OSError: a file cannot be written.
    """
    for info, file in _with_files(prefix, kept):
        rows = _rows(info / "RECORD")
        corrected = [_corrected(row, info.parent) for row in rows]
        _write(file, [row for row in corrected if row not in rows])


def apply_corrections(prefix: Path, kept: Mapping[str, Path]) -> None:
    """Correct the ``RECORD`` of distributions that :func:`learn_corrections` kept rows for.

    Raises:
        OSError: a ``RECORD`` cannot be written.
    """
    for info, file in _with_files(prefix, kept):
        if known := {row[0]: row for row in _rows(file)}:
            _write(info / "RECORD", [known.get(row[0], row) for row in _rows(info / "RECORD")])


def _with_files(prefix: Path, kept: Mapping[str, Path]) -> Iterator[tuple[Path, Path]]:
    for pattern in _SITE_PACKAGES:
        for info in filter(_is_ours, prefix.glob(f"{pattern}/*.dist-info")):
            if file := kept.get(canonicalize_name(info.name.partition("-")[0])):
                yield info, file


def _write(file: Path, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_atomic(file, text.getvalue())


def _corrected(row: list[str], folder: Path) -> list[str]:
    """Return a row as it should be; without hash and size if there is no such file."""
    name, digest, size = row
    if not digest and not size:  # RECORD itself, for one
        return row
    try:
        found = str(os.stat(folder / name).st_size)
        kind = digest.partition("=")[0]
        return [name, f"{kind}={_hash(folder / name, kind)}" if kind in _HASHES else digest, found]
    except OSError:
        return [name, "", ""]


def _is_ours(info: Path) -> bool:
    """Return whether uv or we installed a distribution from a file, as for a lock."""
    if _text(info / "INSTALLER").strip() not in {"uv", INSTALLER}:
        return False
    return '"archive_info"' in _text(info / "direct_url.json")  # not in those that conda-build made


def _rows(record: Path) -> list[list[str]]:
    """Return the path, hash and size of each file; nothing where a ``RECORD`` cannot be read."""
    text = _text(record)
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
        if not digest or name.endswith(".pyc"):  # which Python itself rewrites
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
    """Return when a wheel was extracted: the files beside its ``RECORD`` are its last."""
    times = [
        entry.stat().st_mtime_ns
        for entry in os.scandir(info)
        if entry.name not in _LATE and entry.is_file()
    ]
    return min(times, default=0)


def _has(path: str, digest: str) -> bool:
    """Return whether a file has a hash as in ``RECORD``; true for unknown kinds of hashes."""
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
