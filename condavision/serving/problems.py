"""What a request can meet instead of an answer: a status, what happened, what to do (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

    from starlette.responses import Response


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


def problem_answer(problem: Problem) -> Response:
    """Return the answer to a request that met a problem."""
    return JSONResponse(
        problem.document(),
        problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )
