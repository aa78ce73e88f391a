"""How a client wants its answer: at once or at the end, as a report or as the script's output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.datastructures import Headers

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_LONGEST = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Preferences:
    """What ``Prefer`` (RFC 7240) and ``Accept`` ask for.

    ``wait`` is the longest time to wait, in seconds; None to wait for the end. ``output`` is the
    type that standard output is wanted as; empty for a report in JSON.
    """

    wait: float | None = None
    output: str = ""


def preferences(headers: Headers) -> Preferences:
    """Return what the headers of a request ask for; what cannot be understood is ignored."""
    found: dict[str, str] = {}
    for header in headers.getlist("prefer"):
        for item in header.split(","):
            name, _, value = item.partition(";")[0].partition("=")
            found.setdefault(name.strip().lower(), value.strip(' "'))
    wait = None
    if found.get("wait", "").isdecimal():
        wait = min(float(found["wait"]), _LONGEST)
    elif "respond-async" in found:
        wait = 0.0
    return Preferences(wait, output_type(headers.get("accept", "")))


def output_type(accept: str) -> str:
    """Return the type that standard output is accepted as before JSON; empty where it is not.

    A range such as ``text/*`` means plain text, and ``*/*`` JSON.
    """
    best, quality = "", 0.0
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        weight = next((it[2:] for it in parameters if it.startswith("q=")), "1")
        worth = float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight) else 0.0
        if worth > quality:
            best, quality = kind, worth
    if best in {"", "*/*", "application/*", "application/json"} or best.endswith("+json"):
        return ""
    if best == "text/*":
        return "text/plain"
    return best if _MEDIA_TYPE.fullmatch(best) else ""
