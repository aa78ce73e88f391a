"""Small channels of empty packages, to be solved and never linked, and projects on them."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rattler.index import index_fs

from condavision.interpreters.conda_package import PackageFile
from tests.channels.modules import modules_of
from tests.channels.package import Package
from tests.channels.server import Channel
from tests.command_line import CommandLine, InProcess
from tests.compile_stage.wheels import WheelIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    MakeProject = Callable[[Mapping[str, str]], Path]

PLATFORMS = ("linux-64", "osx-arm64", "win-64")


def learned(command: CommandLine) -> dict[str, Any]:
    """Return what the `modules.yml` of a project has."""
    path = command.folder / "locks" / "modules.yml"
    return yaml.safe_load(path.read_text()) if path.exists() else {}


@dataclass(frozen=True)
class Dated(Package):
    """A package that was uploaded on a day; undated if that is empty."""

    date: str = "2025-01-01"

    @property
    def index(self) -> dict[str, Any]:
        index = super().index
        del index["timestamp"]
        if self.date:
            day = datetime.fromisoformat(self.date).replace(tzinfo=UTC)
            index["timestamp"] = int(day.timestamp() * 1000)
        return index


def package(
    name: str, version: str, *depends: str, date: str = "2025-01-01", subdir: str = "noarch"
) -> Dated:
    """A package of Python modules: those that the map expects in it, and one of its name."""
    folder = "site-packages" if subdir == "noarch" else "lib/python3.12/site-packages"
    return Dated(
        name,
        version,
        "py_0" if subdir == "noarch" else "h0_0",
        subdir=subdir,
        noarch="python" if subdir == "noarch" else None,
        depends=("python", *depends),
        entries=tuple(
            PackageFile(f"{folder}/{file}", text.encode())
            for file, text in modules_of(name, conda=True).items()
        ),
        date=date,
    )


def pythons(*versions: str, platforms: Iterable[str] = PLATFORMS) -> list[Dated]:
    """A Python for each platform, and pip."""
    found = [
        Dated("python", version, "h0_0_cpython", subdir=platform)
        for platform in platforms
        for version in versions
    ]
    return [*found, package("pip", "25.0")]


@dataclass(frozen=True)
class SmallChannel:
    """A channel that tests may add packages to."""

    served: Channel

    @property
    def url(self) -> str:
        """The ``file://`` url."""
        return self.served.url

    @property
    def http_url(self) -> str:
        """The loopback url."""
        return self.served.http_url

    def add(self, *packages: Dated) -> None:
        """Add packages and index the channel again; only the packages' own dates count."""
        for one in packages:
            one.write(self.served.path)
        folder = self.served.path
        asyncio.run(index_fs(folder, force=True, write_zst=False, write_shards=False))
        for path in folder.glob("*/repodata.json"):
            index = json.loads(path.read_text())
            for record in (*index["packages"].values(), *index["packages.conda"].values()):
                record.pop("indexed_timestamp", None)
            path.write_text(json.dumps(index))


@pytest.fixture
def local(make_project: MakeProject, home: Path) -> CommandLine:
    """condavision in a project on this machine's interpreters."""
    return InProcess(make_project({"condavision.toml": 'channels = ["interpreters:"]\n'}))


@pytest.fixture(scope="session")
def python_channel(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The folder of a channel with Python 3.12.1 for three platforms. Not to be written to."""

    def make(folder: Path) -> None:
        (folder / "noarch").mkdir()
        SmallChannel(Channel(folder)).add(*pythons("3.12.1"))

    return once("python-channel", make)


@pytest.fixture
def small_channel(tmp_path: Path, python_channel: Path) -> Iterator[SmallChannel]:
    """A channel with Python 3.12.1 for three platforms."""
    made = SmallChannel(Channel(Path(shutil.copytree(python_channel, tmp_path / "channel"))))
    yield made
    made.served.close()


@pytest.fixture
def command(make_project: MakeProject, small_channel: SmallChannel, home: Path) -> CommandLine:
    """condavision in a project on the small channel, with one script."""
    return InProcess(
        make_project(
            {
                "condavision.toml": f'channels = ["{small_channel.url}"]\n',
                "web.py": "import requests\n",
            }
        )
    )


@pytest.fixture
def index_server(tmp_path: Path) -> Iterator[Channel]:
    """A server for a package index."""
    (tmp_path / "index").mkdir()
    found = Channel(tmp_path / "index")
    found.index = ("index.json", "application/vnd.pypi.simple.v1+json")
    yield found
    found.close()


@pytest.fixture
def index(index_server: Channel, monkeypatch: pytest.MonkeyPatch) -> WheelIndex:
    """That index, as the only one that uv uses."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index_server.http_url}/simple")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    for name in ("UV_INDEX", "UV_FIND_LINKS", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return WheelIndex(index_server.path)


def versions(finished: Any) -> dict[str, str]:
    """The locked versions that ``lock --json`` printed of its first script."""
    found: dict[str, str] = finished.ok().json()[0]["packages"]
    return found
