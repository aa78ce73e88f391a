"""What waits for a moment, and which calls leave the thread."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

from condavision.serving import waiting
from condavision.serving.waiting import BriefCalls, Moment

if TYPE_CHECKING:
    import pytest


def test_who_gives_up_waiting_does_not_keep_a_moment_from_others() -> None:
    async def waited() -> None:
        moment = Moment()
        both = [asyncio.create_task(moment.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        both[0].cancel()
        await asyncio.gather(both[0], return_exceptions=True)
        assert not moment.is_set()
        moment.set()
        moment.set()
        await asyncio.gather(both[1], moment.wait())
        assert both[0].cancelled()

    asyncio.run(waited())


def test_slow_calls_leave_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_DISTRUST", 3600.0)

    async def called() -> None:
        calls = BriefCalls()
        here = threading.get_ident()
        assert await calls.call(threading.get_ident) == here
        await calls.call(time.sleep, 2 * waiting._SLOW)
        assert await calls.call(threading.get_ident) != here

    asyncio.run(called())
