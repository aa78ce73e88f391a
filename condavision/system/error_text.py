"""The text of another tool's error, to find its cause in."""

from __future__ import annotations

import re

_NAME = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s`'\"()]+"  # a URL
    r"|[^\s`'\"()]+\.(?:conda|tar\.\w+|whl|zip)\b"  # an archive
    r"|(?<![\w.])(?:[a-z]:\\|/)[^\s`'\"()]+"  # a path
    r"|\b[0-9a-f]{32,}\b",  # a digest
    re.IGNORECASE,
)


def without_names(text: str) -> str:
    """Return ``text`` without its URLs, paths, archives and digests.

    Decisions are made on the rest: a package may be called ``bzip2``, and ``404`` be part of a
    digest.
    """
    return _NAME.sub("...", text)
