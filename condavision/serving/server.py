"""The HTTP server around the application: its sockets, signals, log, and the notices to systemd."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import logging.config
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from condavision.errors import UsageError
from condavision.serving.application import make_application
from condavision.serving.service import Service
from condavision.system.garbage import collect_from_now_on
from condavision.system.terminal import shown_line

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    from condavision.serving.options import Options

_log = logging.getLogger("condavision.serving")

_FIRST_PASSED = 3  # sd_listen_fds(3)
_BACKLOG = 2048
_PATIENCE = 60.0  # seconds
_OPEN_FILES = 65_536
_BROKEN_OFF = "ASGI callable returned without completing"  # which is meant: see OutputAnswer
_AFTERWARDS = 15  # seconds to end what has not ended in the grace time


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """Return the sockets to listen on: those that systemd passed, else a new one.

    Raises:
        UsageError: the address cannot be had.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        count = int(os.environ.pop("LISTEN_FDS", "0"))
        return [socket.socket(fileno=_FIRST_PASSED + at) for at in range(count)]
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        is_lookup = isinstance(error, socket.gaierror)  # whose numbers are its own
        reason = error.strerror if is_lookup else os.strerror(error.errno or 0)
        raise UsageError(
            f"cannot listen on {host}, port {port}: {reason}",
            "choose others with `--host` and `--port`",
        ) from error
    # Connections inherit it; asyncio sets it only on sockets that were made with their protocol.
    # Without, the second packet of an answer waits for the client to acknowledge the first: 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return [listener]


def run_server(options: Options, sockets: list[socket.socket], *, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        CondavisionError: the service cannot be started.
    """
    logging.config.dictConfig(_logging(as_json=as_json))
    service = Service(options)
    config = uvicorn.Config(
        make_application(service),
        http=_Impatient,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing depends on the client's address
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(service.settings.grace) + _AFTERWARDS,
    )
    log = logging.getLogger("uvicorn.error")
    log.addFilter(lambda it: service.failure is None and not str(it.msg).startswith(_BROKEN_OFF))
    _raise_file_limit()
    collect_from_now_on()
    try:
        _Server(config, service).run(sockets)
    except SystemExit:  # the server's, after a startup that failed
        if service.failure is not None:
            raise service.failure from None
        raise


def _raise_file_limit() -> None:
    """Allow as many connections as the system does; runs have limits of their own."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class _Impatient(H11Protocol):
    """Closes a connection whose client takes too long to send a request."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(_PATIENCE, self._close_unless_after, self.cycle)

    def _close_unless_after(self, last: RequestResponseCycle | None) -> None:
        if self.cycle is last and not self.transport.is_closing():
            self.transport.close()


class _Server(uvicorn.Server):
    """Notifies the service at once that it is to stop, and systemd of each state."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    def _stop(self) -> None:
        notify("STOPPING=1")
        self._service.stop(at_once=self.should_exit)
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or ():
            if one.family == socket.AF_UNIX:
                _log.info("serving on %s", one.getsockname())
                continue
            host, port, *_ = one.getsockname()
            shown = f"[{host}]" if ":" in host else host
            _log.info("serving on http://%s:%d", shown, port, extra={"host": host, "port": port})
        notify("READY=1")


def notify(state: str) -> None:
    """Notify systemd of a change of state (sd_notify(3)), if it listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
            one.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            one.sendall(state.encode())


_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, message, and what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class Lines(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        found = vars(record)
        text = record.getMessage()
        if "seconds" in found:
            code = "" if found["exit_code"] is None else f", exit code {found['exit_code']}"
            text = f"{text}{code}, {found['seconds']:.2f} s ({found['run']})"
        elif found.get("client"):
            text = f"{text} ({found['client']})"
        text = shown_line(text.strip())
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return f"condavision: {level}{text}"


def _logging(*, as_json: bool) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": JsonLines if as_json else Lines}},
        "handlers": {
            "lines": {"class": "logging.StreamHandler", "formatter": "lines", "stream": sys.stderr}
        },
        "loggers": {
            "condavision.serving": {"handlers": ["lines"], "level": "INFO", "propagate": False},
            "uvicorn": {"handlers": ["lines"], "level": "WARNING", "propagate": False},
        },
    }
