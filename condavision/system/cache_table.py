"""A table of a cache, in SQLite: where it is missing, damaged or locked, it only costs time."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}


@dataclass(frozen=True, slots=True)
class CacheTable:
    """The table ``name`` of a file, with ``columns`` as SQL has them.

    Rows of another ``version`` are ignored, and dropped by the next write. A file of more than
    ``largest`` bytes loses the older half of its rows.
    """

    file: Path
    name: str
    columns: str
    version: int
    largest: int | None = None

    def select(self, queries: Iterable[tuple[str, Sequence[Any]]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of queries with their parameters, as far as they can be read."""
        if self.file.exists():
            with suppress(sqlite3.Error, OSError), closing(self._connect()) as connection:
                if self._version(connection) == self.version:
                    for query, parameters in queries:
                        yield from connection.execute(query, parameters)

    def keep(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows of two columns, replacing those of equal keys; damaged files are removed."""
        with suppress(OSError, sqlite3.Error):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._write(rows)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF in _DAMAGED:
                    self.file.unlink(missing_ok=True)

    def _write(self, rows: Iterable[Sequence[Any]]) -> None:
        name = self.name
        with closing(self._connect()) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")  # or another process adds rows under its version
            connection.execute(f"CREATE TABLE IF NOT EXISTS {name} {self.columns}")
            if self._version(connection) != self.version:
                connection.execute(f"DELETE FROM {name}")  # noqa: S608 - a name of ours
                connection.execute(f"PRAGMA user_version = {self.version}")
            if self.largest is not None and self.file.stat().st_size > self.largest:
                middle = f"SELECT (min(rowid) + max(rowid)) / 2 FROM {name}"  # noqa: S608
                connection.execute(f"DELETE FROM {name} WHERE rowid <= ({middle})")  # noqa: S608
            connection.executemany(f"INSERT OR REPLACE INTO {name} VALUES (?, ?)", rows)  # noqa: S608

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=2.0)
        connection.execute("PRAGMA synchronous=OFF")
        return connection
