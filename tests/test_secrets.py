"""Credentials in URLs, by every way in that a URL has: in no stream and in no file of ours."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.core.model import LockedPackage, Manager
from condavision.locks.lockfile import read_lock
from tests.command_line import CommandLine, Finished, InProcess
from tests.compile_stage.conftest import index, index_server, python_channel, small_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex

    MakeProject = Callable[[Mapping[str, str]], Path]

__all__ = ["index", "index_server", "python_channel", "small_channel"]

WORD = "sesame"
URLS = {
    "password": f"https://user:{WORD}@host.invalid/x",
    "token": f"https://host.invalid/t/{WORD}/x",
    "query": f"https://host.invalid/x?token={WORD}",
    "signature": f"https://host.invalid/x?X-Amz-Date=1&X-Amz-Signature={WORD}",
}
TWO = (URLS["password"], URLS["signature"])


@dataclasses.dataclass(frozen=True)
class Watched:
    """A project whose files and output are searched for the word after each command.

    Files below ``spared`` are not.
    """

    command: CommandLine
    home: Path
    spared: Path = Path("nowhere")

    def __call__(self, *arguments: str, environ: dict[str, str] | None = None) -> Finished:
        before = {path: path.stat().st_mtime_ns for path in self.files()}
        finished = self.command(*arguments, environ=environ)
        assert WORD not in finished.out + finished.err
        assert "Traceback" not in finished.err
        for path in self.files():
            if before.get(path) != path.stat().st_mtime_ns:
                assert WORD.encode() not in path.read_bytes(), path
        return finished

    def files(self) -> Iterator[Path]:
        for folder in (self.command.folder, self.home):
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_relative_to(self.spared):
                    yield path


@pytest.fixture
def watched(
    make_project: MakeProject, home: Path, interpreter: Callable[[Minor], Interpreter]
) -> Watched:
    """A project on this machine's interpreters, with one script."""
    interpreter((3, 12))
    settings = 'channels = ["interpreters:"]\n'
    return Watched(InProcess(make_project({"condavision.toml": settings, "s.py": "pass\n"})), home)


CONDA_LOCK = """\
version: 1
metadata: {content_hash: {linux-64: "0"}, channels: [{url: "URL", used_env_vars: []}],
  platforms: [linux-64], sources: []}
package:
- {name: six, version: "1.0", manager: conda, platform: linux-64, dependencies: {},
  url: "URL/noarch/six-1.0-0.conda", hash: {md5: "0"}, category: main, optional: false}
"""
PIXI_LOCK = """\
version: 6
environments: {default: {channels: [{url: "URL"}], packages: {linux-64: [{conda: "URL/a.conda"}]}}}
packages: [{conda: "URL/a.conda"}]
"""
AGREED = {
    "channels": ("environment.yml", 'channels: ["URL"]\ndependencies: [six=1.0]\n'),
    "a spec's channel": ("environment.yml", 'dependencies: ["URL::six=1.0"]\n'),
    "a package": ("environment.yml", 'dependencies: ["URL/noarch/six-1.0-0.conda"]\n'),
    "no spec": ("environment.yml", 'dependencies: ["six [URL"]\n'),
    "pip": (
        "environment.yml",
        'dependencies: [pip: ["six @ URL", "--index-url URL", "six URL"]]\n',
    ),
    "not YAML": ("environment.yml", "dependencies: {URL: 1, URL: 2}\n"),
    "not a list": ("environment.yml", 'dependencies: "URL"\n'),
    "conda-lock": ("conda-lock.yml", CONDA_LOCK),
    "pixi": ("pixi.lock", PIXI_LOCK),
    "no lock": ("pixi.lock", "packages: ['URL']\n"),
}


def test_a_file_of_agreed_versions(watched: Watched) -> None:
    for (name, text), url in itertools.product(AGREED.values(), URLS.values()):
        (watched.command.folder / name).write_text(text.replace("URL", url))
        assert watched("lock", "--offline", "--from", name, "s.py", "-v").code in {0, 2}


@pytest.mark.parametrize("url", TWO)
def test_a_flag_and_a_broken_configuration(watched: Watched, url: str) -> None:
    for command in ("lock", "check", "explain"):
        assert watched(command, "-c", url, "s.py", "-v").code == 2
        assert watched(command, "s.py", f"--no-such-{url}").code == 2
    for line in (f"channels = ['{url}', '{url}'", f"'{url}' = 1\n'{url}' = 2", f"'{url}' = 1"):
        (watched.command.folder / "condavision.toml").write_text(line)
        for words in (("lock", "s.py"), ("check", "s.py", "--json"), ("doctor", "--offline")):
            assert watched(*words).code in {1, 2}


@pytest.mark.parametrize("url", TWO)
def test_a_recorded_channel(watched: Watched, url: str) -> None:
    watched("lock", "--offline", "-c", "interpreters:", "s.py").ok()
    recorded = watched.command.folder / "locks" / ".local" / "scripts.yml"
    recorded.write_text(recorded.read_text().replace("interpreters:", url))
    for words in (("check", "s.py", "--json"), ("explain", "s.py"), ("path", "s.py")):
        watched(*words)


def _planted(path: Path, url: str) -> None:
    """Give the lock a package with that URL, and the digest that belongs to it."""
    document = yaml.safe_load(path.read_text())
    package = {**document["package"][0], "manager": "pip", "name": "six", "url": f"{url}#a.whl"}
    document["package"].append(package)
    custom = document["metadata"]["custom_metadata"]
    del custom["document_sha256"]
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))
    custom["document_sha256"] = hashlib.sha256(content.encode()).hexdigest()
    path.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("url", TWO)
def test_a_lock(watched: Watched, url: str) -> None:
    (made,) = watched("lock", "--offline", "s.py", "--json").ok().json()
    path = watched.command.folder / made["lock"]
    _planted(path, url)
    for words in (
        ("check", "s.py", "--json"),
        ("install", "s.py"),
        ("path", "s.py"),
        ("export", "s.py", "--format", "environment", "-o", "environment.yml"),
        ("vendor", "vendored", "s.py"),
        ("diff", str(path), str(path)),
    ):
        refused = watched(*words)
        assert refused.code == 72, words
        assert "has credentials in it: url: " in refused.err + refused.out
    (made,) = watched("lock", "--offline", "s.py", "--json").ok().json()
    assert made["status"] == "written"
    assert read_lock(path).hash == made["hash"]


VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def test_a_variable_of_uv(watched: Watched) -> None:
    (watched.command.folder / "s.py").write_text("import six\n")
    for variable, url in itertools.product(VARIABLES, TWO):
        closed = url.replace("https://", "http://").replace("host.invalid", "127.0.0.1:9")
        environ = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", variable: closed}
        environ["UV_HTTP_RETRIES"] = "0"  # nothing is there
        assert watched("lock", "s.py", "-v", environ=environ).code in {67, 69}


@pytest.mark.parametrize("url", TWO)
def test_what_a_channel_says_of_its_packages(
    watched: Watched, small_channel: SmallChannel, url: str
) -> None:
    for path in small_channel.served.path.glob("*/repodata.json"):
        document = json.loads(path.read_text())
        document["info"]["base_url"] = f"{url}/"
        path.write_text(json.dumps(document))
    refused = watched("lock", "-c", small_channel.url, "s.py")
    if "?" in url:  # rattler leaves a query out of what it joins
        refused.ok()
        return
    assert refused.code == 2
    assert "would contain credentials: url: " in refused.err
    assert not list(watched.command.folder.glob("locks/*.yml"))


def test_what_an_index_says_of_its_files(
    watched: Watched, index: WheelIndex, index_server: Channel
) -> None:
    index.add("six", "1.0")
    page = index.folder / "simple" / "six" / "index.json"
    page.write_text(
        page.read_text().replace('.whl", "hashes', f'.whl?X-Amz-Signature={WORD}", "hashes')
    )
    (watched.command.folder / "s.py").write_text("import six\n")
    pages = watched.home / "uv"  # uv keeps what an index says to everybody
    refused = dataclasses.replace(watched, spared=pages)("lock", "s.py")
    assert refused.code == 2, refused.err
    assert "would contain credentials: url: " in refused.err


def test_a_library_s_lock_is_refused_as_well(tmp_path: Path) -> None:
    from condavision.errors import ConfigError
    from condavision.locks.lockfile import write_lock
    from tests.locks.test_lockfile import REQUIREMENTS, sample

    lock = sample("linux-64")
    wheel = LockedPackage(Manager.PYPI, "six", "1", "linux-64", URLS["password"], "c" * 64)
    lock = dataclasses.replace(lock, packages=(*lock.packages, wheel))
    with pytest.raises(ConfigError, match="credentials"):
        write_lock(tmp_path, lock, REQUIREMENTS)
    assert not list(tmp_path.iterdir())
