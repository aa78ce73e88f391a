"""What to do where nobody who is trusted signed a server's certificate."""

from __future__ import annotations

__all__ = ["certificate_hint", "channel_certificate_hint"]


def certificate_hint(said: str) -> str:
    """Return what to type after uv ``said`` that a certificate is not trusted; else nothing.

    uv's own advice is an option of its command line, which nobody types here.
    """
    if "certificate" not in said:
        return ""
    return "a certificate of your organization's: type export UV_SYSTEM_CERTS=1, then try again"


def channel_certificate_hint(said: str) -> str:
    """Return what to do after a channel's certificate was ``said`` not to be trusted; else nothing.

    rattler and Python take the system's certificates, and the file of that variable instead.
    """
    if "certificate" not in said:
        return ""
    return (
        "a certificate of your organization's: add it to the system's, or type"
        " export SSL_CERT_FILE=BUNDLE.pem, then try again"
    )
