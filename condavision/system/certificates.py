"""Hints for server certificates that are not trusted."""

from __future__ import annotations

from condavision.system.error_text import without_names


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
