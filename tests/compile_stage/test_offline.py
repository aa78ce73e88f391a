"""Locking without a network, and what the caches of an earlier lock are good for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.compile_stage.conftest import package
from tests.compile_stage.test_channels import index

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

PLATFORMS = ("--platform", "linux-64", "--platform", "win-64")
UNREACHABLE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:1"
)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def online(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project on a channel that is served over HTTP."""
    small_channel.add(package("requests", "2.0", "urllib3"), package("urllib3", "1.0"))
    (command.folder / "condavision.toml").write_text(f'channels = ["{small_channel.http_url}"]\n')
    return command


@pytest.mark.parametrize("shape", ["json", "zst", "shards"])
def test_offline_gives_the_same_bytes(
    online: CommandLine, small_channel: SmallChannel, shape: str
) -> None:
    index(small_channel, shape)
    online("lock", "web.py", *PLATFORMS).ok()
    before = contents(online.folder / "locks")
    shutil.rmtree(online.folder / "locks")
    small_channel.served.close()
    online("lock", "web.py", *PLATFORMS, "--offline", environ=UNREACHABLE).ok()
    assert contents(online.folder / "locks") == before


def test_offline_asks_nobody(online: CommandLine, small_channel: SmallChannel) -> None:
    online("lock", "web.py").ok()
    asked = len(small_channel.served.requested)
    online("lock", "web.py", "--upgrade", "--offline").ok()
    assert len(small_channel.served.requested) == asked


@pytest.mark.usefixtures("small_channel")
def test_offline_with_an_empty_cache_is_an_error_that_says_so(online: CommandLine) -> None:
    refused = online("lock", "web.py", "--offline")
    assert refused.code == 69
    assert "never read while online" in refused.err
    assert "http://127.0.0.1" in refused.err
    assert not (online.folder / "locks").exists() or not list(
        (online.folder / "locks").glob("*.yml")
    )


def test_folders_need_no_network(command: CommandLine, small_channel: SmallChannel) -> None:
    small_channel.add(package("requests", "2.0"))
    command("lock", "web.py", "--offline").ok()


def test_offline_from_pypi(online: CommandLine) -> None:
    (online.folder / "web.py").write_text("import requests, humanize\n")
    refused = online("lock", "web.py", "--exclude-newer", "2025-06-01", environ={})
    if refused.code == 69:
        pytest.skip("no package index can be reached")
    before = contents(online.folder / "locks")
    shutil.rmtree(online.folder / "locks")
    options = ("--exclude-newer", "2025-06-01", "--offline")
    online("lock", "web.py", *options, environ=UNREACHABLE).ok()
    assert contents(online.folder / "locks") == before
    (online.folder / "web.py").write_text("import requests, icecream\n")
    refused = online("lock", "web.py", *options, environ=UNREACHABLE)
    assert refused.code == 69
    assert "never read while online" in refused.err


def test_offline_what_was_never_asked_of_a_channel_is_said_to_be_unknown(
    online: CommandLine, small_channel: SmallChannel
) -> None:
    small_channel.add(package("humanize", "4.0"))
    index(small_channel, "shards")  # of which only those are fetched that somebody needs
    online("lock", "web.py").ok()
    small_channel.served.close()
    (online.folder / "web.py").write_text("import requests, humanize\n")
    refused = online("lock", "web.py", "--offline", environ=UNREACHABLE)
    assert refused.code == 69, refused.err
    assert "never read while online" in refused.err
