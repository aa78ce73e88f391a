"""What to do where uv does not trust who signed a server's certificate."""

from __future__ import annotations

__all__ = ["certificate_hint"]


def certificate_hint(said: str) -> str:
    """Return what to type after uv ``said`` that a certificate is not trusted; else nothing.

    uv's own advice is an option of its command line, which nobody types here.
    """
    if "certificate" not in said:
        return ""
    return "a certificate of your organization's: type export UV_SYSTEM_CERTS=1, then try again"
