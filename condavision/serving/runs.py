"""What is known of each run, kept in SQLite so that nothing is lost with the server.

Every method blocks: it is called on one thread of the store's own (``store.call``); what takes less
time than a change of threads (``store.begin``), at once. What has been asked for meanwhile is one
transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from condavision.serving.waiting import BriefCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    _P = ParamSpec("_P")
    _T = TypeVar("_T")

_VERSION = 1

COMMITS = 200
"""Transactions between two checkpoints, which wait for the disk."""

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


@dataclass(slots=True, eq=False)
class _Call:
    """A call, and what becomes of it; it ``may_block``, it may have to survive a power failure."""

    function: Callable[[], Any]
    may_block: bool
    is_durable: bool
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def deliver(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class RunStore:
    """The table of runs."""

    def __init__(self, path: Path) -> None:
        """Open or make the database file.

        Raises:
            sqlite3.Error: it cannot be opened, or is not one of ours.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._database = self._thread.submit(_opened, path).result()
        self._waiting: list[_Call] = []
        self._is_busy = False
        self._commits = 0
        self._files = BriefCalls()

    async def call(self, method: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call a method of this store on its thread, after all earlier calls."""
        return await self._asked(partial(method, *args, **kwargs), may_block=True)

    def begin(self, function: Callable[[], _T], *, durable: bool = False) -> asyncio.Future[_T]:
        """Call a method, soon; what is ``durable`` survives a power failure once it is done."""
        return self._asked(function, may_block=durable, is_durable=durable)

    def _asked(
        self, function: Callable[[], _T], *, may_block: bool, is_durable: bool = False
    ) -> asyncio.Future[_T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self._waiting.append(_Call(function, may_block, is_durable, future))
        if not self._is_busy:
            self._is_busy = True
            loop.call_soon(self._send, loop)  # what is asked for in this turn goes with it
        return future

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting:
            calls, self._waiting = self._waiting, []
            is_due = self._commits >= COMMITS
            if is_due or self._files.is_slow or any(call.may_block for call in calls):
                self._thread.submit(self._make_on_thread, loop, calls, is_due)
                return
            self._files.now(self._make, calls)
            for call in calls:
                call.deliver()
        self._is_busy = False

    def _make_on_thread(
        self, loop: asyncio.AbstractEventLoop, calls: list[_Call], is_due: bool
    ) -> None:
        self._make(calls)
        if is_due:
            self._commits = 0
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        loop.call_soon_threadsafe(self._deliver, loop, calls)

    def _make(self, calls: list[_Call]) -> None:
        """Make calls in one transaction."""
        self._commits += 1
        try:
            self._make_together(calls)
        except sqlite3.Error as error:  # of the transaction
            for call in calls:
                call.error = call.error or error

    def _make_together(self, calls: list[_Call]) -> None:
        database = self._database
        is_durable = any(call.is_durable for call in calls)
        if is_durable:
            database.execute("PRAGMA synchronous = FULL")
        try:
            database.execute("BEGIN")
            for call in calls:
                try:
                    call.result = call.function()
                except Exception as error:  # noqa: BLE001 - for whoever has called
                    call.error = error
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")
            if is_durable:
                database.execute("PRAGMA synchronous = NORMAL")

    def _deliver(self, loop: asyncio.AbstractEventLoop, calls: list[_Call]) -> None:
        for call in calls:
            call.deliver()
        self._send(loop)

    def close(self) -> None:
        """Write everything back and close the file."""
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    def accept(self, run: Run) -> Run:
        """Store a new run; return the run that has its ID, which may be an earlier one."""
        inserted = self._database.execute(_INSERT, _values(run))
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
    database.execute("PRAGMA wal_autocheckpoint = 0")
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
