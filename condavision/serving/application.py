"""The ASGI application: the endpoints behind the guard, and errors as documents."""

from __future__ import annotations

import contextlib
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from condavision.errors import CondavisionError
from condavision.serving.endpoints import ENDPOINTS
from condavision.serving.guard import Guard
from condavision.serving.pages.views import PAGES
from condavision.serving.problems import Problem, problem_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from condavision.serving.service import Service

_log = logging.getLogger(__name__)


def make_application(service: Service) -> Starlette:
    """Return the application of a service, which it opens at startup and closes at shutdown."""
    settings, options = service.settings, service.options

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await service.open()
        try:
            yield
        finally:
            await service.close()

    names = (*options.names, *settings.hosts)
    guard = Middleware(Guard, tokens=options.tokens, names=names, origins=settings.origins)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Prefer", "Last-Event-ID"],
        expose_headers=["Location", "Condavision-Run", "Condavision-Exit-Code", "Retry-After"],
    )
    application = Starlette(
        routes=[*PAGES, *ENDPOINTS],
        lifespan=lifespan,
        middleware=[*([cors] if settings.origins else []), guard],
        exception_handlers={
            Problem: _on_problem,
            HTTPException: _on_http_error,
            CondavisionError: _on_own_error,
            ClientDisconnect: _on_disconnect,
            Exception: _on_bug,
        },
    )
    application.state.service = service
    return application


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - the table above
    return problem_answer(error, request.scope)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the table above
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} {request.url.path}: {status.phrase}"
    problem = Problem(status, detail, *_instead(request), headers=error.headers)
    return problem_answer(problem, request.scope)


def _instead(request: Request) -> tuple[str, ...]:
    """Return what may be meant by a request that nothing answers."""
    path = request.url.path
    if request.method == "POST" and path.startswith("/scripts/"):
        return (f"to run a script: POST {path.partition('/runs')[0]}/runs", "see /docs")
    return ("see /scripts, /runs and /docs",)


async def _on_own_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CondavisionError)  # noqa: S101 - the table above
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return problem_answer(Problem(status, error.message, *error.hints), request.scope)


async def _on_disconnect(*_: object) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # no client is left to read it


async def _on_bug(request: Request, _: Exception) -> Response:
    problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of the server; see its log")
    return problem_answer(problem, request.scope)
