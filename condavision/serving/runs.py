"""What is known of each run, kept in SQLite so that nothing is lost with the server.

Every method blocks: :class:`RunStore` is used on one thread of its own (``store.call``).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    _P = ParamSpec("_P")
    _T = TypeVar("_T")

_VERSION = 1

_LEAST = 4096
"""What a run counts for in bytes, at least: its folder and its row."""


class RunState(StrEnum):
    """How far a run is, or why it ended."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    """The script ended by itself, whatever its exit code."""
    TIMEOUT = "timeout"
    OUTPUT = "output-limit"
    """It wrote more than it may."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The server ended, and the run with it."""
    FAILED = "failed"
    """The server could not start it."""

    @property
    def final(self) -> bool:
        """Whether nothing more happens."""
        return self not in {RunState.QUEUED, RunState.RUNNING}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a script. Times are seconds since the epoch, None for what is to come.

    ``folder`` is the name of its folder. A ``kept`` run continues without its client: it is started
    by the next server if this one does not get to it. One that may ``restart`` is even started
    again where it was interrupted. ``size`` is what it has written, in bytes, None until it is
    measured. ``error`` is why it is FAILED.
    """

    id: str
    script: str
    folder: str
    state: RunState
    arguments: tuple[str, ...] = ()
    kept: bool = False
    restart: bool = False
    accepted: float = 0
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    warm: bool = False
    size: int | None = None
    error: str = ""


_COLUMNS = tuple(it.name for it in fields(Run))
_INSERT = (
    f"INSERT INTO runs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608
    " ON CONFLICT (id) DO NOTHING"
)


class RunStore:
    """The table of runs."""

    def __init__(self, path: Path) -> None:
        """Open or make the database file.

        Raises:
            sqlite3.Error: it cannot be opened, or is not one of ours.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._database = self._thread.submit(_opened, path).result()

    async def call(self, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call a method of this store on its thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(*args, **kwargs))

    def close(self) -> None:
        """Write everything back and close the file."""
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    def accept(self, run: Run) -> Run:
        """Store a new run; return the run that has its ID, which may be an earlier one.

        A kept run survives a power failure from then on.
        """
        if run.kept:
            self._database.execute("PRAGMA synchronous = FULL")
        try:
            inserted = self._database.execute(_INSERT, _values(run))
        finally:
            if run.kept:
                self._database.execute("PRAGMA synchronous = NORMAL")
        return run if inserted.rowcount else (self.find(run.id) or run)

    def update(self, run: Run, **changes: Any) -> Run:
        """Store changes of a run; return it with them."""
        changed = replace(run, **changes)
        columns = ", ".join(f"{name} = ?" for name in changes)
        values = [getattr(changed, name) for name in changes]
        self._database.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values, run.id))  # noqa: S608
        return changed

    def find(self, run_id: str) -> Run | None:
        """Return the run of an ID."""
        return next(self._select("WHERE id = ?", run_id), None)

    def recent(self, script: str | None = None, limit: int = 50) -> tuple[Run, ...]:
        """Return the latest runs, of one script or of all, the latest first."""
        if script is None:
            return tuple(self._select("ORDER BY number DESC LIMIT ?", limit))
        return tuple(self._select("WHERE script = ? ORDER BY number DESC LIMIT ?", script, limit))

    def unfinished(self) -> tuple[Run, ...]:
        """Return the runs that have not ended, the oldest first."""
        states = RunState.QUEUED, RunState.RUNNING
        return tuple(self._select("WHERE state IN (?, ?) ORDER BY number", *states))

    def unmeasured(self) -> tuple[Run, ...]:
        """Return the ended runs without a size."""
        return tuple(self._select("WHERE ended IS NOT NULL AND size IS NULL"))

    def folders(self) -> frozenset[str]:
        """Return the names of the folders of all runs."""
        return frozenset(name for (name,) in self._database.execute("SELECT folder FROM runs"))

    def remove_expired(self, keep: float, keep_size: int) -> tuple[str, ...]:
        """Forget ended runs older than ``keep`` seconds, and the oldest beyond ``keep_size`` bytes.

        Return the names of their folders.
        """
        rows = self._database.execute(
            "DELETE FROM runs WHERE ended IS NOT NULL AND (ended < ? OR number IN ("
            " SELECT number FROM (SELECT number,"
            "  SUM(MAX(IFNULL(size, 0), ?)) OVER (ORDER BY number DESC) AS total"
            "  FROM runs WHERE ended IS NOT NULL) WHERE total > ?)) RETURNING folder",
            (time.time() - keep, _LEAST, keep_size),
        )
        return tuple(folder for (folder,) in rows.fetchall())

    def _select(self, condition: str, *values: object) -> Iterator[Run]:
        columns = ", ".join(_COLUMNS)
        rows = self._database.execute(f"SELECT {columns} FROM runs {condition}", values)  # noqa: S608
        return map(_run, rows.fetchall())


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA secure_delete = OFF")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in {0, _VERSION}:
        raise sqlite3.DatabaseError(f"it was made by another release (format {version})")
    database.execute(
        "CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY AUTOINCREMENT,"
        " id TEXT NOT NULL UNIQUE, script TEXT NOT NULL, folder TEXT NOT NULL,"
        " state TEXT NOT NULL, arguments TEXT NOT NULL, kept INTEGER NOT NULL,"
        " restart INTEGER NOT NULL, accepted REAL NOT NULL, started REAL, ended REAL,"
        " exit_code INTEGER, warm INTEGER NOT NULL, size INTEGER, error TEXT NOT NULL)"
    )
    database.execute("CREATE INDEX IF NOT EXISTS by_script ON runs (script, number)")
    database.execute("CREATE INDEX IF NOT EXISTS by_state ON runs (state) WHERE ended IS NULL")
    database.execute(f"PRAGMA user_version = {_VERSION}")
    return database


def _values(run: Run) -> list[object]:
    values = {name: getattr(run, name) for name in _COLUMNS}
    return [*({**values, "arguments": json.dumps(run.arguments)}).values()]


def _run(row: tuple[Any, ...]) -> Run:
    values = dict(zip(_COLUMNS, row, strict=True))
    return Run(
        **{
            **values,
            "state": RunState(values["state"]),
            "arguments": tuple(json.loads(values["arguments"])),
            "kept": bool(values["kept"]),
            "restart": bool(values["restart"]),
            "warm": bool(values["warm"]),
        }
    )
