"""The endpoints: each is a function and a row of :data:`ENDPOINTS`."""

from __future__ import annotations

import asyncio
import json
import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.convertors import PathConvertor
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from condavision.serving.answering import OutputAnswer, pieces_of, run_answer, wait_for
from condavision.serving.openapi import openapi_document
from condavision.serving.output import events, follow
from condavision.serving.preferences import preferences
from condavision.serving.problems import Problem
from condavision.serving.reports import cluster_report, parameters_report, run_report, script_report
from condavision.serving.running import ClusterState
from condavision.serving.runs import RunState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from condavision.serving.service import Service

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")

_RECENT = 100

PathConvertor.regex = "(?s:.*)"  # names of files may have line feeds, as all characters but NUL


def service_of(request: Request) -> Service:
    """Return the service that a request is for."""
    service: Service = request.app.state.service
    return service


async def list_scripts(request: Request) -> Response:
    """``GET /scripts``: all scripts, with their state and why one is not served."""
    service = service_of(request)
    found = service.catalog.all()
    reports = [script_report(name, it, service.warm_status(it)) for name, it in found]
    return JSONResponse({"scripts": reports})


async def show_script(request: Request) -> Response:
    """``GET /scripts/PATH``: one script and its parameters."""
    service = service_of(request)
    found = await service.catalog.current(request.path_params["script"])
    report = script_report(found.name, found, service.warm_status(found))
    return JSONResponse({**report, **parameters_report(found)})


async def list_runs(request: Request) -> Response:
    """``GET /scripts/PATH/runs``: the latest runs of a script."""
    service, name = service_of(request), request.path_params["script"]
    await service.catalog.current(name)
    runs = await service.store.call(service.store.recent, name, _RECENT)
    return JSONResponse({"runs": [run_report(run) for run in runs]})


async def list_all_runs(request: Request) -> Response:
    """``GET /runs``: the latest runs of all scripts."""
    service = service_of(request)
    runs = await service.store.call(service.store.recent, None, _RECENT)
    return JSONResponse({"runs": [run_report(run) for run in runs]})


async def run_script(request: Request) -> ASGIApp:
    """``POST /scripts/PATH/runs``: run a script."""
    return await _run(request, None)


async def run_script_once(request: Request) -> ASGIApp:
    """``PUT /scripts/PATH/runs/ID``: run a script, unless it was run under this ID."""
    run_id = request.path_params["run"]
    if not _ID.fullmatch(run_id):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "an ID has up to 128 letters, digits and `.`, `_`, `~`, `-`, and begins with one"
            " of the first two",
        )
    return await _run(request, run_id)


async def _run(request: Request, run_id: str | None) -> ASGIApp:
    service, wanted = service_of(request), preferences(request.headers)
    kept = run_id is not None or wanted.wait is not None
    run = await service.submit(request, request.path_params["script"], run_id, kept=kept)
    if wanted.output and wanted.wait is None:
        return OutputAnswer(service, run, wanted.output, kept=kept)
    live = service.supervisor.live.get(run.id)
    if not await wait_for(live, request, wanted.wait, kept=kept):
        return Response()  # to nobody
    return await run_answer(service, live.run if live else run, live=live)


async def show_run(request: Request) -> Response:
    """``GET /runs/ID``: one run; with ``Prefer: wait=SECONDS`` as soon as it has ended."""
    service, run_id = service_of(request), request.path_params["run"]
    await service.require_run(run_id)
    live = service.supervisor.live.get(run_id)
    await wait_for(live, request, preferences(request.headers).wait or 0, kept=True)
    return await run_answer(service, await service.require_run(run_id), HTTPStatus.OK)


async def cancel_run(request: Request) -> Response:
    """``DELETE /runs/ID``: end a run; an ended one stays as it is."""
    service, run_id = service_of(request), request.path_params["run"]
    await service.require_run(run_id)
    live = service.supervisor.live.get(run_id)
    if live is not None:
        live.stop(RunState.CANCELLED)
        await live.ended.wait()
    return await run_answer(service, await service.require_run(run_id), HTTPStatus.OK)


async def show_stdout(request: Request) -> Response:
    """``GET /runs/ID/stdout``: standard output, until the run has ended."""
    return await _stream(request, "stdout")


async def show_stderr(request: Request) -> Response:
    """``GET /runs/ID/stderr``: standard error, until the run has ended."""
    return await _stream(request, "stderr")


async def _stream(request: Request, name: str) -> Response:
    service = service_of(request)
    run = await service.require_run(request.path_params["run"])
    pieces = follow(service.folder_of(run).path / name, service, run.id)
    return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")


async def download_file(request: Request) -> Response:
    """``GET /runs/ID/files/NAME``: a file that a run has written."""
    service, name = service_of(request), request.path_params["name"]
    run = await service.require_run(request.path_params["run"])
    try:
        descriptor = await asyncio.to_thread(service.folder_of(run).open_written, name)
    except OSError as error:
        detail = f"the run has no file {name}"
        raise Problem(HTTPStatus.NOT_FOUND, detail, f"see /runs/{run.id}") from error
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name.rpartition('/')[2])}",
        "Content-Length": str(os.fstat(descriptor).st_size),
    }
    pieces = pieces_of(descriptor)
    return StreamingResponse(pieces, headers=headers, media_type="application/octet-stream")


async def follow_events(request: Request) -> Response:
    """``GET /runs/ID/events``: server-sent events while a run is under way."""
    service = service_of(request)
    run = await service.require_run(request.path_params["run"])

    async def report() -> AsyncIterator[str]:
        yield json.dumps(run_report(await service.require_run(run.id)))

    last_id = request.headers.get("last-event-id", "")
    headers = {"X-Accel-Buffering": "no"}  # nginx
    found = events(service, run.id, last_id, report)
    return StreamingResponse(found, headers=headers, media_type="text/event-stream")


async def show_openapi(request: Request) -> Response:
    """``GET /openapi.json``: an operation for each script."""
    return JSONResponse(openapi_document(service_of(request).catalog.all()))


async def show_health(_: Request) -> Response:
    """``GET /health``: that the server answers."""
    return JSONResponse({"status": "ok"})


async def show_ready(request: Request) -> Response:
    """``GET /ready``: whether every script has been looked at, and runs are executed."""
    service = service_of(request)
    cluster = service.runner.status
    what = "ready"
    if service.stopping.is_set():
        what = "stopping"
    elif not service.catalog.complete.is_set():
        what = "preparing"
    elif cluster is not None and cluster.state is not ClusterState.READY:
        what = f"cluster-{cluster.state}"
    status = HTTPStatus.OK if what == "ready" else HTTPStatus.SERVICE_UNAVAILABLE
    found = {} if cluster is None else {"cluster": cluster_report(cluster)}
    return JSONResponse({"status": what, **found}, status)


async def show_metrics(request: Request) -> Response:
    """``GET /metrics``: for Prometheus."""
    text = service_of(request).metrics.text()
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


ENDPOINTS = (
    Route("/scripts", list_scripts),
    Route("/scripts/{script:path}/runs", list_runs, methods=["GET"]),
    Route("/scripts/{script:path}/runs", run_script, methods=["POST"]),
    Route("/scripts/{script:path}/runs/{run}", run_script_once, methods=["PUT"]),
    Route("/scripts/{script:path}", show_script),
    Route("/runs", list_all_runs),
    Route("/runs/{run}", show_run, methods=["GET"]),
    Route("/runs/{run}", cancel_run, methods=["DELETE"]),
    Route("/runs/{run}/stdout", show_stdout),
    Route("/runs/{run}/stderr", show_stderr),
    Route("/runs/{run}/files/{name:path}", download_file),
    Route("/runs/{run}/events", follow_events),
    Route("/openapi.json", show_openapi),
    Route("/health", show_health),
    Route("/ready", show_ready),
    Route("/metrics", show_metrics),
)
"""Every endpoint, the first that fits a path answers."""
