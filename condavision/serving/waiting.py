"""Waiting that costs little: moments without a task for each who waits, calls without a thread."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if sys.platform == "linux":
    import resource

if TYPE_CHECKING:
    from collections.abc import Callable

    _P = ParamSpec("_P")
    _T = TypeVar("_T")

_SLOW = 0.005  # seconds that a call may keep all others waiting
_DISTRUST = 1.0  # seconds on threads after a slow call


class Moment:
    """An event that happens once; ``future`` is for ``asyncio.wait`` and is never cancelled."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set(self) -> None:
        """Let it happen, unless it has."""
        if not self.future.done():
            self.future.set_result(None)

    def is_set(self) -> bool:
        """Return whether it has happened."""
        return self.future.done()

    async def wait(self) -> None:
        """Wait until it has happened."""
        await asyncio.shield(self.future)


class BriefCalls:
    """Calls of the file system, which take less time than a change of threads unless it is slow."""

    def __init__(self) -> None:
        """Take it for fast."""
        self._slow_until = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether a call took long just now."""
        return time.monotonic() < self._slow_until

    async def call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call a function, on another thread while calls take long."""
        if self.is_slow:
            return await asyncio.to_thread(function, *args, **kwargs)
        return self.now(function, *args, **kwargs)

    def now(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call a function on this thread, and note whether it takes long."""
        began, waits = time.monotonic(), _waits()
        try:
            return function(*args, **kwargs)
        finally:
            ended = time.monotonic()
            if ended - began > _SLOW and waits != _waits():
                self._slow_until = ended + _DISTRUST


def _waits() -> float:
    """Return how often this thread has waited: not what others' turns on a processor took."""
    if sys.platform == "linux":
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    return time.monotonic()
