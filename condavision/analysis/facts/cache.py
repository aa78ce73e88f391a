"""The facts of unchanged files, so that a second scan parses nothing; locks are kept here too.

A file counts as unchanged when its stamp is the one recorded. Where that was racy, or where only
the times differ, its digest decides.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.records import Facts
from condavision.system.cache_dir import home
from condavision.system.cache_table import CacheTable
from condavision.system.file_stamp import FileClocks, changed_at, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.system.file_stamp import Stamp

_COLUMNS = "(key BLOB PRIMARY KEY, entry BLOB) WITHOUT ROWID"
_VALUES = {
    ("builtins", "frozenset"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("condavision.analysis.records", "_guard"),
    ("condavision.core.pythons", "_restored"),
    ("condavision.analysis.facts.cache", "_path"),
}
_ROOMS = ("analysis", "core", "inference", "locks", "mapping", "project")
_ACCEPTED = b"\0compiled "
_CHECKSUM_SIZE = 8
_AT_ONCE = 500  # keys of one query; SQLite takes at least 999 parameters


@cache
def rules_tag() -> int:
    """Return a number for the rules in force: what was read by other rules is not reused.

    They are those for sources, for locks, for the values that both are read into, and for what
    follows from them.
    """
    package = Path(__file__).parents[2]
    rules = hashlib.sha256(f"{sys.version} {package}".encode("utf-8", "surrogatepass"))
    for room in _ROOMS:
        for folder, folders, names in os.walk(package / room):
            folders[:] = sorted({*folders} - {"__pycache__"})
            for name in sorted(names):
                status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - of many
                rules.update(f"{name} {status.st_size} {status.st_mtime_ns};".encode())
    return int(rules.hexdigest()[:7], 16)


@cache
def _path(text: str) -> Path:
    return Path(text)  # most are of many entries, and making one takes long


class _Unpickler(pickle.Unpickler):
    """Loads our own classes and those of plain values; no functions: they could do anything."""

    def find_class(self, module: str, name: str) -> Any:
        return _part(module, name)


@cache
def _part(module: str, name: str) -> Any:
    known = (module, name) in _VALUES
    if known or (module.startswith("condavision.") and "." not in name):
        found = getattr(import_module(module), name)
        if known or (isinstance(found, type) and found.__module__ == module):
            return found
    raise pickle.UnpicklingError(f"{module}.{name} is not part of a fact")


def dumped(value: object) -> bytes:
    """Return the content of an entry, for :func:`loaded`: a digest of a pickle, and that."""
    data = io.BytesIO()
    pickler = pickle.Pickler(data, protocol=5)
    pickler.dispatch_table = {type(Path()): lambda it: (_path, (str(it),))}
    pickler.dump(value)
    return _checksum(data.getvalue()) + data.getvalue()


def loaded(data: bytes) -> Any:
    """Return the content of an entry, of any type; None where it is damaged in any way."""
    with suppress(Exception):
        if _checksum(memoryview(data)[_CHECKSUM_SIZE:]) == data[:_CHECKSUM_SIZE]:
            file = io.BytesIO(data)
            file.seek(_CHECKSUM_SIZE)
            return _Unpickler(file).load()
    return None


def _checksum(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECKSUM_SIZE).digest()


@dataclass(slots=True)
class FactsCache:
    """The facts of files by path, kept in the user's cache folder.

    A missing, damaged or locked cache only costs time: nothing here raises for it.
    """

    file: Path
    tag: int = field(default_factory=rules_tag)
    _loaded: dict[bytes, bytes] = field(default_factory=dict)
    _absent: set[bytes] = field(default_factory=set)
    _fresh: dict[bytes, tuple[str, Stamp, Facts]] = field(default_factory=dict)

    @classmethod
    def default(cls) -> FactsCache:
        """Return the cache in the user's cache folder."""
        return cls(home() / "analysis.sqlite")

    @property
    def _table(self) -> CacheTable:
        return CacheTable(self.file, "facts", _COLUMNS, self.tag)

    def get(self, path: str, shown: str) -> Facts | None:
        """Return the facts of a file that has not changed since they were read."""
        stamp = stamp_of(path)
        entry = self._load(path, shown)
        if stamp is None or entry is None:
            return None
        recorded, racy, facts = entry
        if recorded == stamp and not racy:
            return facts
        if recorded[0] != stamp[0] or _digest(path) != facts.sha256:
            return None
        self._fresh[self._key(path, shown)] = (path, stamp, facts)
        return facts

    def put(self, path: str, shown: str, stamp: Stamp, facts: Facts) -> None:
        """Keep the facts of a file whose status was ``stamp`` before it was read."""
        self._fresh[self._key(path, shown)] = (path, stamp, facts)

    def preload(self, paths: Iterable[tuple[str, str]]) -> None:
        """Read the entries of many files at once: path and shown name of each."""
        self.preload_keys([self._key(path, shown) for path, shown in paths])

    def preload_keys(self, keys: Sequence[bytes]) -> None:
        """Read many entries at once, for :meth:`load`."""
        found = self.entries(keys)
        self._loaded.update(found)
        self._absent.update(key for key in keys if key not in found)

    def entries(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the entries under keys that exist and can be read."""
        parts = (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))
        queries = (
            (f"SELECT key, entry FROM facts WHERE key IN ({','.join('?' * len(part))})", part)  # noqa: S608
            for part in parts
        )
        return dict(self._table.select(queries))

    def accepted(self, digests: Sequence[str]) -> set[str]:
        """Return those of the digests of files that :meth:`accept` was given."""
        keys = {_ACCEPTED + digest.encode(): digest for digest in digests}
        return {keys[key] for key in self.entries(list(keys))}

    def accept(self, digests: Iterable[str]) -> None:
        """Keep the digests of files that the running Python compiles."""
        self.keep((_ACCEPTED + digest.encode(), b"") for digest in digests)

    def save(self, since: int) -> None:
        """Write the facts that are new; none was read before ``since``, in nanoseconds."""
        if not self._fresh:
            return
        clocks = FileClocks()
        rows = (
            (
                key,
                dumped((stamp, clocks.is_racy(path, changed_at(stamp), since), facts)),
            )
            for key, (path, stamp, facts) in self._fresh.items()
        )
        self.keep(rows)
        self._fresh.clear()

    def keep(self, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Write entries, replacing those of equal keys; no key of a file starts with NUL."""
        self._table.keep(rows)

    def load(self, key: bytes) -> bytes:
        """Return the entry under a key, empty if there is none. It is not kept in memory."""
        if key not in self._loaded and key not in self._absent:
            self.preload_keys([key])
        return self._loaded.pop(key, b"")

    def _load(self, path: str, shown: str) -> tuple[Stamp, bool, Facts] | None:
        match loaded(self.load(self._key(path, shown))):
            case (tuple() as stamp, bool() as racy, Facts() as facts):
                return stamp, racy, facts
        return None

    @staticmethod
    def _key(path: str, shown: str) -> bytes:
        """Return a key of bytes: SQLite's text cannot hold every file name."""
        return f"{path}\0{shown}".encode("utf-8", "surrogatepass")


def _digest(path: str) -> str:
    file = Path(path)
    try:  # opening a pipe would block
        return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
    except OSError:
        return ""
