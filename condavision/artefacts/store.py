"""What was read of artefacts, by their SHA-256: it stays true for ever."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "evidence"
"""The folder below ``CONDAVISION_HOME``."""

_FILE_NAME = "artefacts.sqlite"

_VERSION = 3
"""Of the lists and of what is read out of files: to be raised where either changes."""

_LARGEST = 512 << 20  # bytes of the file, after which the older half is dropped
_LARGEST_VALUE = 64 << 20
_TABLE = "CREATE TABLE IF NOT EXISTS evidence (key TEXT PRIMARY KEY, value BLOB)"
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """A table of compressed values; a missing, damaged or locked one only costs time."""

    file: Path

    @classmethod
    def below(cls, home: Path) -> EvidenceStore:
        """Return the store of a ``CONDAVISION_HOME``."""
        return cls(home / FOLDER / _FILE_NAME)

    def load(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Return the values whose keys are one of these digests, or start with it and a colon."""
        found: dict[str, bytes] = {}
        if not self.file.exists():
            return found
        with suppress(sqlite3.Error, OSError, zlib.error), closing(self._connect()) as connection:
            if connection.execute("PRAGMA user_version").fetchone() == (_VERSION,):
                query = "SELECT key, value FROM evidence WHERE key >= ? AND key < ?"
                for digest in digests:
                    for key, value in connection.execute(query, (digest, f"{digest};")):
                        found[key] = zlib.decompressobj().decompress(value, _LARGEST_VALUE)
        return found

    def keep(self, values: dict[str, bytes]) -> None:
        """Add values."""
        with suppress(OSError, sqlite3.Error):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._write(values)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF in _DAMAGED:
                    self.file.unlink(missing_ok=True)  # it is only a cache

    def _write(self, values: dict[str, bytes]) -> None:
        with closing(self._connect()) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            if connection.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                connection.execute("DELETE FROM evidence")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            if self.file.stat().st_size > _LARGEST:
                connection.execute(
                    "DELETE FROM evidence WHERE rowid <="
                    " (SELECT (min(rowid) + max(rowid)) / 2 FROM evidence)"
                )
            rows = [(key, zlib.compress(value, 6)) for key, value in values.items()]
            connection.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?)", rows)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=2.0)
        connection.execute("PRAGMA synchronous=OFF")
        return connection
