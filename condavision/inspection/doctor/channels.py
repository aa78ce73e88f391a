"""Whether the channels of the project answer, and how fast."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from condavision.core.model import INTERPRETERS
from condavision.errors import ChannelError
from condavision.inspection.doctor.finding import UNREACHABLE, Finding, State
from condavision.system.error_text import channel_certificate_hint
from condavision.system.secrets import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.inspection.doctor.finding import Subject

_AREA = "network"
_TIMEOUT = 10.0  # seconds
_INDEXES = ("repodata.json.zst", "repodata.json")


def check_channels(subject: Subject) -> Iterator[Finding]:
    """Yield whether each channel has an index, and how fast it answers."""
    for channel in subject.config.channels:
        local = channel == INTERPRETERS
        yield _interpreters(subject.home) if local else _channel(channel, subject.home)


def _interpreters(home: Path) -> Finding:
    from condavision.interpreters.discovery import discover  # noqa: PLC0415 - starts every Python of the machine

    versions = sorted({found.minor for found in discover(home / "interpreters")})
    if not versions:
        found, fix = "no CPython on this machine", "install one, or lock with: -c conda-forge"
        return Finding(_AREA, INTERPRETERS, State.BROKEN, found, fix)
    found = "CPython " + ", ".join(f"{major}.{minor}" for major, minor in versions)
    return Finding(_AREA, INTERPRETERS, State.OK, found)


def _channel(channel: str, home: Path) -> Finding:
    from condavision.system.rattler_client import open_channel  # noqa: PLC0415 - costs 0.1 s

    base = open_channel(channel).base_url
    if urlsplit(base).scheme not in {"http", "https", "file"}:
        return Finding(_AREA, channel, State.OK, "not checked: not HTTP")
    began = time.monotonic()
    for index in _INDEXES:
        code, reason = _request(f"{base}noarch/{index}")
        if code == 200:
            return Finding(_AREA, channel, State.OK, f"answers in {time.monotonic() - began:.2f} s")
    if code in {401, 403}:
        if _opens(base, home):
            return Finding(_AREA, channel, State.OK, "accepts your credentials")
        found = f"requires credentials ({reason}) and does not accept yours"
        return Finding(_AREA, channel, State.BROKEN, found, f"add them: {CREDENTIALS}")
    if code == 404:
        found, fix = f"no index at {base}noarch", "check the spelling of the channel"
        return Finding(_AREA, channel, State.BROKEN, found, fix)
    fix = channel_certificate_hint(reason) or f"{UNREACHABLE}; `-c {INTERPRETERS}` needs no channel"
    return Finding(_AREA, channel, State.BROKEN, f"{base} does not answer: {reason}", fix)


def _opens(base: str, home: Path) -> bool:
    """Return whether rattler can read an index with the user's stored credentials."""
    from condavision.compile_stage.solving.gateway import open_gateway  # noqa: PLC0415 - as above
    from condavision.system.rattler_client import open_channel  # noqa: PLC0415 - as above

    gateway, channels = open_gateway(home / "repodata"), [open_channel(base)]
    query = partial(gateway.opened.query, channels, ["noarch"], ["python"], recursive=False)
    try:
        asyncio.run(gateway.read(channels, query))
    except ChannelError:
        return False
    return True


def _request(url: str) -> tuple[int, str]:
    """Return the HTTP status of a file and its reason; 0 if there is no answer."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - schemes are checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - as above
            return 200, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, f"{error.code} {error.reason}"
    except urllib.error.URLError as error:
        missing = isinstance(error.reason, FileNotFoundError)
        return (404 if missing else 0), str(error.reason)
    except OSError as error:
        return 0, str(error)
