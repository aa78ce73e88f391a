"""rattler's gateway to the indexes of channels, and the errors where one cannot be read."""

from __future__ import annotations

import atexit
import re
import time
from typing import TYPE_CHECKING

import rattler
from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidChannelError

from condavision.core.channels import CREDENTIALS
from condavision.errors import ChannelError
from condavision.system.error_text import channel_certificate_hint
from condavision.system.timeout import LONGER, timeout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rattler.networking.fetch_repo_data import CacheAction

UNREADABLE = (GatewayError, FetchRepoDataError, InvalidChannelError)
"""What rattler raises where a channel cannot be read."""

# rattler 0.28 can abort the interpreter at exit while its background threads still run: let them
# finish. Commands also exit through ``os._exit``.
atexit.register(time.sleep, 0.05)

_REFUSED = re.compile(r"HTTP status client error \(40[13]")
_NOT_CACHED = re.compile(r"the shard for package '(.+?)' is not in the cache")
_DAMAGED = ("failed to parse repodata", "failed to extract repodata")


_PLACE = re.compile(r"\w+://[^\s'`)]+|`[^`]*`")


class DamagedIndexError(ChannelError):
    """The index of a channel was fetched, or was in the cache, and cannot be read."""


def open_gateway(cache: Path, *, offline: bool = False) -> rattler.Gateway:
    """Open the one gateway that all solves of a process share.

    Credentials are those of the user's rattler, netrc and keyring. ``offline`` uses what ``cache``
    has, however old, and no network. A request fails after ``CONDAVISION_TIMEOUT`` seconds (300):
    rattler itself would wait forever.

    Raises:
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds.
    """
    cache.mkdir(parents=True, exist_ok=True)
    action: CacheAction = "force-cache-only" if offline else "cache-or-fetch"
    return rattler.Gateway(
        cache_dir=cache,
        default_config=rattler.SourceConfig(cache_action=action),
        client=rattler.Client.default_client(timeout=timeout()),
    )


def forget_index(cache: Path) -> None:
    """Delete the indexes that a gateway keeps in ``cache``; the next one fetches them again.

    rattler stores an index before it reads it, and later requests only a newer one.
    """
    for path in cache.glob("*.json"):
        path.unlink(missing_ok=True)


def unreadable(channels: Iterable[rattler.Channel], error: Exception) -> ChannelError:
    """Return an error that names the channel that failed and the last cause."""
    text = str(error)
    cause = _last_line(text).replace("%20", " ")
    words = _PLACE.sub("", text)  # any word can be part of a URL or path
    urls = [channel.base_url for channel in channels]
    named = [url for url in urls if url in text][:1] or urls
    url = ", ".join(url.rstrip("/") for url in named)
    if "no usable repodata cache" in words:
        return ChannelError(
            f"the channel {url} was never read while online, so it cannot be used offline",
            "lock once without --offline, for the same platforms",
        )
    if found := _NOT_CACHED.search(words):
        return ChannelError(
            f"the packages named {found[1]} of the channel {url} were never read while online, so"
            " they cannot be used offline",
            "lock once without --offline, for the same platforms",
        )
    if any(sign in words for sign in _DAMAGED):
        return DamagedIndexError(
            f"the index of the channel {url} is damaged: {cause}",
            "run the command again, which fetches it anew; if that fails, ask the channel's owner",
        )
    if "timed out" in _last_line(words):
        return ChannelError(f"the channel {url} does not answer in time: {cause}", LONGER)
    if _REFUSED.search(words):
        return ChannelError(
            f"the channel {url} requires credentials: {cause}",
            f"add them to {CREDENTIALS}; `condavision doctor` reports whether they are accepted",
        )
    return ChannelError(
        f"the channel {url} cannot be read: {cause}",
        channel_certificate_hint(cause)
        or "check the spelling of the channel and the network, then try again",
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or [text])[-1].removeprefix("Caused by: ")
