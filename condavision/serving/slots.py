"""How many runs there are at once, in all and of each script, and how many may wait."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from condavision.serving.problems import Problem
from condavision.serving.waiting import Moment

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, eq=False)
class Slot:
    """The right to run, or a place in the queue until ``granted`` is set."""

    script: str
    limit: int | None
    granted: Moment = field(default_factory=Moment)


class Slots:
    """How many runs there are at once, in all and of each script; the rest waits in order."""

    def __init__(self, capacity: Callable[[], int], queue: int) -> None:
        """Allow so many runs at once as ``capacity`` returns, and ``queue`` to wait."""
        self._capacity = capacity
        self._queue = queue
        self._running: Counter[str] = Counter()
        self._waiting: deque[Slot] = deque()

    @property
    def running(self) -> int:
        """The number of runs."""
        return self._running.total()

    @property
    def waiting(self) -> int:
        """The number of those that wait."""
        return len(self._waiting)

    def take(self, script: str, limit: int | None, *, force: bool = False) -> Slot:
        """Return a slot for a script of which ``limit`` may run at once, any number for None.

        Raises:
            Problem: too many wait already (429), unless ``force``.
        """
        slot = Slot(script, limit)
        if self._has_room(slot):
            self._grant(slot)
        else:
            self.require_room(force=force)
            self._waiting.append(slot)
        return slot

    def require_room(self, *, force: bool = False) -> None:
        """Refuse a run if the queue is full.

        Raises:
            Problem: it is (429).
        """
        if not force and self.waiting >= self._queue and self.running >= self._capacity():
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self.running} runs, and {self.waiting} are waiting",
                headers={"Retry-After": "1"},
            )

    def give_back(self, slot: Slot) -> None:
        """Let the next run start; or leave the queue."""
        if not slot.granted.is_set():
            self._waiting.remove(slot)
            return
        self._running[slot.script] -= 1
        self.fill()

    def fill(self) -> None:
        """Let those start that wait, as far as there is room."""
        for waiting in tuple(self._waiting):
            if self._has_room(waiting):
                self._waiting.remove(waiting)
                self._grant(waiting)

    def _has_room(self, slot: Slot) -> bool:
        if self.running >= self._capacity():
            return False
        return slot.limit is None or self._running[slot.script] < slot.limit

    def _grant(self, slot: Slot) -> None:
        self._running[slot.script] += 1
        slot.granted.set()
