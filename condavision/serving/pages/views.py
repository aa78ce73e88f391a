"""The pages: which of them answers a request, and what they show."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.routing import Match, Mount, Route
from starlette.staticfiles import StaticFiles

from condavision.exec_stage.run_folder import read_piece
from condavision.parameters.naming import (
    ARGS,
    COMMAND,
    CommandLine,
    command_lines,
    find_command,
    unread_of,
)
from condavision.parameters.wording import unread_words
from condavision.serving.arguments import arguments_of
from condavision.serving.openapi import openapi_document
from condavision.serving.pages.docs import operations
from condavision.serving.pages.fields import STDIN_TEXT, fields_of, filled_in
from condavision.serving.pages.rendering import STATIC, page
from condavision.serving.problems import Problem, log_problem
from condavision.serving.reports import SHOWN
from condavision.serving.runs import RunState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope

    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.catalog import Ready
    from condavision.serving.inputs import Inputs
    from condavision.serving.service import Service
    from condavision.serving.survey import Surveyed

_RECENT = 8
_LISTED = 100
_LONGEST = 4096  # bytes of a form that has only a token
_PATIENCE = 30.0  # seconds to send it
TOKEN = "token"  # noqa: S105 - the name of a field


class PageRoute(Route):
    """A route for those who want a page: a browser names HTML first, a program does not."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this page."""
        wanted = Headers(scope=scope).get("accept", "") if scope["type"] == "http" else ""
        is_page = wanted.lstrip().startswith(("text/html", "application/xhtml+xml"))
        return super().matches(scope) if is_page else (Match.NONE, {})


def _page_of(view: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Any]:
    """Return a view that shows problems as a page."""

    async def shown(request: Request) -> Response:
        try:
            return await view(request)
        except Problem as problem:
            log_problem(problem, request.scope)
            return page("problem.html", problem.status, problem=problem)

    return shown


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def token_of(request: Request) -> str:
    """Return what a form has to send back: no other site can know it (CSRF)."""
    state = request.app.state
    if not hasattr(state, "page_token"):
        state.page_token = secrets.token_urlsafe(24)
    token: str = state.page_token
    return token


async def show_index(request: Request) -> Response:
    """``/``: all scripts, and the latest runs."""
    service = _service(request)
    runs = await service.store.call(service.store.recent, None, _RECENT)
    scripts = [(name, it, service.warm_status(it)) for name, it in service.catalog.all()]
    complete = service.catalog.complete.is_set()
    return page("index.html", scripts=scripts, runs=runs, complete=complete)


async def show_script(request: Request) -> Response:
    """``/scripts/PATH``: the form of a script; with ``again=ID`` for the arguments of a run."""
    service = _service(request)
    found = await service.catalog.current(request.path_params["script"])
    line = _line(found, request.query_params.get(COMMAND, ""))
    values: dict[str, list[str]] = {}
    if again := request.query_params.get("again"):
        run = await service.require_run(again)
        values[ARGS] = list(run.arguments) if run.script == found.name else []
        line = line if found.interface.commands == () else CommandLine((), (found.interface,))
    return await _form(request, found, line, values, {}, HTTPStatus.OK)


def _line(found: Surveyed, name: str) -> CommandLine:
    """Return the command that a form is for: the first, if none is named."""
    lines = command_lines(found.interface)
    named = find_command(found.interface, name) if name else None
    return named if named in lines and named is not None else lines[0]


async def _form(
    request: Request,
    found: Surveyed,
    line: CommandLine,
    values: dict[str, list[str]],
    errors: dict[str, str],
    status: HTTPStatus,
) -> Response:
    service = _service(request)
    runs = await service.store.call(service.store.recent, found.name, _RECENT)
    fields = fields_of(line, values, errors)
    shown = {it.label for it in fields}
    return page(
        "script.html",
        status,
        found=found,
        lines=command_lines(found.interface),
        line=line,
        fields=fields,
        unread=[(it.location, unread_words(it)) for it in unread_of(found.interface)],
        errors=[text for name, text in errors.items() if name not in shown],
        wrong=bool(errors),
        args="\n".join(values.get(ARGS, [])),
        stdin="\n".join(values.get(STDIN_TEXT, [])),
        token=token_of(request),
        runs=runs,
        warm=service.warm_status(found),
    )


async def start_run(request: Request) -> Response:
    """Begin the run that a filled-in form asks for, or show what is wrong with the form."""
    service, name = _service(request), request.path_params["script"]
    sent: dict[str, list[str]] = {}
    line = CommandLine((), ())

    def read(ready: Ready, inputs: Inputs) -> tuple[tuple[str, ...], str | None]:
        nonlocal line
        for key, text in inputs.parameters.items():
            sent[key] = text if isinstance(text, list) else [text]
        line = _line(ready.surveyed, "".join(sent.get(COMMAND, [])))
        given = "".join(sent.get(TOKEN, []))
        if not hmac.compare_digest(given.encode(), token_of(request).encode()):
            detail = "this page is older than the server; run it again"
            raise Problem(
                HTTPStatus.FORBIDDEN, detail, problems=[{"parameter": "", "detail": detail}]
            )
        interface = ready.surveyed.interface
        document = filled_in(interface, line, sent)
        return arguments_of(ready, document)

    try:
        run = await service.submit(request, name, None, kept=True, read=read)
    except Problem as problem:
        problems = problem.more.get("problems")
        if problems is None:
            raise
        log_problem(problem, request.scope)
        found = await service.catalog.current(name)
        errors = {it["parameter"]: it["detail"] for it in problems}
        return await _form(request, found, line, sent, errors, problem.status)
    return RedirectResponse(f"/runs/{quote(run.id)}", HTTPStatus.SEE_OTHER)


async def list_runs(request: Request) -> Response:
    """``/scripts/PATH/runs``: earlier runs of a script."""
    service, name = _service(request), request.path_params["script"]
    found = await service.catalog.current(name)
    runs = await service.store.call(service.store.recent, name, _LISTED)
    return page("runs.html", found=found, runs=runs)


async def list_all_runs(request: Request) -> Response:
    """Show ``/runs``: earlier runs of all scripts."""
    store = _service(request).store
    runs = await store.call(store.recent, None, _LISTED)
    return page("runs.html", found=None, runs=runs)


async def show_run(request: Request) -> Response:
    """``/runs/ID``: a run, live while it is under way."""
    service = _service(request)
    run = await service.require_run(request.path_params["run"])
    shown = await asyncio.to_thread(_written, service.folder_of(run))
    elapsed = (run.ended or time.time()) - (run.started or run.accepted)
    return page("run.html", run=run, elapsed=elapsed, token=token_of(request), **shown)


def _written(folder: RunFolder) -> dict[str, Any]:
    streams = {}
    for name, path in (("stdout", folder.stdout), ("stderr", folder.stderr)):
        data = read_piece(path, 0, SHOWN + 1)
        streams[name] = data[:SHOWN].decode(errors="replace"), len(data) > SHOWN
    return {"streams": streams, "files": folder.written()}


async def cancel_run(request: Request) -> Response:
    """End a run, by the button of its page."""
    service, run_id = _service(request), request.path_params["run"]
    run = await service.require_run(run_id)
    given = await _sent_token(request)
    if not hmac.compare_digest(given.encode(), token_of(request).encode()):
        raise Problem(HTTPStatus.FORBIDDEN, "this page is older than the server", "load it again")
    live = service.supervisor.live.get(run_id)
    if live is not None:
        live.stop(RunState.CANCELLED)
        await live.ended.wait()
    return RedirectResponse(f"/runs/{quote(run.id)}", HTTPStatus.SEE_OTHER)


async def _sent_token(request: Request) -> str:
    """Return the token that a form without other fields sends.

    Raises:
        Problem: it sends more than that (413), or not in time (408).
    """
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > _LONGEST:
                    raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too large")
    except TimeoutError as error:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "the form was not sent in time") from error
    return "".join(parse_qs(body.decode("latin-1")).get(TOKEN, []))


async def show_docs(request: Request) -> Response:
    """``/docs``: the API, an operation for each script."""
    document = openapi_document(_service(request).catalog.all())
    return page(
        "docs.html", operations=operations(document), base=str(request.base_url).rstrip("/")
    )


def _route(path: str, view: Callable[[Request], Awaitable[Response]], method: str = "GET") -> Route:
    return PageRoute(path, _page_of(view), methods=[method])


PAGES = (
    Route("/", _page_of(show_index)),
    Route("/docs", _page_of(show_docs)),
    Mount("/static", StaticFiles(directory=STATIC)),
    _route("/scripts", show_index),
    _route("/scripts/{script:path}/runs", list_runs),
    _route("/scripts/{script:path}", show_script),
    _route("/scripts/{script:path}", start_run, "POST"),
    _route("/runs", list_all_runs),
    _route("/runs/{run}", show_run),
    _route("/runs/{run}", cancel_run, "POST"),
)
"""The routes of pages, in front of the endpoints."""
