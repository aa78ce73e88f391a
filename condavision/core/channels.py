"""Channels as a person spells them: a name, a URL, a folder, or ``interpreters:``."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from condavision.core.model import INTERPRETERS
from condavision.errors import ConfigError
from condavision.system.secrets import CREDENTIALS, redacted_spelling

_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[A-Za-z0-9_.-]+)*\Z")
_KNOWN = (INTERPRETERS, "conda-forge", "bioconda", "defaults", "nvidia", "pytorch", "robostack")
"""Channels that a misspelt one is compared with."""

_NEAR = 0.8
_HOSTED = re.compile(r"https://(?:conda\.anaconda\.org|prefix\.dev)/(?P<name>[^/]+)\Z")
_TOKEN = re.compile(r"/t/[^/]+/")


def refused_credentials(place: str) -> ConfigError:
    """Return the error for a URL that carries credentials; ``place`` names it without them."""
    return ConfigError(
        f"{place} is written with its credentials",
        f"leave them out of the URL; they can be in {CREDENTIALS}",
    )


def normalize(spelling: str, base: Path) -> str:
    """Return a channel in the one form that is hashed and written: a name or a URL.

    Folders (``./channel``) become ``file://`` URLs; ``base`` is what relative ones are relative to.

    Raises:
        ConfigError: it is none of these, or carries credentials, which would end up in a lock.
    """
    text = spelling.strip().rstrip("/")
    if "://" in text:
        return _url(text)
    if text != INTERPRETERS and not _NAME.match(text):
        folder = _folder(text, base)
        if folder is not None:
            return folder
        if not _NAME.match(text.lower()):
            raise _not_a_channel(text)
    if _TOKEN.search(f"/{text}/"):
        raise refused_credentials(f"the channel `{redacted_spelling(text)}`")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where the authority is malformed
    except ValueError as error:
        raise _not_a_channel(f"{text.partition('://')[0]}://...") from error
    if parts.username or parts.password or _TOKEN.search(f"{parts.path}/"):
        raise refused_credentials(f"the channel at {parts.hostname}")
    if "?" in text or "#" in text:
        raise ConfigError(
            f"the channel at {parts.hostname} has a query, which can hold credentials",
            f"leave it out of the URL; credentials can be in {CREDENTIALS}",
        )
    if parts.scheme not in {"http", "https", "file", "s3"}:
        raise _not_a_channel(text)
    return text


def _folder(text: str, base: Path) -> str | None:
    """Return the URL of a channel spelt as a folder, None where it is not one."""
    try:
        if text.startswith((".", "/", "~")) or (text and (base / text).is_dir()):
            return (base / Path(text).expanduser()).resolve().as_uri()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a NUL
        pass
    return None


def meant(name: str) -> str | None:
    """Return the well-known channel that a name is a misspelling of, None if it is not one."""
    if name in _KNOWN:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 - rarely needed

    near = get_close_matches(name.lower(), _KNOWN, n=1, cutoff=_NEAR)
    return near[0] if near else None


def _not_a_channel(text: str) -> ConfigError:
    near = meant(text)
    return ConfigError(
        f"`{redacted_spelling(text)}` is not a channel",
        *([f"did you mean `{near}`?"] if near else []),
        "a channel is a name (conda-forge), a URL, a folder (./channel) or interpreters:",
    )


def is_local(channels: tuple[str, ...]) -> bool:
    """Return whether these channels are the embedded one.

    Raises:
        ConfigError: it is mixed with others, which cannot work: its Pythons are not theirs.
    """
    if INTERPRETERS not in channels:
        return False
    others = ", ".join(channel for channel in channels if channel != INTERPRETERS)
    if others:
        raise ConfigError(
            f"`{INTERPRETERS}` does not mix with other channels ({others})",
            f"use either `-c {INTERPRETERS}` alone or the others without it",
        )
    return True


def is_trusted(channel: str, trusted: tuple[str, ...]) -> bool:
    """Return whether a channel may supply an import under its own name.

    A name among ``trusted`` stands for its URL on the public servers, too.
    """
    hosted = _HOSTED.match(channel)
    return channel in trusted or (hosted is not None and hosted["name"] in trusted)
