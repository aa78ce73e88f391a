"""Finds missing and altered files of PyPI distributions in a prefix.

A wheel's ``RECORD`` has the size and hash of each file (the binary distribution format of
packaging.python.org). Hashing them all would take seconds; as with conda packages, only files with
another size, or modified after extraction, are suspected.
"""

# ruff: noqa: PTH116, PTH119, PTH123, PTH208 - thousands of files; pathlib takes twice the time
from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import stat
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from condavision.environments.environment import site_packages
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

INSTALLER = "condavision"
"""What we write into ``INSTALLER`` where we unpack a wheel ourselves."""

_LATE = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""The files of a ``.dist-info`` folder that are written when a wheel is installed."""
_HASHES = frozenset({"sha256", "sha384", "sha512"})
"""The kinds of hashes that are checked; with others only the size is."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution in a prefix: its ``.dist-info`` folder, and the rows of its ``RECORD``.

    ``folder`` is its site-packages, relative to the prefix. ``ours`` is whether we installed it.
    """

    info: str
    folder: str
    rows: list[list[str]]
    ours: bool

    def paths(self) -> Iterator[str]:
        """Yield the paths of its files, relative to the prefix."""
        return (self.path(name) for name, _, _ in self.rows)

    def path(self, name: str) -> str:
        """Return the path of a file in ``RECORD``, relative to the prefix."""
        path = f"{self.folder}/{name}"
        return os.path.normpath(path) if "./" in path or "//" in path else path


def distributions(prefix: Path) -> tuple[Distribution, ...]:
    """Return the distributions of a prefix; none if none of them is ours."""
    found = [
        Distribution(info, folder.relative_to(prefix).as_posix(), _rows(f"{info}/RECORD"), ours)
        for folder in site_packages(prefix)
        for info, ours in _infos(folder)
    ]
    return tuple(found)


def _infos(folder: Path) -> list[tuple[str, bool]]:
    names = sorted(name for name in os.listdir(folder) if name.endswith(".dist-info"))
    found = [(info, _is_ours(info)) for info in (f"{folder}/{name}" for name in names)]
    return found if any(ours for _, ours in found) else []


def altered_files(
    prefix: Path,
    among: Iterable[Distribution] | None = None,
    known: Mapping[str, os.stat_result] | None = None,
    *,
    deep: bool = False,
) -> Iterator[tuple[str, str]]:
    """Yield each missing or altered file of a distribution that we installed, after its name.

    Paths are relative to ``prefix``. A file that several distributions bring, such as
    ``tests/__init__.py``, counts as unaltered if it exists: it is that of the last one. ``among``
    are the distributions of the prefix and ``known`` the statuses of its files, if they were read
    already. With ``deep`` the hash of every file is checked.
    """
    found = distributions(prefix) if among is None else among
    listed = Counter(path for it in found for path in it.paths())
    shared = {path for path, times in listed.items() if times > 1}
    for it in found:
        if it.ours:
            for path in _altered(prefix, it, shared, known or {}, deep=deep):
                yield os.path.basename(it.info).partition("-")[0], path


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
    for folder in site_packages(prefix):
        for info in filter(_is_ours, folder.glob("*.dist-info")):
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


def _is_ours(info: Path | str) -> bool:
    """Return whether uv or we installed a distribution from a file, as for a lock."""
    if _text(f"{info}/INSTALLER").strip() not in {"uv", INSTALLER}:
        return False
    return '"archive_info"' in _text(
        f"{info}/direct_url.json"
    )  # not in those that conda-build made


def _rows(record: Path | str) -> list[list[str]]:
    """Return the path, hash and size of each file; nothing where a ``RECORD`` cannot be read."""
    text = _text(record)
    try:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error:
        return []
    return rows if "\0" not in text and all(len(row) == 3 for row in rows) else []


def _altered(
    prefix: Path,
    found: Distribution,
    shared: set[str],
    known: Mapping[str, os.stat_result],
    *,
    deep: bool,
) -> Iterator[str]:
    if not found.rows:
        yield found.path(f"{os.path.basename(found.info)}/RECORD")
        return
    extracted = 0 if deep else _extracted(found.info)
    for name, digest, size in found.rows:
        if not digest or name.endswith(".pyc"):  # which Python itself rewrites
            continue
        path = found.path(name)
        status = _status(prefix, path, known)
        if status is None:
            yield path
        elif path not in shared:
            resized = size not in {"", str(status.st_size)}
            later = status.st_mtime_ns > extracted
            if resized or ((later or deep) and not _has(f"{prefix}/{path}", digest)):
                yield path


def _status(prefix: Path, path: str, known: Mapping[str, os.stat_result]) -> os.stat_result | None:
    status = known.get(path)
    if status is not None and not stat.S_ISLNK(status.st_mode):
        return status
    try:
        return os.stat(f"{prefix}/{path}")
    except OSError:
        return None


def _extracted(info: str) -> int:
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
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, kind).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def _text(path: Path | str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError):
        return ""
