"""Modules that no package supplies: they exist only in the Python of another program.

A script that imports one is written for that program. A package of that name on an index is a stub
or unrelated. ``host_applications.tsv`` has one row for each module.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from condavision.core.modules import prefixes


def host_application(module: str) -> str | None:
    """Return the program whose own Python has a dotted module; None if packages may have it."""
    return next(filter(None, map(_hosts().get, prefixes(module))), None)


@cache
def _hosts() -> dict[str, str]:
    table = Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8")
    rows = (line.partition("\t") for line in table.splitlines() if not line.startswith("#"))
    return {module: application for module, _, application in rows}
