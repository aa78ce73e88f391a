"""What every request has to pass, in front of all endpoints; pure ASGI, so that nothing is hidden.

- The name in ``Host`` is one of ours: otherwise another site's name has been pointed at this
  address (DNS rebinding). An address is no name that anybody could point.
- A password, if there is one: as a bearer token, or for browsers with any user name (Basic).
- A request that changes something comes from our own pages, or from no page at all (CSRF).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from condavision.serving.problems import Problem, problem_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = frozenset({"/health", "/ready"})
"""What needs no password: supervisors poll it."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}
"""Headers of every answer that does not set its own."""


class Guard:
    """Lets the requests through that may pass."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Iterable[str] = (),
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
    ) -> None:
        """Guard ``app``: no password if there are no ``tokens``; ``names`` are this host's."""
        self._app = app
        self._tokens = [_digest(token) for token in tokens]
        self._names = {"localhost", socket.gethostname().lower(), *map(str.lower, names)}
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it; either way set headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._require(scope)
        except Problem as problem:
            await problem_answer(problem, scope)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _require(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "this server does not go by the name in `Host`",
                'add it to `hosts` in the table `serve` of condavision.toml: hosts = ["NAME"]',
            )
        if self._tokens and scope["path"] not in OPEN and not self._is_known(headers):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "a token is needed",
                "send `Authorization: Bearer TOKEN`",
                headers={"WWW-Authenticate": 'Basic realm="condavision", charset="UTF-8"'},
            )
        if scope["method"] not in _SAFE and self._is_foreign(headers, host):
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "a page of another site sent this",
                "if it may, add its origin to `origins` in the table `serve` of condavision.toml",
            )

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_known(self, headers: Headers) -> bool:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        token = value.strip()
        if scheme.lower() == "basic":
            try:
                decoded = base64.b64decode(token, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return False
            token = decoded.partition(":")[2]
        elif scheme.lower() != "bearer":
            return False
        given = _digest(token)
        return any([hmac.compare_digest(given, known) for known in self._tokens])  # noqa: C419

    def _is_foreign(self, headers: Headers, host: str) -> bool:
        origin = headers.get("origin")
        if origin in self._origins:
            return False
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in {"same-origin", "none"}
        return origin is not None and urlsplit(origin).netloc != host


def _digest(token: str) -> bytes:
    """Return what is compared: as long for every token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
