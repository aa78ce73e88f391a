"""What a request can meet instead of an answer: a status, what happened, what to do (RFC 9457)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response
    from starlette.types import Scope

_log = logging.getLogger(__name__)

_LONGEST = 300  # characters of a path or a detail in the log


class Problem(Exception):  # noqa: N818 - the RFC's term
    """A request that is refused.

    ``detail`` is what happened and ``hints`` are what to do; ``more`` are further members of the
    document, ``headers`` of the response.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *hints: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.hints = hints
        self.headers = dict(headers or {})
        self.more = more

    def document(self) -> dict[str, Any]:
        """Return the members of its document."""
        found = {
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.more,
        }
        return {**found, "hints": list(self.hints)} if self.hints else found


def problem_answer(problem: Problem, scope: Scope) -> Response:
    """Return the answer to a request that met a problem, and log that."""
    log_problem(problem, scope)
    return JSONResponse(
        problem.document(),
        problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def log_problem(problem: Problem, scope: Scope) -> None:
    """Log that a request was refused: neither its query, headers and body nor any value in them."""
    path = quote(scope["path"])[:_LONGEST]
    client = scope.get("client")
    _log.log(
        logging.INFO if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING,
        "%s %s: %d, %s",
        scope["method"],
        path,
        problem.status,
        problem.detail[:_LONGEST],
        extra={
            "method": scope["method"],
            "path": path,
            "status": problem.status.value,
            "client": client[0] if client else None,
        },
    )
