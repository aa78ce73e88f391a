"""A lock that was read before is not parsed again, and only while its text is the same."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.facts.cache import FactsCache
from condavision.core.engine import Engine
from condavision.errors import LockfileError
from condavision.inference import known_locks
from condavision.inference.known_locks import KnownLocks
from condavision.locks.lockfile import parse_lock, write_lock
from tests.locks.test_lockfile import LOCKS, REQUIREMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.core.model import Lock

LOCK = LOCKS["with PyPI"]
RECORD = dataclasses.replace(
    LOCK.record,
    exclude_newer=datetime(2026, 1, 2, tzinfo=UTC),
    engine=Engine.CONDA_LOCK,
    overrides={"cv2": "opencv"},
)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that were parsed."""
    found: list[Path] = []

    def parse(text: str, path: Path) -> Lock:
        found.append(path)
        return parse_lock(text, path)

    monkeypatch.setattr(known_locks, "parse_lock", parse)
    return found


def read(path: Path, cache: Path) -> Lock:
    known = KnownLocks(FactsCache(cache))
    found = known.read(path)
    known.save()
    return found


@pytest.mark.parametrize("lock", [LOCK, dataclasses.replace(LOCK, record=RECORD)])
def test_a_lock_is_parsed_once(lock: Lock, parsed: list[Path], tmp_path: Path) -> None:
    path, cache = write_lock(tmp_path / "locks", lock, REQUIREMENTS), tmp_path / "cache"
    assert [read(path, cache) for _ in range(3)] == [lock] * 3
    assert parsed == [path]


def test_an_edited_lock_is_refused(tmp_path: Path) -> None:
    path, cache = write_lock(tmp_path / "locks", LOCK, REQUIREMENTS), tmp_path / "cache"
    read(path, cache)
    text = path.read_text()
    path.write_text(text.replace("1.26.4", "1.26.5"))
    with pytest.raises(LockfileError, match="edited"):
        read(path, cache)
    path.write_text(text)
    assert read(path, cache) == LOCK


def test_a_renamed_lock_is_refused(tmp_path: Path) -> None:
    path, cache = write_lock(tmp_path / "locks", LOCK, REQUIREMENTS), tmp_path / "cache"
    read(path, cache)
    other = path.rename(path.with_name(path.name.replace("0", "1")))
    with pytest.raises(LockfileError, match="another requirement set"):
        read(other, cache)


def test_a_damaged_entry_is_parsed_again(parsed: list[Path], tmp_path: Path) -> None:
    path, cache = write_lock(tmp_path / "locks", LOCK, REQUIREMENTS), tmp_path / "cache"
    read(path, cache)
    kept = FactsCache(cache)
    kept.keep([(f"\0lock {path}".encode(), b"damaged")])
    assert [read(path, cache), read(path, cache)] == [LOCK, LOCK]
    assert parsed == [path, path]
