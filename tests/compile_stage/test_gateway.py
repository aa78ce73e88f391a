"""What rattler reports of a channel is read apart from the URLs and paths in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from rattler import Channel
from rattler.exceptions import GatewayError

from condavision.compile_stage.solving.gateway import open_gateway, unreadable

if TYPE_CHECKING:
    from pathlib import Path

CHANNELS = [Channel("http://h.invalid/a"), Channel("http://h.invalid/a%20b"), Channel("file:///c")]
REFUSED = "HTTP status client error (403 Forbidden) for url (http://h.invalid/a%20b/noarch/x.zst)"
HASH = "http://h.invalid/a/linux-64/shards/4014034d.zst"
REPORTS = {
    "refused": (REFUSED, "the channel http://h.invalid/a%20b requires credentials"),
    "digits of a hash": (
        f"HTTP status server error (500 Internal Server Error) for url ({HASH})",
        "the channel http://h.invalid/a cannot be read: HTTP status server error (500",
    ),
    "words of a path": (
        "no 'noarch' in 'file:///c/'\nCaused by: failed to open `/c/timed out/no usable cache`: x",
        "the channel file:///c cannot be read: failed to open `/c",
    ),
    "words of a URL": (
        "error sending request for url (http://h.invalid/a/HTTP%20status%20client%20error%20(401)",
        "the channel http://h.invalid/a cannot be read",
    ),
    "too slow": (
        f"Caused by: error sending request for url ({HASH})\nCaused by: operation timed out",
        "the channel http://h.invalid/a does not answer in time",
    ),
    "the body of an answer": (
        f"received unexpected status code (304 Not Modified) when fetching {HASH}.\n\nBody:\n<p>",
        "the channel http://h.invalid/a cannot be read: received unexpected status code (304",
    ),
    "waited for a download of another": (
        "other error\nCaused by: other error",
        "the channel http://h.invalid/a, http://h.invalid/a%20b, file:///c cannot be read: its",
    ),
    "no channel named": ("broken", "the channel http://h.invalid/a, http://h.invalid/a%20b,"),
}


@pytest.mark.parametrize(("report", "said"), REPORTS.values(), ids=REPORTS.keys())
def test_reports(report: str, said: str) -> None:
    assert unreadable(CHANNELS, RuntimeError(report)).message.startswith(said)


def test_a_misspelt_channel() -> None:
    channel = Channel("https://conda.anaconda.org/interpreters")
    failed = f"error sending request for url ({channel.base_url}noarch/x)\nCaused by: dns error"
    assert "did you mean `interpreters:`?" in unreadable([channel], RuntimeError(failed)).hints


@pytest.mark.parametrize(
    "report",
    ["other error", "a coalesced request failed"],
)
def test_who_waits_for_a_failed_download_says_why_it_failed(report: str, tmp_path: Path) -> None:
    channel = Channel("http://h.invalid/a")
    gateway = open_gateway(tmp_path)

    async def read() -> tuple[BaseException | None, ...]:
        first = asyncio.Event()

        async def fail(message: str, after: asyncio.Event | None) -> None:
            if after is not None:
                await after.wait()
            first.set()
            raise GatewayError(message)

        begun = gateway.read([channel], lambda: fail("failed\nCaused by: dns error", None))
        waiting = gateway.read([channel], lambda: fail(f"{report}\nCaused by: other error", first))
        return await asyncio.gather(begun, waiting, return_exceptions=True)

    errors = asyncio.run(read())
    assert {str(it) for it in errors} == {
        "the channel http://h.invalid/a cannot be read: dns error"
    }


def test_hints_name_what_needs_no_channel_where_a_server_does_not_answer() -> None:
    failed = "error sending request for url (http://h.invalid/a/noarch/x)\nCaused by: dns error"
    _, locked, configured = unreadable(CHANNELS, RuntimeError(failed)).hints
    assert locked.endswith("run `condavision lock -c interpreters: SCRIPT`")
    assert configured.endswith('condavision.toml with `channels = ["interpreters:"]`')
    assert len(unreadable(CHANNELS, RuntimeError("in file:///c/\nCaused by: x")).hints) == 1
    assert len(unreadable(CHANNELS, RuntimeError(f"{failed}: certificate")).hints) == 1
