"""Modules that no package supplies: they exist only inside another program's own Python.

A script that imports one is written for that program. Saying so helps; looking for a package does
not, and whatever carries such a name on an index is a stub or a stranger's. One row of
``host_applications.tsv`` is one module.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["host_application"]


def host_application(module: str) -> str | None:
    """Return the program whose own Python has a dotted module; None where packages may have it."""
    name = module
    while name:
        if name in _hosts():
            return _hosts()[name]
        name = name.rpartition(".")[0]
    return None


@cache
def _hosts() -> dict[str, str]:
    table = Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8")
    rows = (line.partition("\t") for line in table.splitlines() if not line.startswith("#"))
    return {module: application for module, _, application in rows}
