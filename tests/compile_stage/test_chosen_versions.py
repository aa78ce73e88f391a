"""Which versions a solve chooses where it has the choice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.compile_stage.conftest import Dated, pythons, versions

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex

NEEDS = '# /// script\n# dependencies = ["{}"]\n# ///\n'

# Of each package of a small channel: its version, and the Pythons that admit it.
NEWEST = {
    "one package": ({"web": {"2.0": "<3.14", "1.0": ""}}, {"python": "3.13.1", "web": "2.0"}),
    "one before python": ({"app": {"2.0": "<3.14", "1.0": ""}}, {"python": "3.13.1", "app": "2.0"}),
    "nothing older": ({"web": {"2.0": ""}}, {"python": "3.14.1", "web": "2.0"}),
    "two packages": (
        {"app": {"1.0": ""}, "web": {"2.0": "<3.13", "1.0": ""}},
        {"python": "3.12.1", "app": "1.0", "web": "2.0"},
    ),
}


@pytest.mark.parametrize(("channel", "chosen"), NEWEST.values(), ids=NEWEST.keys())
def test_packages_come_before_python(
    command: CommandLine,
    small_channel: SmallChannel,
    channel: dict[str, dict[str, str]],
    chosen: dict[str, str],
) -> None:
    small_channel.add(
        *pythons("3.13.1", "3.14.1"),
        *(
            Dated(name, version, "py_0", noarch="python", depends=(f"python {admitted}".strip(),))
            for name, found in channel.items()
            for version, admitted in found.items()
        ),
    )
    needed = ", ".join(f'"{name}"' for name in channel)
    (command.folder / "web.py").write_text(f"# /// script\n# dependencies = [{needed}]\n# ///\n")
    found = versions(command("lock", "web.py", "--json", "--platform", "linux-64"))
    assert found == chosen


FOR_312, FOR_313 = "cp312-cp312-{}", "cp313-cp313-{}"
LINUX, WINDOWS = "manylinux_2_17_x86_64", "win_amd64"
PRERELEASES: dict[str, tuple[str, list[tuple[str, str]], dict[str, tuple[str, str]], bool]] = {
    "an older Python has a final release": (
        "web",
        [("1.0", FOR_312.format(LINUX)), ("2.0rc1", FOR_313.format(LINUX))],
        {"linux-64": ("3.12.1", "1.0")},
        False,
    ),
    "no Python has one": (
        "web",
        [("1.0rc1", "py3-none-any"), ("1.0rc2", FOR_312.format(LINUX))],
        {"linux-64": ("3.13.1", "1.0rc1")},
        True,
    ),
    "a declared one": (
        "web>=2.0rc1",
        [("1.0", "py3-none-any"), ("2.0rc1", FOR_313.format(LINUX))],
        {"linux-64": ("3.13.1", "2.0rc1")},
        False,
    ),
    "on one platform": (
        "web",
        [
            ("1.0", FOR_312.format(LINUX)),
            ("1.0", FOR_313.format(LINUX)),
            ("1.0", FOR_312.format(WINDOWS)),
            ("2.0rc1", FOR_313.format(WINDOWS)),
        ],
        {"linux-64": ("3.13.1", "1.0"), "win-64": ("3.12.1", "1.0")},
        False,
    ),
}


@pytest.mark.parametrize(
    ("needed", "wheels", "chosen", "cautioned"), PRERELEASES.values(), ids=PRERELEASES.keys()
)
def test_a_prerelease_is_the_last_choice(
    command: CommandLine,
    small_channel: SmallChannel,
    index: WheelIndex,
    needed: str,
    wheels: list[tuple[str, str]],
    chosen: dict[str, tuple[str, str]],
    *,
    cautioned: bool,
) -> None:
    small_channel.add(*pythons("3.13.1"))
    for version, tag in wheels:
        index.add("web", version, tag=tag)
    platforms = [option for name in chosen for option in ("--platform", name)]
    (command.folder / "web.py").write_text(NEEDS.format(needed))
    found = command("lock", "web.py", "--json", *platforms).ok().json()[0]
    document = yaml.safe_load(Path(found["lock"]).read_text())
    locked = {(entry["platform"], entry["name"]): entry["version"] for entry in document["package"]}
    assert chosen == {name: (locked[name, "python"], locked[name, "web"]) for name in chosen}
    assert any("is a pre-release" in caution for caution in found["cautions"]) is cautioned


WHEELS = [("old", "1.0.0", FOR_312), ("old", "2.0.0", FOR_313), ("new", "2.3.0", FOR_313)]
WHEELS += [("new", "2.3.1", FOR_313), ("new", "1.9.0", FOR_312)]
AGREED: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a conda version": ("new=2.3.0", {"python": "3.13.1", "new": "2.3.0"}, []),
    "an exact conda version": ("new==2.3.0", {"python": "3.13.1", "new": "2.3.0"}, []),
    "a conda range": ("'new>=2,<2.3.1'", {"python": "3.13.1", "new": "2.3.0"}, []),
    "a version of PyPI": ("pip: [new==2.3.0]", {"python": "3.13.1", "new": "2.3.0"}, []),
    "a range of PyPI": ("pip: ['new~=2.3,<2.3.1']", {"python": "3.13.1", "new": "2.3.0"}, []),
    "two, on the Python agreed": (
        "python=3.12, old=1.0, new=1.9.0",
        {"python": "3.12.1", "old": "1.0.0", "new": "1.9.0"},
        [],
    ),
    "two, on an older Python": (
        "old=1.0, new=1.9.0",
        {"python": "3.12.1", "old": "1.0.0", "new": "1.9.0"},
        [],
    ),
    "one of two": ("old=2, new=1.9", {"python": "3.13.1", "old": "2.0.0", "new": "2.3.1"}, ["new"]),
    "none": ("new=3", {"python": "3.13.1", "old": "2.0.0", "new": "2.3.1"}, ["new"]),
    "what PyPI cannot express": ("'new=1.9|2.3.0'", {"new": "2.3.1"}, ["new"]),
    "another package": ("other=1.0", {"python": "3.13.1", "new": "2.3.1"}, []),
}


@pytest.mark.parametrize(("agreed", "chosen", "lost"), AGREED.values(), ids=AGREED.keys())
def test_agreed_versions_are_kept_on_pypi_too(
    command: CommandLine,
    small_channel: SmallChannel,
    index: WheelIndex,
    agreed: str,
    chosen: dict[str, str],
    lost: list[str],
) -> None:
    small_channel.add(*pythons("3.13.1"))
    for name, version, tag in WHEELS:
        index.add(name, version, tag=tag.format(LINUX))
    (command.folder / "team.yml").write_text(f"dependencies: [{agreed}]\n")
    (command.folder / "web.py").write_text(NEEDS.format('old", "new'))
    options = ("--platform", "linux-64", "--from", "team.yml", "--json")
    found = command("lock", "web.py", *options).ok().json()[0]
    assert {name: found["packages"][name] for name in chosen} == chosen
    assert [one["name"] for one in found["not_kept"]] == lost
