"""A second channel, beside the one that has Python: asked by the same rules as the first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from condavision.core.channels import is_trusted
from condavision.interpreters.conda_package import PackageFile
from tests.channels.server import Channel
from tests.compile_stage.conftest import SmallChannel, package, versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import CommandLine, Finished
    from tests.compile_stage.wheels import WheelIndex


@pytest.fixture
def second(tmp_path: Path) -> Iterator[SmallChannel]:
    """A channel without Pythons."""
    (tmp_path / "second" / "noarch").mkdir(parents=True)
    made = SmallChannel(Channel(tmp_path / "second"))
    yield made
    made.served.close()


@pytest.fixture
def project(
    command: CommandLine, small_channel: SmallChannel, second: SmallChannel, index: WheelIndex
) -> CommandLine:
    """A project on both, and on an index that has nothing."""
    channels = f'channels = ["{small_channel.url}", "{second.url}"]\n'
    (command.folder / "condavision.toml").write_text(channels)
    return command


def lock(command: CommandLine, text: str) -> Finished:
    (command.folder / "s.py").write_text(text)
    return command("lock", "s.py", "--json", "-q")


def test_a_distribution_that_only_the_second_channel_has(
    project: CommandLine, second: SmallChannel
) -> None:
    second.add(package("acora", "1.0"))  # not on conda-forge
    assert versions(lock(project, "import acora\n").ok())["acora"] == "1.0"
    (text,) = [it.read_text() for it in (project.folder / "locks").glob("*.conda-lock.yml")]
    assert f"{second.url}/noarch/acora-1.0" in text


def test_the_first_channel_that_has_a_package_supplies_it(
    project: CommandLine, small_channel: SmallChannel, second: SmallChannel
) -> None:
    second.add(package("requests", "9.0"))
    small_channel.add(package("requests", "2.0"))
    assert versions(lock(project, "import requests\n").ok())["requests"] == "2.0"


def test_an_unknown_import_comes_from_a_channel_that_is_trusted(
    project: CommandLine, small_channel: SmallChannel, second: SmallChannel
) -> None:
    second.add(package("our-tool-box", "1.0"))
    settings = project.folder / "condavision.toml"
    channels = settings.read_text()
    settings.write_text(f'{channels}trusted-channels = ["{small_channel.url}"]\n')
    refused = lock(project, "import our_tool_box\n")
    assert refused.code == 66
    assert f"{second.url} has `our_tool_box`: to take unknown imports" in refused.err

    settings.write_text(f'{channels}trusted-channels = ["{second.url}"]\n')
    assert versions(lock(project, "import our_tool_box\n").ok())["our-tool-box"] == "1.0"


def test_evidence_chooses_what_only_the_second_channel_has(
    project: CommandLine, small_channel: SmallChannel, second: SmallChannel
) -> None:
    small_channel.add(package("statsd", "1.0"))
    file = PackageFile("site-packages/statsd/gauge.py", b"")
    init = PackageFile("site-packages/statsd/__init__.py", b"")
    second.add(replace(package("statsd-python", "3.0"), entries=(init, file)))
    assert versions(lock(project, "import statsd\n").ok()).keys() >= {"statsd"}
    assert versions(lock(project, "import statsd.gauge\n").ok())["statsd-python"] == "3.0"


TRUSTED = [
    ("bioconda", ("bioconda",), True),
    ("https://conda.anaconda.org/bioconda", ("bioconda",), True),
    ("https://prefix.dev/conda-forge", ("conda-forge",), True),
    ("https://conda.example.org/bioconda", ("bioconda",), False),
    ("https://conda.anaconda.org/bioconda/label/x", ("bioconda",), False),
    ("bioconda", ("conda-forge",), False),
]


@pytest.mark.parametrize(("channel", "trusted", "expected"), TRUSTED)
def test_a_trusted_name_stands_for_its_url(
    channel: str, trusted: tuple[str, ...], expected: bool
) -> None:
    assert is_trusted(channel, trusted) == expected
