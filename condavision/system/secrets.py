"""Credentials in URLs: what may neither be stored nor printed.

A URL can hold them as its user, as the token of a conda server (``/t/TOKEN/``) and in its query.
No file that we write and no stream has any of the three.
"""

from __future__ import annotations

import re

from condavision.errors import ConfigError

CREDENTIALS = "~/.netrc, the file RATTLER_AUTH_FILE names, or the store of pixi auth login"
"""Where rattler looks for what opens a private channel."""

_USER = re.compile(r"(?<=://)(?:[^\s/\"`<>]*@|[^\s/@:]*:(?!\d+(?:[/?#\s]|$))[^\s\"`<>]*@)")
_TOKEN = re.compile(r"(://[^\s/\"`]+/(?:[^\s\"`]*?/)?t/)[^\s/\"'`]+")
_QUERY = re.compile(r"(://[^\s?#\"'`<>]*\?)[^\s#\"'`<>)]+")
_PARAMETER = re.compile(
    r"([?&#;][\w.-]*(?:token|secret|passw|pwd|signature|api_?key|auth|credential)[\w.-]*=)"
    r"[^\s&#\"'`<>]+",
    re.IGNORECASE,
)

_SPELT_USER = re.compile(r"(?:(?<=//)|[^\s/:@`'\"]+:(?!//))[^\n]*@")
_SPELT_TOKEN = re.compile(r"(?<![\w.-])t/[^/\s`'\"]+")
_SPELT_QUERY = re.compile(r"\?[^\s`'\"\])]+")


def redacted(text: str) -> str:
    """Return a text without the user, the token and the query of any URL in it."""
    if "://" in text:
        text = _USER.sub("***@", text)
        text = _TOKEN.sub(r"\1***", text)
        text = _QUERY.sub(r"\1***", text)
    return _PARAMETER.sub(r"\1***", text)


def redacted_spelling(text: str) -> str:
    """Return what a person wrote in place of a URL, without what may be credentials.

    It need not be a valid URL, so more is left out than :func:`redacted` does.
    """
    text = _SPELT_TOKEN.sub("t/***", _SPELT_USER.sub("***@", text))
    return _SPELT_QUERY.sub("?***", text)


def with_secrets(text: str) -> str | None:
    """Return the first line with credentials, without them; None if there is none."""
    if redacted(text) == text:
        return None
    return next(redacted(line).strip() for line in text.splitlines() if redacted(line) != line)


def require_no_secrets(name: str, text: str) -> None:
    """Refuse to write a text with credentials into the file called ``name``.

    Raises:
        ConfigError: it has some.
    """
    found = with_secrets(text)
    if found is not None:
        raise ConfigError(
            f"{name} would contain credentials: {found}",
            f"leave them out of the URL; they can be in {CREDENTIALS}",
        )
