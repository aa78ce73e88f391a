"""The answers to a run: a report at its end, or its output as it is written."""

from __future__ import annotations

import asyncio
import os
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import JSONResponse

from condavision.exec_stage.run_folder import PIECE
from condavision.serving.output import follow
from condavision.serving.reports import run_report, written
from condavision.serving.runs import RunState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from condavision.serving.running import LiveRun
    from condavision.serving.runs import Run
    from condavision.serving.service import Service

STATUSES = {
    RunState.QUEUED: HTTPStatus.ACCEPTED,
    RunState.RUNNING: HTTPStatus.ACCEPTED,
    RunState.DONE: HTTPStatus.OK,
    RunState.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    RunState.OUTPUT: HTTPStatus.BAD_GATEWAY,
    RunState.CANCELLED: HTTPStatus.CONFLICT,
    RunState.INTERRUPTED: HTTPStatus.SERVICE_UNAVAILABLE,
    RunState.FAILED: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of the answer to a client that waits for a run."""


def headers_of(run: Run) -> dict[str, str]:
    """Return the headers that say which run an answer is about, and its exit code."""
    headers = {"Location": f"/runs/{quote(run.id)}", "Condavision-Run": run.id}
    if run.exit_code is not None:
        headers["Condavision-Exit-Code"] = str(run.exit_code)
    return headers


async def run_answer(
    service: Service, run: Run, status: HTTPStatus | None = None, live: LiveRun | None = None
) -> Response:
    """Return the report of a run; by default under the status of its state."""
    found = live.written if live is not None else None
    if found is None:
        found = await asyncio.to_thread(written, run, service.folder_of(run))
    report = {**run_report(run), **found}
    return JSONResponse(report, status or STATUSES[run.state], headers=headers_of(run))


async def wait_for(
    live: LiveRun | None, request: Request, wait: float | None, *, kept: bool
) -> bool:
    """Wait for the end of a run, at most ``wait`` seconds; return whether its client is there.

    A run that is not ``kept`` ends with its client.
    """
    if live is None or wait == 0:
        return True
    live.is_awaited = True
    gone = asyncio.create_task(_gone(request.receive))
    try:
        both = {live.ended.future, gone}
        await asyncio.wait(both, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        if gone.done() and not live.ended.is_set() and not kept:
            live.stop(RunState.CANCELLED)
            await live.ended.wait()
        return not gone.done()
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class OutputAnswer:
    """Standard output as an answer: its bytes as they are written, if the script succeeds.

    One that fails before it has written anything is answered by its report under 500, or under the
    status of its state. If it fails later, the answer breaks off: its end is missing.
    """

    def __init__(self, service: Service, run: Run, media_type: str, *, kept: bool) -> None:
        """Answer with the output of a run as ``media_type``; one not ``kept`` ends with us."""
        self._service = service
        self._run = run
        self._media_type = media_type
        self._kept = kept
        self._live = service.supervisor.live.get(run.id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer (ASGI)."""
        live = self._live
        sending = asyncio.create_task(self._send(scope, receive, send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            elif live is not None and not self._kept:
                live.stop(RunState.CANCELLED)
                await live.ended.wait()
        finally:
            sending.cancel()
            gone.cancel()

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        path = self._service.folder_of(self._run).stdout
        async for piece in follow(path, self._service, self._run.id):
            if not begun:
                begun = True
                await self._begin(send)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        run = self._live.run if self._live else self._run
        if run.state is RunState.DONE and run.exit_code == 0:
            if not begun:
                await self._begin(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not begun:
            failed = HTTPStatus.INTERNAL_SERVER_ERROR if run.state is RunState.DONE else None
            answer = await run_answer(self._service, run, failed)
            await answer(scope, receive, send)

    async def _begin(self, send: Send) -> None:
        headers = {"Content-Type": self._media_type, **headers_of(self._run)}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})


async def pieces_of(descriptor: int) -> AsyncIterator[bytes]:
    """Yield the content of an open file, and close it."""
    try:
        while piece := await asyncio.to_thread(os.read, descriptor, PIECE):
            yield piece
    finally:
        os.close(descriptor)
