"""rattler's gateway to the indexes of channels, and the errors where one cannot be read."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import rattler
from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidChannelError

from condavision.core.channels import meant
from condavision.core.model import INTERPRETERS
from condavision.errors import ChannelError
from condavision.system.error_text import channel_certificate_hint
from condavision.system.rattler_client import open_client
from condavision.system.secrets import CREDENTIALS, redacted
from condavision.system.timeout import LONGER, timeout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from pathlib import Path

    from rattler.networking.fetch_repo_data import CacheAction

LARGEST_INDEX = 2 * 1024**3
"""The size in bytes of the largest index that is read, uncompressed; conda-forge's have 0.4 GB."""

# rattler 0.28 can abort the interpreter at exit while its background threads still run: let them
# finish. Commands also exit through ``os._exit``.
atexit.register(time.sleep, 0.05)

_T = TypeVar("_T")
_UNREADABLE = (GatewayError, FetchRepoDataError, InvalidChannelError, TimeoutError)
_LOOK = 0.1  # seconds between looks at the size of a download
_PAUSE = 0.5  # seconds before the second try, doubled for each further one
_SHARED = "other error"  # rattler's, of all who waited for a download but the one who began it
_CHECK = "check the spelling of the channel and the network, then try again"
_WITHOUT = (
    "to use this machine's Pythons and PyPI, in locks for this machine only, not committed: run"
    f" `condavision lock -c {INTERPRETERS} SCRIPT`"
)
_CONFIGURED = f'or, for all scripts, begin condavision.toml with `channels = ["{INTERPRETERS}"]`'
_PLACE = re.compile(r"\w+://[^\s'`)]+|`[^`]*`")


class Cause(Enum):
    """Why an index cannot be read, with its sign in rattler's words: its errors have no kinds.

    Most downloads that break off are repeated by rattler itself; ``BROKEN_OFF`` are the others.
    """

    UNREAD = re.compile("no usable repodata cache")
    SHARD_UNREAD = re.compile("the shard for package '(.+?)' is not in the cache")
    STALE = re.compile(r"unexpected status code \(304|\A(?=.*/shards/).*\(404", re.DOTALL)
    DAMAGED = re.compile("failed to (parse|extract|decode)|Unknown frame descriptor")
    SLOW = re.compile(r"timed out\Z")
    REFUSED = re.compile(r"HTTP status client error \(40[13]")
    BROKEN_OFF = re.compile(
        rf"\A(?:a coalesced request failed\s+Caused by: )?{_SHARED}"
        r"|\A(?!failed to download|Request failed after).*connection",
        re.DOTALL,
    )
    OTHER = re.compile("")


_TRIES = {Cause.STALE: 4, Cause.DAMAGED: 2, Cause.BROKEN_OFF: 4}


class UnreadableIndexError(ChannelError):
    """The index of a channel cannot be read, because of ``cause``."""

    def __init__(self, cause: Cause, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Gateway:
    """rattler's gateway, its cache, and what it does not do itself: to try again, and to end.

    ``failures`` are the final ones, by the channels of a request: who waits for a download that
    another request began learns only that it failed.
    """

    opened: rattler.Gateway
    cache: Path
    offline: bool = False
    failures: dict[tuple[str, ...], UnreadableIndexError] = field(default_factory=dict)

    async def read(
        self,
        channels: Iterable[rattler.Channel],
        request: Callable[[], Awaitable[_T]],
        seconds: float | None = None,
    ) -> _T:
        """Return the result of a request that reads the indexes of channels.

        It is repeated if a download broke off, and with an empty cache if the server's answer does
        not fit the cached index. After ``seconds`` it is given up.

        Raises:
            UnreadableIndexError: an index cannot be read, or is larger than ``LARGEST_INDEX``.
        """
        channels = tuple(channels)
        urls = tuple(it.base_url for it in channels)
        tries = 0
        while True:
            tries += 1
            try:
                return await self._bounded(channels, request, seconds)
            except _UNREADABLE as error:
                failure = unreadable(channels, error)
                if self.offline or tries >= _TRIES.get(failure.cause, 1):
                    self.failures[urls] = failure
                    raise failure from error
            if failure.cause is Cause.BROKEN_OFF:
                await asyncio.sleep(_PAUSE * 2 ** (tries - 1))
                if urls in self.failures:
                    raise self.failures[urls]
            else:
                await asyncio.to_thread(self._forget, channels)

    async def _bounded(
        self,
        channels: tuple[rattler.Channel, ...],
        request: Callable[[], Awaitable[_T]],
        seconds: float | None,
    ) -> _T:
        started, date = time.monotonic(), time.time()
        reading = asyncio.ensure_future(request())
        try:
            while not (await asyncio.wait({reading}, timeout=_LOOK))[0]:
                if self._largest_since(date) > LARGEST_INDEX:
                    size = f"{LARGEST_INDEX / 1024**3:.1f} GB"
                    raise UnreadableIndexError(
                        Cause.OTHER,
                        f"the index of the channel {_join(channels)} has more than {size}",
                        "use another channel, or ask the channel's owner",
                    )
                if seconds is not None and time.monotonic() - started > seconds:
                    raise TimeoutError(f"not read after {seconds:.0f} seconds, timed out")
            return reading.result()
        finally:
            reading.cancel()

    def _largest_since(self, date: float) -> int:
        """Return the size of the largest download since ``date``, which rattler uncompresses."""
        sizes = [0]
        with suppress(FileNotFoundError), os.scandir(self.cache) as entries:
            for entry in entries:
                if entry.name.startswith(".tmp"):
                    with suppress(FileNotFoundError):
                        found = entry.stat()
                        sizes += [found.st_size] if found.st_mtime >= date else []
        return max(sizes)

    def _forget(self, channels: Iterable[rattler.Channel]) -> None:
        for channel in channels:
            self.opened.clear_repodata_cache(channel, clear_disk=True)


def open_gateway(cache: Path, *, offline: bool = False) -> Gateway:
    """Open the one gateway that all solves of a process share.

    Credentials are those of the user's rattler, netrc and keyring. ``offline`` uses what ``cache``
    has, however old, and no network. A request fails after ``CONDAVISION_TIMEOUT`` seconds (300):
    rattler itself would wait forever.

    Raises:
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds, or the file with the
            user's credentials cannot be read.
    """
    cache.mkdir(parents=True, exist_ok=True)
    action: CacheAction = "force-cache-only" if offline else "cache-or-fetch"
    opened = rattler.Gateway(
        cache_dir=cache,
        default_config=rattler.SourceConfig(cache_action=action),
        client=open_client(timeout()),
    )
    return Gateway(opened, cache, offline)


def unreadable(channels: Iterable[rattler.Channel], error: Exception) -> UnreadableIndexError:
    """Return an error that names the channel that failed and the first cause."""
    text = redacted(str(error))
    reason = _first_cause(text).replace("%20", " ")
    cause = _cause_of(text)
    named = [channel for channel in channels if channel.base_url in text][:1] or channels
    url = _join(named)
    match cause:
        case Cause.UNREAD:
            problem = f"the channel {url} was never read while online, so it cannot be used offline"
            hint = "lock once without --offline, for the same platforms"
        case Cause.SHARD_UNREAD:
            found = Cause.SHARD_UNREAD.value.search(text)
            problem = (
                f"the packages named {found[1] if found else ''} of the channel {url} were never"
                " read while online, so they cannot be used offline"
            )
            hint = "lock once without --offline, for the same platforms"
        case Cause.DAMAGED:
            problem = f"the index of the channel {url} is damaged: {reason}"
            hint = "run the command again later; if it fails again, ask the channel's owner"
        case Cause.SLOW:
            problem, hint = f"the channel {url} does not answer in time: {reason}", LONGER
        case Cause.REFUSED:
            problem = f"the channel {url} requires credentials: {reason}"
            hint = (
                f"add them to {CREDENTIALS}; `condavision doctor` reports whether they are accepted"
            )
        case _:
            problem = f"the channel {url} cannot be read: {reason}"
            certificate = channel_certificate_hint(reason)
            if not certificate and all(it.base_url.startswith("http") for it in named):
                return UnreadableIndexError(
                    cause, problem, *_misspelt(named), _CHECK, _WITHOUT, _CONFIGURED
                )
            hint = certificate or _CHECK
    return UnreadableIndexError(cause, problem, hint)


def _misspelt(channels: Iterable[rattler.Channel]) -> Iterator[str]:
    for channel in channels:
        if near := meant(channel.base_url.rstrip("/").rpartition("/")[2]):
            yield f"did you mean `{near}`?"


def _cause_of(text: str) -> Cause:
    # Any word can be part of a URL or path; only which files are read counts.
    words = _PLACE.sub(lambda place: "/shards/" if "/shards/" in place[0] else "", text).strip()
    return next(cause for cause in Cause if cause.value.search(words))


def _join(channels: Iterable[rattler.Channel]) -> str:
    return ", ".join(channel.base_url.rstrip("/") for channel in channels)


def _first_cause(text: str) -> str:
    """Return the innermost cause, else the first line: an answer's body may follow."""
    first, *others = [line.strip() for line in text.splitlines() if line.strip()] or [text]
    causes = [line for line in others if line.startswith("Caused by: ")]
    problem = causes[-1].removeprefix("Caused by: ") if causes else first
    return "its download failed" if problem == _SHARED else problem
