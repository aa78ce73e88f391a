"""Serving a channel over loopback HTTP, with the failures a network has."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import threading
from enum import Enum
from functools import cached_property
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

__all__ = ["Channel", "Fault"]


class Fault(Enum):
    """What goes wrong with a request."""

    NOT_FOUND = "404"
    ERROR = "500"
    SLOW = "each answer takes ten seconds to begin"
    STALLED = "the answer stops halfway through the content and the connection stays open"
    TRICKLED = "the content comes byte by byte, fifty in a second"
    TRUNCATED = "the connection closes halfway through the content"
    GARBLED = "the first byte of the content is another"
    UNCHANGED = "304 without a validator to whoever has an earlier answer"


class Channel:
    """A channel on disk, and the same over HTTP once ``http_url`` is used.

    ``path`` is its folder, not to be written to. ``requested`` are the paths asked of the server,
    in order, ``answered`` those paths with the status they were answered with. Files have an ETag.
    With ``ranges`` parts of files are sent, as asked (RFC 9110, section 14).
    ``index`` is the file that a folder answers with, and its content type. With ``credentials``
    (``user:password``) the server answers to nobody else. Whoever makes one closes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requested: list[str] = []
        self.answered: list[tuple[str, int]] = []
        self.faults: dict[str, Fault] = {}
        self._times: dict[str, int] = {}
        self.credentials: str | None = None
        self.ranges = False
        self.index: tuple[str, str] | None = None
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        """The ``file://`` url."""
        return self.path.as_uri()

    @cached_property
    def http_url(self) -> str:
        """The loopback ``http://`` url; asking for it starts the server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fail(self, name: str, fault: Fault, times: int = 1_000_000) -> None:
        """Let requests whose path contains ``name`` fail from now on; all if it is empty."""
        self.faults[name] = fault
        self._times[name] = times

    def fault_of(self, path: str) -> Fault | None:
        """Return what goes wrong with this request."""
        name = next((name for name in self.faults if name in path), None)
        if name is None:
            return None
        self._times[name] -= 1
        return self.faults[name] if self._times[name] else self.faults.pop(name)

    def heal(self) -> None:
        """Let every request succeed again."""
        self.faults.clear()

    def close(self) -> None:
        """Stop the server, if there is one."""
        self._closing.set()
        server = self.__dict__.get("_server")
        if server is not None:
            server.shutdown()
            server.server_close()

    @cached_property
    def _server(self) -> ThreadingHTTPServer:
        channel = self

        class Handler(_Handler):
            owner = channel

        server = _Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the test."""
        self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect early, and keep standard error clean."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(SimpleHTTPRequestHandler):
    owner: Channel

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, directory=str(self.owner.path), **keywords)

    def do_GET(self) -> None:
        self.owner.requested.append(self.path)
        if not self._is_welcome():
            self._turn_away()
            return
        fault = self.owner.fault_of(self.path)
        if fault is Fault.NOT_FOUND:
            self.send_error(404)
        elif fault is Fault.ERROR:
            self.send_error(500)
        elif fault in {Fault.TRUNCATED, Fault.GARBLED, Fault.STALLED, Fault.TRICKLED}:
            self._send_damaged(fault)
        elif fault is Fault.UNCHANGED and self.headers.get("If-None-Match"):
            super().send_response(304)
            self.end_headers()
        else:
            if fault is Fault.SLOW:
                self.owner.wait(10)
            self._send()

    def do_HEAD(self) -> None:
        if self._is_welcome():
            super().do_HEAD()
        else:
            self._turn_away()

    def _turn_away(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _is_welcome(self) -> bool:
        wanted = self.owner.credentials
        if wanted is None:
            return True
        token = base64.b64encode(wanted.encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}"

    def _send(self) -> None:
        if self.owner.index and self.path.endswith("/"):
            self._send_index(*self.owner.index)
        elif self._is_known():
            self.send_response(304)
            self.end_headers()
        elif not (self.owner.ranges and self._send_part()):
            super().do_GET()

    def _send_part(self) -> bool:
        """Send the part that is asked for, of a file; return whether there was one."""
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if match is None or not path.is_file():
            return False
        content = path.read_bytes()
        first, last = match.groups()
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last), len(content) - 1) + 1 if first and last else len(content)
        if start >= len(content):
            self.send_error(416)
            return True
        self.send_response(206)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start:end])
        return True

    def _etag(self) -> str:
        path = Path(self.translate_path(self.path))
        return f'"{hashlib.sha256(path.read_bytes()).hexdigest()}"' if path.is_file() else ""

    def _is_known(self) -> bool:
        known = self.headers.get("If-None-Match")
        return known is not None and known == self._etag()

    def send_response(self, code: int, message: str | None = None) -> None:
        self.owner.answered.append((self.path, code))
        super().send_response(code, message)
        if code in {200, 304} and self._etag():
            self.send_header("ETag", self._etag())

    def _send_index(self, name: str, content_type: str) -> None:
        path = Path(self.translate_path(self.path)) / name
        if not path.exists():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_damaged(self, fault: Fault | None) -> None:
        try:
            with open(self.translate_path(self.path), "rb") as stream:  # noqa: PTH123
                content = stream.read()
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is Fault.TRICKLED:
            for at in range(len(content)):
                self.wfile.write(content[at : at + 1])
                self.owner.wait(0.02)
            return
        if fault is Fault.GARBLED:
            content = bytes([content[0] ^ 0xFF]) + content[1:]
        else:
            content = content[: len(content) // 2]
        self.wfile.write(content)
        if fault is Fault.STALLED:
            self.wfile.flush()
            self.owner.wait(600)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Log nothing: the tests use ``requested``."""
