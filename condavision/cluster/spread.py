"""Spreads the inputs of a map over an engine, until each has its row: the loop of `map`."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from queue import SimpleQueue
from typing import TYPE_CHECKING

from condavision.cluster.task import Outcome, Reason, Task
from condavision.cluster.worker import run_task
from condavision.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from condavision.cluster.engine import Engine
    from condavision.cluster.inputs import Input
    from condavision.cluster.results import Results
    from condavision.cluster.task import Job

TRIES = 3
"""How often a task is started whose machine cannot run it."""

AHEAD = 100_000
"""How many inputs may be run before the first whose row is still to come."""

_OF_MACHINES = frozenset({Reason.NOT_INSTALLED, Reason.PLATFORM_MISSING})


class Stopped(StrEnum):
    """Why not all inputs were run."""

    FAILURES = "failures"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about failures.

    An input that fails is run again ``retries`` times. After ``max_failures`` failed inputs no more
    are run. With ``again``, those that failed in earlier runs of the command are run too.
    """

    retries: int = 0
    max_failures: int | None = None
    again: bool = False


@dataclass(slots=True)
class Tally:
    """How far a map is.

    While inputs are checked, ``checked`` counts them, and their ``total`` is 0. ``earlier`` inputs
    had succeeded or failed before. ``lost`` are the numbers of those that were set aside, because
    their workers were lost. ``reasons`` counts the failures of this run by their reason, or by the
    exit code.
    """

    checked: int = 0
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    earlier: int = 0
    retried: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    lost: list[int] = field(default_factory=list)
    first_failed: int | None = None
    stop: Stopped | None = None

    @property
    def done(self) -> int:
        """How many inputs have a row."""
        return self.succeeded + self.failed


@dataclass(slots=True)
class _Flight:
    given: Input
    task: Task
    failures: int = 0
    losses: int = 0


@dataclass(slots=True)
class Spread:
    """One run of the loop."""

    job: Job
    engine: Engine
    results: Results
    policy: Policy
    tally: Tally
    watch: Callable[[Tally], None]
    _flying: dict[int, _Flight] = field(default_factory=dict)
    _ended: SimpleQueue[tuple[int, Future[Outcome]] | None] = field(default_factory=SimpleQueue)
    _cancelled: bool = False

    def run(self, inputs: Iterable[Input]) -> None:
        """Run every input that has no row yet, until it has one, or the tally has it stopped.

        Raises:
            InstallError: a machine cannot run the script, nor can others.
            OSError: the results cannot be written.
        """
        try:
            self._run(inputs)
        except BaseException:
            self.engine.cancel_all()
            self.engine.shutdown(cancel_futures=True)
            raise
        if self.tally.stop is None:
            self.results.complete()

    def interrupt(self) -> None:
        """Stop; to be called by the handler of a signal, after which all files are complete."""
        self._stop(Stopped.INTERRUPTED)
        self._ended.put(None)

    def _run(self, inputs: Iterable[Input]) -> None:
        tally = self.tally
        digest = self.job.digest
        for number, given in enumerate(inputs, 1):
            if tally.stop is not None:
                break
            is_ok = self.results.earlier(number, given, only_ok=self.policy.again)
            if is_ok is not None:
                tally.earlier += 1
                self._count(number, is_ok=is_ok)
                continue
            task = Task(number, digest, given.arguments, given.stdin, given.files)
            self._submit(_Flight(given, task))
            while self._flying and (
                len(self._flying) >= self.engine.capacity or number - self.results.written >= AHEAD
            ):
                self._collect()
        while self._flying:
            self._collect()

    def _stop(self, why: Stopped) -> None:
        if self.tally.stop is None:
            self.tally.stop = why

    def _submit(self, flight: _Flight) -> None:
        number = flight.task.number
        self._flying[number] = flight
        future = self.engine.submit(run_task, self.job, flight.task)
        future.add_done_callback(lambda it: self._ended.put((number, it)))

    def _collect(self) -> None:
        """Wait for the end of a task, and keep its outcome or start it again."""
        ended = self._ended.get()
        if self.tally.stop is not None and not self._cancelled:
            self._cancelled = True
            self.engine.cancel_all()
        if ended is None:
            return
        number, future = ended
        flight = self._flying.pop(number)
        outcome = (
            Outcome(number, reason=Reason.CANCELLED) if future.cancelled() else future.result()
        )
        ending = self.tally.stop is not None
        if outcome.reason is Reason.CANCELLED or (ending and self._is_to_repeat(flight, outcome)):
            _forget(outcome)
        elif self._is_to_repeat(flight, outcome):
            _forget(outcome)
            self.tally.retried += 1
            self._submit(flight)
        elif outcome.reason in _OF_MACHINES:
            if not ending:
                raise InstallError(
                    f"{outcome.host}: {outcome.detail}",
                    "fix that; the same command then runs the rest",
                )
        else:
            self.results.add(flight.given, outcome)
            if outcome.host:  # of a worker that was lost, it is not known
                self.tally.hosts[outcome.host] += 1
            self._count(number, is_ok=outcome.ok)
            if not outcome.ok:
                self._failed(outcome)
        self.watch(self.tally)

    def _is_to_repeat(self, flight: _Flight, outcome: Outcome) -> bool:
        """Return whether a task is to be started again, after noting why."""
        if outcome.reason is Reason.WORKER_LOST:  # the engine has tried
            return False
        if outcome.reason in _OF_MACHINES:
            flight.losses += 1
            return flight.losses < TRIES
        flight.failures += not outcome.ok
        return not outcome.ok and flight.failures <= self.policy.retries

    def _count(self, number: int, *, is_ok: bool) -> None:
        if is_ok:
            self.tally.succeeded += 1
        else:
            self.tally.failed += 1
            if self.tally.first_failed is None or number < self.tally.first_failed:
                self.tally.first_failed = number

    def _failed(self, outcome: Outcome) -> None:
        tally, most = self.tally, self.policy.max_failures
        what = outcome.reason.value if outcome.reason else f"exit code {outcome.exit_code}"
        tally.reasons[what] += 1
        if outcome.reason is Reason.WORKER_LOST:
            tally.lost.append(outcome.number)
        if most is not None and sum(tally.reasons.values()) >= most:
            self._stop(Stopped.FAILURES)
            self._ended.put(None)


def _forget(outcome: Outcome) -> None:
    """Remove what a task left whose outcome is not kept."""
    if outcome.folder:
        shutil.rmtree(outcome.folder, ignore_errors=True)
