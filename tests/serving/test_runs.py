"""What is stored of runs, and what is forgotten."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from condavision.serving.runs import COMMITS, Run, RunState, RunStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


def run(run_id: str, state: RunState = RunState.DONE, **known: Any) -> Run:
    made = Run(run_id, "s.py", f"folder-{run_id}", state, ("a", "\N{EURO SIGN}"))
    return replace(made, **known)


def test_an_id_is_stored_once(store: RunStore, tmp_path: Path) -> None:
    first = run("1", RunState.QUEUED, kept=True, restart=True)
    assert store.accept(first) is first
    second = run("1", RunState.RUNNING)
    assert store.accept(second) == first
    done = store.update(first, state=RunState.DONE, ended=5.0, exit_code=-9)
    again = RunStore(tmp_path / "runs.sqlite")
    assert again.find("1") == done
    assert again.find("2") is None
    assert again.unfinished() == ()
    again.close()


def test_what_is_unfinished_in_order(store: RunStore) -> None:
    states = [RunState.RUNNING, RunState.DONE, RunState.QUEUED, RunState.TIMEOUT]
    for number, state in enumerate(states):
        store.accept(run(str(number), state))
    assert [it.id for it in store.unfinished()] == ["0", "2"]
    assert [it.id for it in store.recent("s.py", 2)] == ["3", "2"]
    assert store.recent("other.py") == ()


def test_the_old_and_the_large_are_forgotten(store: RunStore) -> None:
    now = time.time()
    ended = {"old": now - 100, "large": now - 3, "small": now - 2, "new": now}
    for name, when in ended.items():
        store.accept(run(name, ended=when, size=6_000 if name == "large" else 0))
    store.accept(run("running", RunState.RUNNING, accepted=now - 1000))
    assert [it.id for it in store.unmeasured()] == []
    assert store.remove_expired(50, 10_000) == ("folder-old", "folder-large")
    assert store.remove_expired(50, 8_192) == ()
    assert store.remove_expired(50, 4_096) == ("folder-small",)
    assert store.folders() == {"folder-new", "folder-running"}


def test_another_releases_file_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(sqlite3.DatabaseError, match="format 99"):
        RunStore(tmp_path / "runs.sqlite")


def test_calls_of_one_turn_are_one_transaction_and_fail_alone(
    store: RunStore, tmp_path: Path
) -> None:
    async def asked() -> None:
        kept = run("kept", RunState.QUEUED, kept=True)
        made = [
            store.begin(partial(store.accept, run("1", RunState.RUNNING))),
            store.begin(partial(store.update, run("1"), exit_code=3)),
            store.begin(partial(store.update, run("1"), no_column=3)),
            store.begin(partial(store.accept, kept), durable=True),
        ]
        first, second, third, fourth = await asyncio.gather(*made, return_exceptions=True)
        assert isinstance(third, TypeError)
        assert (first, second) == (run("1", RunState.RUNNING), run("1", exit_code=3))
        assert fourth is kept
        found = await store.call(store.find, "1")
        assert found == run("1", RunState.RUNNING, exit_code=3)
        with sqlite3.connect(tmp_path / "runs.sqlite") as other:
            assert other.execute("SELECT id FROM runs").fetchall() == [("1",), ("kept",)]
            other.execute("DROP TABLE runs")
        other.close()
        lost = [store.begin(partial(store.accept, run(name))) for name in "34"]
        for error in await asyncio.gather(*lost, return_exceptions=True):
            assert isinstance(error, sqlite3.OperationalError)
        assert await store.begin(lambda: "still there") == "still there"

    asyncio.run(asked())


def test_checkpoints_keep_the_log_short(store: RunStore, tmp_path: Path) -> None:
    async def asked() -> None:
        for number in range(3 * COMMITS):
            await store.begin(partial(store.accept, run(str(number))))

    asyncio.run(asked())
    pages = (tmp_path / "runs.sqlite-wal").stat().st_size / 4096
    assert pages < 2 * COMMITS * 8  # of three times as many
