"""Results: a row for each input in order, exactly once, whatever ends the process that writes."""

from __future__ import annotations

import json
import random
import resource
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cluster import results as module
from condavision.cluster.inputs import Input
from condavision.cluster.results import Results, held
from condavision.cluster.task import File, Outcome, Reason
from condavision.errors import CondavisionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

IDENTITY = {"lock": "a", "sources": "b"}


def given(number: int) -> Input:
    return Input(b'{"n": %d}' % number)


def outcome(number: int, **fields: Any) -> Outcome:
    return Outcome(number, **{"exit_code": 0, **fields})


def rows(folder: Path) -> list[dict[str, Any]]:
    return [*map(json.loads, (folder / "results.jsonl").read_bytes().splitlines())]


class Map:
    """The loop of `map` over numbered inputs, with outcomes in any order."""

    def __init__(self, folder: Path, ran: list[int]) -> None:
        self.folder, self.ran = folder, ran

    def run(
        self,
        inputs: Iterable[Input],
        rng: random.Random | None = None,
        *,
        identity: dict[str, Any] = IDENTITY,
        exits: dict[int, int] | None = None,
        most: int = 10**6,
        only_ok: bool = False,
    ) -> Results:
        """Run up to ``most`` inputs, some at once; return the results, closed."""
        rng, exits = rng or random.Random(0), exits or {}
        with held(self.folder) as results:
            results.open(identity)
            flying: dict[int, Input] = {}
            started = 0

            def end() -> None:
                number = rng.choice(sorted(flying))
                self.ran.append(number)
                results.add(flying.pop(number), outcome(number, exit_code=exits.get(number, 0)))

            for number, it in enumerate(inputs, 1):
                if results.earlier(number, it, only_ok=only_ok) is None:
                    flying[number] = it
                    started += 1
                if len(flying) == 5:
                    end()
                if started == most:
                    break
            else:
                while flying:
                    end()
                results.complete()
            return results


@pytest.fixture
def ran() -> list[int]:
    return []


@pytest.fixture
def mapped(tmp_path: Path, ran: list[int]) -> Map:
    return Map(tmp_path / "results", ran)


def numbers(folder: Path) -> list[int]:
    return [row["input"]["n"] for row in rows(folder)]


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_in_the_order_of_the_inputs(seed: int, mapped: Map) -> None:
    mapped.run(map(given, range(1, 100)), random.Random(seed))
    assert numbers(mapped.folder) == [*range(1, 100)]
    assert (mapped.folder / ".map" / "journal").read_bytes() == b""
    assert sorted(it.name for it in mapped.folder.iterdir()) == [".map", "results.jsonl"]


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_map_goes_on_where_it_was(
    seed: int, mapped: Map, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process writes some bytes less than it would have: a torn line, and lost ones."""
    rng = random.Random(seed)
    monkeypatch.setattr(module, "_COMPACTED", rng.choice([1 << 26, 400]))
    own = mapped.folder / ".map"
    lost = 0
    for _ in range(8):
        mapped.run(map(given, range(1, 61)), rng, most=rng.randrange(1, 20))
        torn = rng.choice([mapped.folder / "results.jsonl", own / "journal"])
        before = torn.read_bytes()
        kept = before[: max(0, len(before) - rng.randrange(150))]
        lost += before.count(b"\n") - kept.count(b"\n")
        torn.write_bytes(kept + rng.choice([b"", b"\0" * 20]))
    mapped.run(map(given, range(1, 61)), rng)
    assert numbers(mapped.folder) == [*range(1, 61)]
    assert len(ran) <= 60 + lost
    again = len(ran)
    mapped.run(map(given, range(1, 61)))
    assert len(ran) == again


def test_more_inputs_are_run_and_no_others(mapped: Map, ran: list[int]) -> None:
    mapped.run(map(given, range(1, 11)))
    mapped.run(map(given, range(1, 16)))
    assert sorted(ran) == [*range(1, 16)]
    assert mapped.run(map(given, range(1, 4))).replaced == 12
    assert numbers(mapped.folder) == [1, 2, 3]
    assert sorted(ran) == [*range(1, 16)]


def test_only_inputs_that_differ_run_again(mapped: Map, ran: list[int]) -> None:
    def edited() -> Iterator[Input]:
        return (Input(b'{"n": 40}') if n == 4 else given(n) for n in range(1, 11))

    mapped.run(map(given, range(1, 11)))
    ran.clear()
    assert (
        mapped.run(edited(), most=1).replaced == 1
    )  # ends before the rows behind it are in the results again
    mapped.run(edited())
    assert ran == [4]
    assert numbers(mapped.folder) == [1, 2, 3, 40, *range(5, 11)]


def test_inputs_that_failed_run_again_if_asked(mapped: Map, ran: list[int]) -> None:
    mapped.run(map(given, range(1, 11)), exits={3: 1, 7: 2})
    ran.clear()
    mapped.run(map(given, range(1, 11)))
    assert ran == []
    mapped.run(map(given, range(1, 11)), only_ok=True)
    assert sorted(ran) == [3, 7]
    assert [row["exit_code"] for row in rows(mapped.folder)] == [0] * 10


@pytest.mark.parametrize("name", IDENTITY)
def test_results_of_something_else_are_dropped(name: str, mapped: Map, ran: list[int]) -> None:
    assert mapped.run(map(given, range(1, 11))).changed == ()
    (mapped.folder / "files" / "0" / "1").mkdir(parents=True)
    found = mapped.run(map(given, range(1, 11)), identity={**IDENTITY, name: "other"})
    assert found.changed == (name,)
    assert len(ran) == 20
    assert not (mapped.folder / "files").exists()


def test_what_does_not_fit_into_a_row_is_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with held(folder) as results:
        results.open(IDENTITY)
        ran = results.running / "x"
        (ran / "work").mkdir(parents=True)
        (ran / "stdout").write_bytes(b"long")
        (ran / "work" / "a.csv").write_bytes(b"1,2")
        results.earlier(1, given(1), only_ok=False)
        files = (File("work/a.csv", 3), File("work/sub/b", 2, b"42"))
        results.add(
            given(1),
            outcome(
                1,
                stdout=File("stdout", 4),
                stderr=File("stderr", 1, b"\xff"),
                files=files,
                folder=str(ran),
                seconds=1.23456,
                host="n1",
            ),
        )
        results.earlier(2, given(2), only_ok=False)
        results.add(given(2), Outcome(2, reason=Reason.TIMEOUT, stdout=File("stdout", 2, b"ok")))
        results.complete()
    assert rows(folder) == [
        {
            "input": {"n": 1},
            "exit_code": 0,
            "stdout": {"file": "files/0/1/stdout"},
            "stderr": {"file": "files/0/1/stderr"},
            "files": ["files/0/1/work/a.csv", "files/0/1/work/sub/b"],
            "seconds": 1.235,
            "host": "n1",
        },
        {
            "input": {"n": 2},
            "exit_code": None,
            "reason": "timeout",
            "stdout": "ok",
            "stderr": "",
            "files": [],
            "seconds": 0.0,
            "host": "",
        },
    ]
    contents = [b"long", b"\xff", b"1,2", b"42"]
    names = ("stdout", "stderr", "work/a.csv", "work/sub/b")
    assert [(folder / "files" / "0" / "1" / it).read_bytes() for it in names] == contents


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    with held(tmp_path) as results:
        results.open(IDENTITY)
        results.earlier(1, given(1), only_ok=False)
        for name in ("../../../x", "/etc/x"):
            with pytest.raises(ValueError, match="x"):
                results.add(given(1), outcome(1, files=(File(name, 1, b"x"),)))


def test_a_folder_is_for_one_map_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    with (
        held(folder),
        pytest.raises(UsageError, match="another `condavision map` writes to"),
        held(folder),
    ):
        pass
    assert not folder.exists()  # nothing was run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "results.jsonl").write_text("mine\n")
    with pytest.raises(UsageError, match="was not written by"), held(folder):
        pass
    assert (folder / "results.jsonl").read_text() == "mine\n"


def test_a_full_disk_is_an_error_and_leaves_rows_to_resume(mapped: Map, ran: list[int]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # within a row
    try:
        with pytest.raises(CondavisionError, match=r"results.* cannot be written: File too large"):
            mapped.run(map(given, range(1, 100)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    torn = [mapped.folder / it for it in ("results.jsonl", ".map/journal")]
    assert any(it.read_bytes()[-1:] not in {b"", b"\n"} for it in torn)
    before = len(ran)
    mapped.run(map(given, range(1, 100)))
    assert numbers(mapped.folder) == [*range(1, 100)]
    assert len(ran) == 99 + 1  # the torn one
    assert before > 5


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(CondavisionError, match=r"file/x.* cannot be written: Not a dir")
    with refused, held(tmp_path / "file" / "x"):
        pass
