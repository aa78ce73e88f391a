"""Whether the channels and the package index of the project answer, and how fast."""

from __future__ import annotations

import asyncio
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from condavision.core.channels import CREDENTIALS
from condavision.core.model import INTERPRETERS
from condavision.inspection.doctor.finding import Finding, State
from condavision.system.certificates import certificate_hint, channel_certificate_hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["look_at_channels", "look_at_index"]

_AREA = "network"
_TIMEOUT = 10.0  # seconds
_INDEXES = ("repodata.json.zst", "repodata.json")
_UNREACHABLE = "see that the network and the proxy settings (https_proxy) are right"


def look_at_channels(channels: Iterable[str], home: Path) -> Iterator[Finding]:
    """Yield whether each channel has an index, and how long it takes to say so."""
    for channel in channels:
        yield _interpreters(home) if channel == INTERPRETERS else _channel(channel, home)


def _interpreters(home: Path) -> Finding:
    from condavision.interpreters import discover  # noqa: PLC0415 - asks every Python there is

    versions = sorted({found.minor for found in discover(home / "interpreters")})
    if not versions:
        found, mend = "no CPython on this machine", "install one, or lock with: -c conda-forge"
        return Finding(_AREA, INTERPRETERS, State.BROKEN, found, mend)
    found = "CPython " + ", ".join(f"{major}.{minor}" for major, minor in versions)
    return Finding(_AREA, INTERPRETERS, State.OK, found)


def _channel(channel: str, home: Path) -> Finding:
    from rattler import Channel  # noqa: PLC0415 - costs 0.1 s

    base = Channel(channel).base_url
    if urlsplit(base).scheme not in {"http", "https", "file"}:
        return Finding(_AREA, channel, State.OK, "not asked: no HTTP")
    began = time.monotonic()
    for index in _INDEXES:
        code, reason = _asked(f"{base}noarch/{index}")
        if code == 200:
            return Finding(_AREA, channel, State.OK, f"answers in {time.monotonic() - began:.2f} s")
    if code in {401, 403}:
        if _opens(base, home):
            return Finding(_AREA, channel, State.OK, "opens with your credentials")
        found = f"wants credentials ({reason}), and yours do not open it"
        return Finding(_AREA, channel, State.BROKEN, found, f"add them: {CREDENTIALS}")
    if code == 404:
        found, mend = f"there is no index at {base}noarch", "see that the channel's name is right"
        return Finding(_AREA, channel, State.BROKEN, found, mend)
    mend = channel_certificate_hint(reason) or _UNREACHABLE
    return Finding(_AREA, channel, State.BROKEN, f"{base} does not answer: {reason}", mend)


def _opens(base: str, home: Path) -> bool:
    """Tell whether rattler can read an index with the credentials that the user has stored."""
    from rattler import Channel  # noqa: PLC0415 - as above

    from condavision.compile_stage.solving.gateway import UNREADABLE, open_gateway  # noqa: PLC0415 - as above

    gateway = open_gateway(home / "repodata")
    try:
        asyncio.run(gateway.query([Channel(base)], ["noarch"], ["python"], recursive=False))
    except UNREADABLE:
        return False
    return True


def _asked(url: str) -> tuple[int, str]:
    """Return the HTTP status of a file and what was said; 0 where nobody answered."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - schemes are checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310 - as above
            return 200, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, f"{error.code} {error.reason}"
    except urllib.error.URLError as error:
        missing = isinstance(error.reason, FileNotFoundError) or "No such file" in str(error.reason)
        return (404 if missing else 0), str(error.reason)
    except OSError as error:
        return 0, str(error)


def look_at_index() -> Iterator[Finding]:
    """Yield whether uv can read the package index that it is configured with."""
    from uv import find_uv_bin  # noqa: PLC0415 - nobody else here needs it

    what = "package index"
    command = [find_uv_bin(), "pip", "compile", "-", "--no-deps", "--no-cache", "--quiet"]
    began = time.monotonic()
    try:
        asked = subprocess.run(
            command,
            input="pip",
            capture_output=True,
            text=True,
            check=False,
            timeout=6 * _TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        yield Finding(_AREA, what, State.WARNING, "does not answer", _UNREACHABLE)
        return
    if asked.returncode == 0:
        found = f"answers uv in {time.monotonic() - began:.2f} s"
        yield Finding(_AREA, what, State.OK, found)
    else:
        reason = asked.stderr.strip().splitlines()[-1].strip() if asked.stderr.strip() else ""
        mend = certificate_hint(reason) or f"{_UNREACHABLE}, and uv's index settings"
        yield Finding(_AREA, what, State.WARNING, f"uv cannot read it: {reason}", mend)
