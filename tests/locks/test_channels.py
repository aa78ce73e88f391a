"""Channels as they are: private ones, broken ones, slow ones, ones with shards and caches."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from rattler.index import index_fs

from tests.channels.server import Fault
from tests.locks.conftest import package, versions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.channels.server import Channel
    from tests.command_line import CommandLine
    from tests.locks.conftest import SmallChannel


@pytest.fixture
def served(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project on a channel that is served over HTTP."""
    small_channel.add(package("requests", "2.0"))
    (command.folder / "condavision.toml").write_text(f'channels = ["{small_channel.http_url}"]\n')
    return command


FAULTS = {
    "everything is missing": ("", Fault.NOT_FOUND),
    "the server fails": ("repodata.json", Fault.ERROR),
    "half an index": ("linux-64/repodata.json", Fault.TRUNCATED),
    "garbage": ("linux-64/repodata.json", Fault.GARBLED),
}


@pytest.mark.parametrize(("path", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_channel_is_named_and_writes_nothing(
    served: CommandLine, small_channel: SmallChannel, path: str, fault: Fault
) -> None:
    small_channel.served.fail(path, fault)
    refused = served("lock", "web.py")
    assert refused.code == 69, refused.err
    assert small_channel.http_url in refused.err
    assert "Traceback" not in refused.err
    folder = served.folder / "locks"
    assert not folder.exists() or not list(folder.glob("*.yml"))
    small_channel.served.heal()
    served("lock", "web.py").ok()


def test_a_platform_that_a_channel_lacks_is_an_error_of_that_platform(served: CommandLine) -> None:
    refused = served("lock", "web.py", "--platform", "linux-64", "--platform", "linux-aarch64")
    assert refused.code == 67
    assert "no set of packages for linux-aarch64 meets" in refused.err
    assert "leave linux-aarch64 out: condavision lock --platform linux-64" in refused.err


@pytest.mark.parametrize("shape", ["zst", "shards", "json"])
def test_every_shape_of_an_index_gives_the_same_lock(
    served: CommandLine, small_channel: SmallChannel, shape: str
) -> None:
    expected = versions(served("lock", "web.py", "--json"))
    shutil.rmtree(served.folder / "locks")
    folder = small_channel.served.path
    asyncio.run(
        index_fs(folder, force=True, write_zst=shape == "zst", write_shards=shape == "shards")
    )
    fresh = {"CONDAVISION_HOME": str(served.folder.parent / "fresh")}
    assert versions(served("lock", "web.py", "--json", environ=fresh)) == expected
    asked = " ".join(small_channel.served.requested)
    assert {"zst": ".json.zst", "shards": "msgpack", "json": "repodata.json"}[shape] in asked


@pytest.fixture
def private(served: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """The same, for those who know the word."""
    small_channel.served.credentials = "user:sesame"
    return served


def test_a_private_channel_opens_with_rattler_s_credentials(
    private: CommandLine, small_channel: SmallChannel, tmp_path: Path
) -> None:
    assert private("lock", "web.py").code == 69
    host = small_channel.http_url.removeprefix("http://")
    store = tmp_path / "auth.json"
    word = {"BasicHTTP": {"username": "user", "password": "sesame"}}
    store.write_text(json.dumps({host: word, "127.0.0.1": word}))
    finished = private("lock", "web.py", environ={"RATTLER_AUTH_FILE": str(store)}).ok()
    said = [finished.out, finished.err]
    said += [path.read_text() for path in (private.folder / "locks").iterdir()]
    assert not [text for text in said if "sesame" in text]


def test_a_private_channel_opens_with_a_netrc(private: CommandLine, tmp_path: Path) -> None:
    store = tmp_path / "netrc"
    store.write_text("machine 127.0.0.1 login user password sesame\n")
    store.chmod(0o600)
    private("lock", "web.py", environ={"NETRC": str(store)}).ok()


def test_packages_of_a_private_channel_are_installed(
    command: CommandLine, channel: Channel, tmp_path: Path
) -> None:
    channel.credentials = "user:sesame"
    script = command.folder / "plain.py"
    script.write_text("print('ran')\n")
    store = tmp_path / "netrc"
    store.write_text("machine 127.0.0.1 login user password sesame\n")
    store.chmod(0o600)
    known = {"NETRC": str(store)}
    command("lock", "-c", channel.http_url, "plain.py", environ=known).ok()
    assert command("run", "-q", "plain.py").code == 73
    assert command("run", "-q", "plain.py", environ=known).ok().out == "ran\n"


@pytest.mark.parametrize(
    "url", ["http://user:sesame@127.0.0.1:9/c", "https://conda.example.com/t/sesame/c"]
)
def test_a_url_with_credentials_is_refused_and_not_repeated(command: CommandLine, url: str) -> None:
    refused = command("lock", "-c", url, "web.py")
    assert refused.code == 2
    assert "sesame" not in refused.err
