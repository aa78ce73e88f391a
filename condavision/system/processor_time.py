"""Bounds the processor time of a piece of work in this process."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ProcessorTimeError(Exception):
    """A piece of work has used the processor time it was given."""


@contextmanager
def at_most_seconds(seconds: float) -> Iterator[None]:
    """Interrupt the block once it has used so many seconds of processor time.

    Nothing is bounded where no signal can be had: on Windows, outside the main thread, and where
    somebody else uses SIGVTALRM.

    Raises:
        ProcessorTimeError: the time is over.
    """
    alarm = getattr(signal, "SIGVTALRM", None)
    if (
        alarm is None
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(alarm) != signal.SIG_DFL
    ):
        yield
        return
    signal.signal(alarm, _interrupt)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(alarm, signal.SIG_DFL)


def _interrupt(_number: int, _frame: object) -> None:
    raise ProcessorTimeError
