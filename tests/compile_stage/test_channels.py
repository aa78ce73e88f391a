"""Channels as they are: private ones, broken ones, slow ones, ones with shards and caches."""

from __future__ import annotations

import asyncio
import bz2
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from rattler.index import index_fs

from condavision.compile_stage.solving import gateway
from tests.channels.server import Fault
from tests.compile_stage.conftest import package, versions
from tests.pages import shown

if TYPE_CHECKING:
    from pathlib import Path

    from tests.channels.server import Channel
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel


@pytest.fixture
def served(
    command: CommandLine, small_channel: SmallChannel, monkeypatch: pytest.MonkeyPatch
) -> CommandLine:
    """A project on a channel that is served over HTTP."""
    monkeypatch.setattr(gateway, "_PAUSE", 0)
    small_channel.add(package("requests", "2.0"))
    (command.folder / "condavision.toml").write_text(f'channels = ["{small_channel.http_url}"]\n')
    return command


FAULTS = {
    "everything is missing": ("", Fault.NOT_FOUND),
    "the server fails": ("repodata.json", Fault.ERROR),
    "half an index": ("linux-64/repodata.json", Fault.TRUNCATED),
    "garbage": ("linux-64/repodata.json", Fault.GARBLED),
}


@pytest.mark.slow
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


def test_no_other_script_is_solved_where_the_channel_cannot_be_read(
    served: CommandLine, small_channel: SmallChannel
) -> None:
    (served.folder / "a.py").write_text("import click\n")
    (served.folder / "b.py").write_text("import six\n")
    small_channel.served.fail("", Fault.NOT_FOUND)
    refused = served("lock", ".")
    begun, said, *_ = refused.err.splitlines()
    assert begun == "solving 1 of 3: a.py ..."
    assert said.startswith(f"error: a.py, b.py, web.py: the channel {small_channel.http_url} ")
    assert refused.err.count("error:") == 1


def index(channel: SmallChannel, shape: str) -> None:
    """Index a channel as a plain index, beside that a compressed one, or one of shards."""
    asyncio.run(
        index_fs(
            channel.served.path,
            force=True,
            write_zst=shape == "zst",
            write_shards=shape == "shards",
        )
    )


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.GARBLED])
@pytest.mark.parametrize("path", ["linux-64/repodata_shards", "noarch/shards/"])
def test_a_broken_shard_is_an_error_and_nothing_of_it_is_kept(
    served: CommandLine, small_channel: SmallChannel, path: str, fault: Fault
) -> None:
    index(small_channel, "shards")
    small_channel.served.fail(path, fault)
    refused = served("lock", "web.py", "--platform", "linux-64")
    assert refused.code == 69, refused.err
    assert small_channel.http_url in refused.err
    small_channel.served.heal()
    served("lock", "web.py", "--platform", "linux-64").ok()


ONCE = {
    "the server fails": ("json", "noarch/repodata.json", Fault.ERROR),
    "half an index": ("json", "noarch/repodata.json", Fault.TRUNCATED),
    "a damaged index": ("json", "noarch/repodata.json", Fault.GARBLED),
    "half an index of shards": ("shards", "noarch/repodata_shards", Fault.TRUNCATED),
    "a damaged index of shards": ("shards", "noarch/repodata_shards", Fault.GARBLED),
    "half a shard": ("shards", "noarch/shards/", Fault.TRUNCATED),
    "a damaged shard": ("shards", "noarch/shards/", Fault.GARBLED),
    "a shard that another has replaced": ("shards", "noarch/shards/", Fault.NOT_FOUND),
}


@pytest.mark.parametrize(("shape", "path", "fault"), ONCE.values(), ids=ONCE.keys())
def test_what_fails_once_is_requested_again(
    served: CommandLine, small_channel: SmallChannel, shape: str, path: str, fault: Fault
) -> None:
    index(small_channel, shape)
    small_channel.served.fail(path, fault, times=1)
    served("lock", "web.py", "--platform", "linux-64").ok()
    assert not small_channel.served.faults


def test_an_unchanged_index_needs_no_validator(
    served: CommandLine, small_channel: SmallChannel
) -> None:
    index(small_channel, "shards")
    served("lock", "web.py").ok()
    small_channel.served.fail("repodata_shards", Fault.UNCHANGED)
    served("lock", "web.py", "--upgrade").ok()


def test_an_index_that_is_too_large_is_not_read_to_the_end(
    served: CommandLine, small_channel: SmallChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "LARGEST_INDEX", 100_000)
    folder = small_channel.served.path / "noarch"
    (folder / "repodata.json.bz2").write_bytes(bz2.compress(os.urandom(1_000_000).hex().encode()))
    small_channel.served.fail("noarch/repodata.json.bz2", Fault.STALLED)
    refused = served("lock", "web.py")
    assert refused.code == 69, refused.err
    assert f"the index of the channel {small_channel.http_url} has more than" in refused.err


def test_credentials_that_cannot_be_read_are_named(served: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text("{")
    refused = served("lock", "web.py", environ={"RATTLER_AUTH_FILE": str(tmp_path / "auth.json")})
    assert refused.code == 2
    assert str(tmp_path / "auth.json") in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.slow
def test_half_a_compressed_index_is_an_error_and_is_not_kept(
    served: CommandLine, small_channel: SmallChannel
) -> None:
    index(small_channel, "zst")
    small_channel.served.fail("noarch/repodata.json.zst", Fault.TRUNCATED)
    refused = served("lock", "web.py")
    assert refused.code == 69, refused.err
    assert small_channel.http_url in refused.err
    small_channel.served.heal()
    served("lock", "web.py").ok()


def test_a_server_that_stops_halfway_is_given_up(
    served: CommandLine, small_channel: SmallChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("condavision.compile_stage.rounds._REMIND_SECONDS", 0.2)
    index(small_channel, "shards")
    small_channel.served.fail("noarch/repodata_shards", Fault.STALLED)
    refused = served("lock", "web.py", environ={"CONDAVISION_TIMEOUT": "1"})
    assert refused.code == 69, refused.err
    assert f"the channel {small_channel.http_url} does not answer in time" in refused.err
    assert "still solving web.py, after 0 s" in refused.err
    assert "CONDAVISION_TIMEOUT" in refused.err


def test_a_timeout_that_is_no_number_is_refused(served: CommandLine) -> None:
    refused = served("lock", "web.py", environ={"CONDAVISION_TIMEOUT": "long"})
    assert refused.code == 2
    assert "CONDAVISION_TIMEOUT is `long`" in refused.err


def test_a_damaged_index_is_not_kept(served: CommandLine, small_channel: SmallChannel) -> None:
    small_channel.served.fail("noarch/repodata.json", Fault.GARBLED)
    refused = served("lock", "web.py")
    assert refused.code == 69, refused.err
    assert f"the index of the channel {small_channel.http_url} is damaged" in refused.err
    small_channel.served.heal()
    served("lock", "web.py").ok()  # though the server says that it is as it was


@pytest.mark.parametrize("shape", ["json", "zst", "shards"])
def test_an_index_that_is_as_it_was_is_not_fetched_again(
    served: CommandLine, small_channel: SmallChannel, shape: str
) -> None:
    index(small_channel, shape)
    served("lock", "web.py").ok()
    answered = small_channel.served.answered
    answered.clear()
    assert versions(served("lock", "web.py", "--upgrade", "--json"))["requests"] == "2.0"
    fetched = [status for path, status in answered if path.startswith("/noarch/repodata")]
    assert fetched.count(304) == 1
    answered.clear()
    package("requests", "3.0").write(small_channel.served.path)
    index(small_channel, shape)  # within the same second: only the ETag tells
    assert versions(served("lock", "web.py", "--upgrade", "--json"))["requests"] == "3.0"


def test_a_platform_that_a_channel_lacks_is_an_error_of_that_platform(served: CommandLine) -> None:
    refused = served("lock", "web.py", "--platform", "linux-64", "--platform", "linux-aarch64")
    assert refused.code == 67
    assert "no channel has Python >=3.10 for linux-aarch64" in refused.err
    assert "omit linux-aarch64: run `condavision lock --platform linux-64 web.py`" in refused.err


@pytest.mark.parametrize("shape", ["zst", "shards", "json"])
def test_every_shape_of_an_index_gives_the_same_lock(
    served: CommandLine, small_channel: SmallChannel, shape: str
) -> None:
    expected = versions(served("lock", "web.py", "--json"))
    shutil.rmtree(served.folder / "locks")
    index(small_channel, shape)
    fresh = {"CONDAVISION_HOME": str(served.folder.parent / "fresh")}
    assert versions(served("lock", "web.py", "--json", environ=fresh)) == expected
    asked = " ".join(small_channel.served.requested)
    assert {"zst": ".json.zst", "shards": "msgpack", "json": "repodata.json"}[shape] in asked


@pytest.fixture
def private(served: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """The same, for those who know the word."""
    small_channel.served.credentials = "user:sesame"
    return served


@pytest.fixture
def auth_file(small_channel: SmallChannel, tmp_path: Path) -> dict[str, str]:
    """The variable that names rattler's store, which has the word."""
    host = small_channel.http_url.removeprefix("http://")
    store = tmp_path / "auth.json"
    word = {"BasicHTTP": {"username": "user", "password": "sesame"}}
    store.write_text(json.dumps({host: word, "127.0.0.1": word}))
    return {"RATTLER_AUTH_FILE": str(store)}


@pytest.fixture
def netrc(tmp_path: Path) -> dict[str, str]:
    """The variable that names a netrc, which has the word."""
    store = tmp_path / "netrc"
    line = shown("docs/howto/private.md", "machine conda").replace("conda.example.org", "127.0.0.1")
    store.write_text(line.replace("ada", "user").replace("secret", "sesame"))
    store.chmod(0o600)
    return {"NETRC": str(store)}


@pytest.mark.parametrize("store", ["auth_file", "netrc"])
def test_a_private_channel_opens_with_credentials_that_nothing_keeps(
    private: CommandLine, request: pytest.FixtureRequest, store: str, home: Path
) -> None:
    refused = private("lock", "web.py")
    assert refused.code == 69
    assert "requires credentials" in refused.err
    told = private("doctor").out
    assert "and does not accept yours" in told
    environ: dict[str, str] = request.getfixturevalue(store)
    finished = private("lock", "web.py", environ=environ).ok()
    assert "sesame" not in finished.out + finished.err
    assert "accepts your credentials" in private("doctor", environ=environ).out
    written = [path for folder in (private.folder, home) for path in folder.rglob("*")]
    assert [path for path in written if path.name.endswith(".info.json")]  # the cache of rattler
    kept = [path for path in written if path.is_file() and b"sesame" in path.read_bytes()]
    assert not kept


def test_packages_of_a_private_channel_are_installed(
    command: CommandLine, channel: Channel, netrc: dict[str, str]
) -> None:
    channel.credentials = "user:sesame"
    script = command.folder / "plain.py"
    script.write_text("print('ran')\n")
    command("lock", "-c", channel.http_url, "plain.py", environ=netrc).ok()
    assert command("run", "-q", "plain.py").code == 73
    assert command("run", "-q", "plain.py", environ=netrc).ok().out == "ran\n"


@pytest.mark.parametrize(
    "url", ["http://user:sesame@127.0.0.1:9/c", "https://conda.example.com/t/sesame/c"]
)
def test_a_url_with_credentials_is_refused_and_not_repeated(command: CommandLine, url: str) -> None:
    refused = command("lock", "-c", url, "web.py")
    assert refused.code == 2
    assert "sesame" not in refused.err


def test_a_folder_that_a_script_declares_is_locked_as_its_url(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    small_channel.add(package("requests", "2.0"))
    script = command.folder / "jobs" / "web.py"
    script.parent.mkdir()
    script.write_text(
        "# /// script\n# [tool.conda]\n# channels = ['../../channel']\n"
        "# dependencies = ['../../channel::requests']\n# ///\nimport requests\n"
    )
    assert versions(command("lock", "--json", "jobs/web.py"))["requests"] == "2.0"
    for path in (command.folder / "locks").glob("*.yml"):
        assert "../" not in path.read_text()
    (environment,) = (command.folder / "locks").glob("*.environment.yml")
    assert small_channel.url in environment.read_text()
    command("check", "jobs/web.py").ok()
