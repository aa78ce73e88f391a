"""The output of runs, read while it is written: whole, in pieces, or as events."""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.exec_stage.run_folder import read_piece

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from condavision.serving.service import Service

_SOONEST, _LATEST = 0.01, 0.1  # seconds between two looks at a growing file
_EVENT_ID = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_HEARTBEAT = 15.0  # seconds of silence that proxies bear


async def follow(path: Path, service: Service, run_id: str) -> AsyncIterator[bytes]:
    """Yield the content of a file until its run has ended, as it is written."""
    offset = 0
    pause = _SOONEST
    while True:
        live = service.supervisor.live.get(run_id)
        piece = await asyncio.to_thread(read_piece, path, offset)
        if piece:
            offset += len(piece)
            pause = _SOONEST
            yield piece
        elif live is None:
            return
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(live.ended.wait(), pause)
            pause = min(2 * pause, _LATEST)


class _Stream:
    """One stream of a run as text, from an offset that is between two characters."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self.offset = offset

    def read(self, *, last: bool) -> str:
        """Return the text that is new; an incomplete character is left unless it is the last."""
        data = read_piece(self._path, self.offset, 1 << 14)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data, final=False)
        held = len(decoder.getstate()[0])
        if held and last and held == len(data):
            text, held = decoder.decode(b"", final=True), 0
        self.offset += len(data) - held
        return text


async def events(
    service: Service, run_id: str, last_id: str, report: Callable[[], AsyncIterator[str]]
) -> AsyncIterator[str]:
    """Yield the server-sent events of a run from behind the one whose ID is ``last_id``.

    ``stdout`` and ``stderr`` have text as a JSON string; ``end`` the report, as ``report`` yields
    it. An event's ID is the offsets of both streams behind it.
    """
    run = await service.require_run(run_id)
    folder = service.folder_of(run)
    given = _EVENT_ID.fullmatch(last_id)
    starts = [int(it) for it in given.groups()] if given else [0, 0]
    streams = {
        "stdout": _Stream(folder.stdout, starts[0]),
        "stderr": _Stream(folder.stderr, starts[1]),
    }
    pause, silence = _SOONEST, 0.0
    yield "retry: 1000\n\n"
    while True:
        live = service.supervisor.live.get(run_id)
        silent = True
        for name, stream in streams.items():
            text = await asyncio.to_thread(stream.read, last=live is None)
            if text:
                silent = False
                yield _event(name, json.dumps(text), streams)
        if not silent:
            pause, silence = _SOONEST, 0.0
        elif live is None:
            async for document in report():
                yield _event("end", document, streams)
            return
        elif service.stopping.is_set():
            return  # the client comes back to the next server
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(live.ended.wait(), pause)
            silence += pause
            pause = min(2 * pause, _LATEST)
            if silence >= _HEARTBEAT:
                silence = 0.0
                yield ": still running\n\n"


def _event(name: str, data: str, streams: dict[str, _Stream]) -> str:
    number = "-".join(str(it.offset) for it in streams.values())
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n"
