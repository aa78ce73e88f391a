"""Channels as a person spells them: a name, a URL, a folder, or ``interpreters:``."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from condavision.core.model import INTERPRETERS
from condavision.errors import ConfigError

__all__ = ["CREDENTIALS", "is_local", "is_trusted", "normalize"]

CREDENTIALS = "~/.netrc, the file RATTLER_AUTH_FILE names, or the store of pixi auth login"
"""Where rattler looks for what opens a private channel."""

_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[A-Za-z0-9_.-]+)*\Z")
_CONDA_FORGE = re.compile(r"https://(conda\.anaconda\.org|prefix\.dev)/conda-forge\Z")
_TOKEN = re.compile(r"/t/[^/]+/")


def normalize(spelling: str, base: Path) -> str:
    """Return a channel in the one form that is hashed and written: a name or a URL.

    Folders (``./channel``) become ``file://`` URLs; ``base`` is what relative ones are relative to.

    Raises:
        ConfigError: it is none of these, or carries credentials, which would end up in a lock.
    """
    text = spelling.strip().rstrip("/")
    if text == INTERPRETERS.rstrip("/") or _NAME.match(text):
        return text
    if "://" in text:
        parts = urlsplit(text)
        if parts.username or parts.password or _TOKEN.search(f"{parts.path}/"):
            raise ConfigError(
                f"the channel at {parts.hostname} is written with its credentials",
                f"leave them out of the URL; they can be in {CREDENTIALS}",
            )
        if parts.scheme in {"http", "https", "file", "s3"}:
            return text
    elif text.startswith((".", "/", "~")) or Path(text).is_dir():
        return (base / Path(text).expanduser()).resolve().as_uri()
    raise ConfigError(
        f"`{spelling}` is not a channel",
        "a channel is a name (conda-forge), a URL, a folder (./channel) or interpreters:",
    )


def is_local(channels: tuple[str, ...]) -> bool:
    """Tell whether these channels are the embedded one.

    Raises:
        ConfigError: it is mixed with others, which cannot work: its Pythons are not theirs.
    """
    if INTERPRETERS not in channels:
        return False
    if len(channels) > 1:
        others = ", ".join(channel for channel in channels if channel != INTERPRETERS)
        raise ConfigError(
            f"`{INTERPRETERS}` does not mix with other channels ({others})",
            f"use either `-c {INTERPRETERS}` alone or the others without it",
        )
    return True


def is_trusted(channel: str, trusted: tuple[str, ...]) -> bool:
    """Tell whether a channel may be asked for an import under its own name."""
    return channel in trusted or bool("conda-forge" in trusted and _CONDA_FORGE.match(channel))
