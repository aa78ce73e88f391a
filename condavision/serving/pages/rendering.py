"""Templates to pages, with the headers that keep foreign code out of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import HTMLResponse

from condavision.serving.zygote.wording import cold_words, skipped_words
from condavision.system.html import templates

if TYPE_CHECKING:
    from http import HTTPStatus

    from jinja2 import Environment
    from starlette.responses import Response

STATIC = Path(__file__).with_name("static")

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Vary": "Accept",
}

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What moves the cursor of a terminal or colors its text (ECMA-48)."""


def page(name: str, status: HTTPStatus | int = 200, **values: Any) -> Response:
    """Return a page from a template."""
    text = _templates().get_template(name).render(values)
    return HTMLResponse(text, int(status), headers=_HEADERS)


@cache
def _templates() -> Environment:
    found = templates("condavision.serving.pages")
    found.filters |= {
        "path": quote,
        "plain": lambda text: _ESCAPES.sub("", text),
        "cold": cold_words,
        "skipped": skipped_words,
        "bytes": _bytes,
        "moment": _moment,
        "iso": _iso,
        "seconds": _seconds,
    }
    found.globals["static"] = _static
    return found


@cache
def _static(name: str) -> str:
    """Return the address of a file, another one for each content."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def _bytes(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
