"""Extensions of Flask, which were imported through Flask before 1.0."""

from __future__ import annotations

import re

_EXTENSION = re.compile(r"flask(?:\.ext|ext)\.(?=\w)")


def spelt_today(module: str) -> str:
    """Return the current name of an old Flask extension: ``flask.ext.wtf``, ``flaskext.wtf``."""
    match = _EXTENSION.match(module)
    return f"flask_{module[match.end() :]}" if match else module
