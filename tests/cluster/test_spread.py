"""The loop of `map`: what is run again, what is set aside, and what ends it; without processes."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cluster.engine import Engine
from condavision.cluster.inputs import Input
from condavision.cluster.results import held
from condavision.cluster.spread import TRIES, Policy, Spread, Stopped, Tally
from condavision.cluster.task import Job, Outcome, Reason, Task
from condavision.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

JOB = Job("/p/s.py", "/p", "lock", "sources", "/r")


class Answers(Engine):
    """Answers at once, with what a function says of the number of an input and of its tries."""

    capacity = 3
    hosts = ("n1",)

    def __init__(self, answer: Callable[[int, int], Outcome | None]) -> None:
        self.answer = answer
        self.tries: Counter[int] = Counter()
        self.waiting: list[tuple[int, Future[Outcome]]] = []
        self.is_cancelled = False

    def prepare(self, *_: Any) -> None:
        raise NotImplementedError

    def install(self, _: Any) -> dict[str, Exception | None]:
        raise NotImplementedError

    def submit(self, _: Any, /, job: Job, task: Task) -> Future[Outcome]:  # type: ignore[override]
        assert job.digest == task.job
        future: Future[Outcome] = Future()
        number = task.number
        self.tries[number] += 1
        outcome = self.answer(number, self.tries[number])
        if outcome is None:
            self.waiting.append((number, future))
        else:
            future.set_result(outcome)
        if self.is_cancelled:
            self.cancel_all()
        return future

    def cancel_all(self) -> None:
        self.is_cancelled = True
        for number, future in self.waiting:
            future.set_result(Outcome(number, reason=Reason.CANCELLED))
        self.waiting.clear()


class Maps:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self,
        answer: Callable[[int, int], Outcome | None],
        count: int = 10,
        watch: Callable[[Spread], None] = lambda _: None,
        **policy: Any,
    ) -> tuple[Tally, Answers]:
        engine = Answers(answer)
        with held(self.folder) as results:
            results.open({"lock": "a"})
            tally = Tally(total=count)
            spread = Spread(JOB, engine, results, Policy(**policy), tally, lambda _: watch(spread))
            spread.run(Input(b"%d" % number) for number in range(1, count + 1))
        return tally, engine

    @property
    def rows(self) -> dict[int, Any]:
        lines = (self.folder / "results.jsonl").read_bytes().splitlines()
        return {row["input"]: row.get("reason", row["exit_code"]) for row in map(json.loads, lines)}


@pytest.fixture
def maps(tmp_path: Path) -> Maps:
    return Maps(tmp_path / "results")


def ok(number: int) -> Outcome:
    return Outcome(number, 0, host="n1")


def test_what_fails_runs_again_so_many_times(maps: Maps) -> None:
    def answer(number: int, tries: int) -> Outcome:
        fails = {3: 2, 5: 9}.get(number, 0)
        return Outcome(number, int(tries <= fails), host="n1")

    tally, engine = maps(answer, retries=2)
    assert (engine.tries[3], engine.tries[5], engine.tries[1]) == (3, 3, 1)
    assert maps.rows == {it: int(it == 5) for it in range(1, 11)}
    assert (tally.succeeded, tally.failed, tally.retried, tally.first_failed) == (9, 1, 4, 5)
    assert (tally.reasons, tally.hosts) == ({"exit code 1": 1}, {"n1": 10})


def test_an_input_that_kills_its_worker_is_set_aside(maps: Maps) -> None:
    def answer(number: int, _: int) -> Outcome:
        return Outcome(number, reason=Reason.WORKER_LOST) if number == 4 else ok(number)

    tally, engine = maps(answer)
    assert engine.tries[4] == 1  # the engine has tried for itself
    assert maps.rows == {it: "worker-lost" if it == 4 else 0 for it in range(1, 11)}
    assert (tally.lost, tally.failed, tally.hosts) == ([4], 1, {"n1": 9})


@pytest.mark.parametrize("reason", [Reason.NOT_INSTALLED, Reason.PLATFORM_MISSING])
def test_a_machine_that_cannot_run_it_fails_no_input(reason: Reason, maps: Maps) -> None:
    def answer(number: int, tries: int) -> Outcome:
        broken = number == 4 and tries < TRIES
        return Outcome(number, reason=reason, host="n2") if broken else ok(number)

    maps(answer)
    assert set(maps.rows.values()) == {0}

    def always(number: int, _: int) -> Outcome:
        return Outcome(number, reason=reason, detail="no room", host="n2")

    with pytest.raises(InstallError, match="n2: no room"):
        maps(always, count=12)
    assert [*maps.rows] == [*range(1, 11)]


def test_too_many_failures_end_it_and_the_rest_runs_later(maps: Maps) -> None:
    def answer(number: int, _: int) -> Outcome | None:
        return None if number == 4 else Outcome(number, int(number in {2, 3}))

    tally, engine = maps(answer, max_failures=2)
    assert tally.stop is Stopped.FAILURES
    assert engine.is_cancelled
    assert maps.rows == {1: 0, 2: 1, 3: 1}
    tally, engine = maps(lambda number, _: ok(number), max_failures=2)  # earlier ones do not count
    assert tally.stop is None
    assert [*engine.tries] == [4, 5, 6, 7, 8, 9, 10] or min(engine.tries) == 4
    assert (tally.succeeded, tally.failed) == (8, 2)
    assert len(maps.rows) == 10


@pytest.mark.parametrize("at", [1, 3, 7])
def test_an_interruption_keeps_what_has_ended(at: int, maps: Maps) -> None:
    def interrupt(spread: Spread) -> None:
        if spread.tally.done == at:
            spread.interrupt()

    tally, engine = maps(lambda number, _: None if number > at else ok(number), 10, interrupt)
    assert tally.stop is Stopped.INTERRUPTED
    assert maps.rows == dict.fromkeys(range(1, at + 1), 0)
    assert len(engine.tries) < 10 or at == 7
    assert not maps.folder.joinpath(".map", "running").exists()
    tally, _ = maps(lambda number, _: ok(number))
    assert (tally.earlier, tally.succeeded) == (at, 10)


def test_no_more_than_so_many_rows_wait(maps: Maps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condavision.cluster.spread.AHEAD", 4)
    seen = []

    def answer(number: int, _: int) -> Outcome | None:
        seen.append(number)
        return None if number == 1 else ok(number)

    def release(spread: Spread) -> None:
        engine = spread.engine
        assert isinstance(engine, Answers)
        if spread.tally.done == 3:
            assert seen == [1, 2, 3, 4]
            engine.waiting.pop()[1].set_result(ok(1))

    tally, _ = maps(answer, 10, release)
    assert tally.succeeded == len(maps.rows) == 10


def test_inputs_are_read_as_they_are_needed(tmp_path: Path) -> None:
    read = 0

    def endless() -> Iterator[Input]:
        nonlocal read
        for read in itertools.count(1):
            yield Input(b"%d" % read)

    def look(spread: Spread) -> None:
        assert read <= spread.tally.done + engine.capacity
        if spread.tally.done == 500:
            spread.interrupt()

    engine = Answers(lambda number, _: ok(number))
    with held(tmp_path / "results") as results:
        results.open({"lock": "a"})
        spread = Spread(JOB, engine, results, Policy(), Tally(total=10**7), lambda _: look(spread))
        spread.run(endless())
    assert spread.tally.done < 600
