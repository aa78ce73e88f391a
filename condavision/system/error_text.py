"""The text of another tool's error, to find its cause in; hints on untrusted certificates."""

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


def certificate_hint(message: str) -> str:
    """Return a hint if uv's ``message`` is about an untrusted certificate, otherwise nothing.

    uv's own hint is an option of its command line, which users do not see.
    """
    if "certificate" not in without_names(message):
        return ""
    return "if your organization issued the certificate, run `export UV_SYSTEM_CERTS=1` and retry"


def channel_certificate_hint(message: str) -> str:
    """Return a hint if a channel's ``message`` is about an untrusted certificate, or nothing.

    rattler and Python trust the system's certificates, or those in the file of that variable.
    """
    if "certificate" not in without_names(message):
        return ""
    return (
        "if your organization issued the certificate, add it to the system's, or run"
        " `export SSL_CERT_FILE=BUNDLE.pem`, and retry"
    )
