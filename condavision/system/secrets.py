"""Credentials in URLs: what may neither be stored nor printed.

A URL can hold them as its user, as the token of a conda server (``/t/TOKEN/``) and in its query.
No file that we write and no stream has any of the three.
"""

from __future__ import annotations

import re

from condavision.errors import ConfigError

CREDENTIALS = "~/.netrc, the file RATTLER_AUTH_FILE names, or the store of pixi auth login"
"""Where rattler looks for what opens a private channel."""

_URLS = re.compile(r"://[^\s\"`<>]*")
_USER = re.compile(r"[^/]*@|[^/@:]*:(?!\d+(?:[/?#]|\Z)).*@")
_TOKEN = re.compile(r"(?<=/t/)[^/'?#]+")
_QUERY = re.compile(r"\?[^#')]+")
_PARAMETER = re.compile(
    r"([?&#;][\w.-]{0,40}(?:token|secret|passw|pwd|signature|api_?key|auth|credential)"
    r"[\w.-]{0,40}=)[^\s&#\"'`<>]+",
    re.IGNORECASE,
)

_SPELT_START = re.compile(r"//|:(?!//)")
_SPELT_WORD = re.compile(r"[^\s/:@`'\"]*")
_SPELT_TOKEN = re.compile(r"(?<![\w.-])t/[^/\s`'\"]+")
_SPELT_QUERY = re.compile(r"\?[^\s`'\"\])]+")


def redacted(text: str) -> str:
    """Return a text without the user, the token and the query of any URL in it.

    The time is linear in the length of the text, which may be anybody's.
    """
    text = _URLS.sub(_redacted_urls, text) if "://" in text else text
    return _PARAMETER.sub(r"\1***", text) if "=" in text else text


def _redacted_urls(found: re.Match[str]) -> str:
    """Return URLs that no space separates, each from its ``://`` on."""
    return "://".join(map(_redacted_url, found[0].split("://")))


def _redacted_url(rest: str) -> str:
    """Return what follows ``://`` in a URL."""
    user = _USER.match(rest)
    if user is not None:
        rest = f"***@{rest[user.end() :]}"
    if not rest.startswith("/"):  # a file has no token
        rest = _TOKEN.sub("***", rest)
    return _QUERY.sub("?***", rest)


def redacted_spelling(text: str) -> str:
    """Return what a person wrote in place of a URL, without what may be credentials.

    It need not be a valid URL, so more is left out than :func:`redacted` does.
    """
    text = "\n".join(map(_without_user, text.split("\n")))
    return _SPELT_QUERY.sub("?***", _SPELT_TOKEN.sub("t/***", text))


def _without_user(line: str) -> str:
    """Return a line without what may be a user, from the first sign of one to the last ``@``."""
    before, at, rest = line.rpartition("@")
    found = _SPELT_START.search(before)
    if not at or found is None:
        return line
    kept = before[: found.end()]
    if found[0] == ":":
        word = _SPELT_WORD.match(before[: found.start()][::-1])
        kept = before[: found.start() - (word.end() if word else 0)]
    return f"{kept}***@{rest}"


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
