"""Locks that are proved: what artefacts show decides, and is committed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.interpreters.conda_package import PackageFile
from tests.compile_stage.conftest import learned, package, versions

if TYPE_CHECKING:
    from tests.channels.server import Channel
    from tests.command_line import CommandLine, Finished
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex


@pytest.fixture(autouse=True)
def ranges(index_server: Channel) -> None:
    index_server.ranges = True


def lock(command: CommandLine, text: str, *options: str) -> Finished:
    (command.folder / "s.py").write_text(text)
    return command("lock", "s.py", "--json", "-q", *options)


def unproved(finished: Finished) -> str:
    (lock,) = finished.ok().json()
    document = yaml.safe_load(Path(lock["lock"]).read_text())
    return str(document["metadata"]["custom_metadata"].get("unproved", ""))


def moviepy(index: WheelIndex) -> None:
    """What happened to ``moviepy.cutter``: it is gone since 2.0."""
    for version in ("0.2", "1.0.1", "1.0.3"):
        index.add("moviepy", version, files={"moviepy/cutter.py": "VideoFileClip = 1\n"})
    for version in ("2.0", "2.1", "2.1.1", "2.2.1"):
        index.add("moviepy", version, files={"moviepy/config.py": ""})


@pytest.mark.slow
def test_a_module_that_the_newest_release_lacks(
    local: CommandLine, index: WheelIndex, index_server: Channel, home: Path
) -> None:
    moviepy(index)
    index.add("imageio_ffmpeg", "1.0")
    first = lock(local, "from moviepy.cutter import VideoFileClip\n")
    assert versions(first)["moviepy"] == "1.0.3"
    assert unproved(first) == ""
    entry = learned(local)["moviepy.cutter"]
    assert (entry["pypi"], entry["constraint"]) == ("moviepy", "<2")
    assert [*entry["absent"], *entry["present"]] == ["moviepy 2.2.1", "moviepy 1.0.3"]

    (explained,) = [
        it
        for it in local("explain", "s.py", "--json").ok().json()["imports"]
        if it["name"] == "moviepy.cutter"
    ]
    assert explained["why"] == "moviepy 2.2.1 has no moviepy.cutter; 1.0.3 has"
    assert (explained["spec"], explained["locked"]) == ("<2", "moviepy 1.0.3")

    shown = local("lock", "s.py", "-q", "--upgrade").ok().out
    assert f"{first.json()[0]['hash']}: moviepy 2.2.1 has no moviepy.cutter; 1.0.3 has\n" in shown

    index_server.requested.clear()
    shutil.rmtree(home / "evidence")
    assert local("lock", "s.py", "--json").ok().json()[0]["status"] == "reused"
    assert local("check", "s.py", "--json").ok().json()[0]["notes"] == []
    assert index_server.requested == [], "the hash comes from committed files"


def test_scripts_of_one_requirement_set_part(local: CommandLine, index: WheelIndex) -> None:
    moviepy(index)
    index.add("imageio_ffmpeg", "1.0")
    (local.folder / "old.py").write_text("import imageio_ffmpeg\nimport moviepy.cutter\n")
    (local.folder / "new.py").write_text("import imageio_ffmpeg\nimport moviepy.config\n")
    found = {it["script"]: it for it in local("lock", ".", "--json", "-q").ok().json()}
    assert found["old.py"]["packages"]["moviepy"] == "1.0.3"
    assert found["new.py"]["packages"]["moviepy"] == "2.2.1"
    assert found["old.py"]["hash"] != found["new.py"]["hash"]


@pytest.mark.slow
def test_a_module_that_an_earlier_lock_is_too_old_for(
    local: CommandLine, index: WheelIndex
) -> None:
    index.add("moviepy", "1.0")
    assert versions(lock(local, "import moviepy\n"))["moviepy"] == "1.0"
    for version in ("2.0", "3.0", "4.0"):
        index.add("moviepy", version, files={"moviepy/extra.py": ""} if version > "2.0" else {})
    refreshed = {"UV_NO_CACHE": "1"}
    (local.folder / "s.py").write_text("import moviepy.extra\n")
    again = local("lock", "s.py", "--json", "-q", environ=refreshed)
    assert versions(again)["moviepy"] == "4.0"
    assert learned(local)["moviepy.extra"]["constraint"] == ">=3.0"


def test_attributes_choose_between_distributions_with_one_module(
    local: CommandLine, index: WheelIndex
) -> None:
    index.add("python_ulid", "4.1.0", files={"ulid/__init__.py": "class ULID: pass\n"})
    index.add("ulid_py", "1.1.0", files={"ulid/__init__.py": "from ulid.api import new\n"})
    assert "python-ulid" in versions(lock(local, "import ulid\nulid.ULID()\n"))
    assert learned(local) == {}
    found = versions(lock(local, "import ulid as u\nprint(len(u.new().str))\n"))
    assert found["ulid-py"] == "1.1.0"
    assert learned(local)["ulid.new"]["pypi"] == "ulid-py"
    assert "python-ulid" in versions(lock(local, "import ulid\nulid.ULID()\n"))


def test_a_name_that_current_releases_lack(local: CommandLine, index: WheelIndex) -> None:
    index.add("werkzeug", "0.16.1", files={"werkzeug/__init__.py": "def secure_filename(): 1\n"})
    index.add("werkzeug", "1.0", files={"werkzeug/__init__.py": "def run_simple(): 1\n"})
    found = lock(local, "from werkzeug import secure_filename\n")
    assert versions(found)["werkzeug"] == "0.16.1"
    assert learned(local)["werkzeug.secure_filename"]["constraint"] == "<1"


def test_imports_that_may_fail_are_not_asked(local: CommandLine, index: WheelIndex) -> None:
    index.add("click", "8.0", files={"click/__init__.py": ""})
    text = "import sys, typing\nimport click\n"
    text += "try:\n    import click.a\nexcept ImportError:\n    pass\n"
    text += "if typing.TYPE_CHECKING:\n    import click.b\n"
    text += "if sys.platform == 'win32':\n    import click.c\n"
    text += "if sys.version_info < (3,):\n    import click.d\n"
    assert unproved(lock(local, text)) == ""


def test_what_nothing_has_is_an_error(local: CommandLine, index: WheelIndex) -> None:
    for version in ("7.0", "8.0"):
        index.add("click", version, files={"click/__init__.py": ""})
    refused = lock(local, "import os\nimport click.sub\n")
    assert refused.code == 66
    assert "s.py:2: no package that may supply `click.sub` has it" in refused.err
    assert "looked at click 8.0, click 7.0" in refused.err
    assert '\n    "click.sub" = "pypi:<name>"\n' in refused.err
    assert not [*(local.folder / "locks").rglob("*.yml")]
    (local.folder / "condavision.toml").write_text(
        'channels = ["interpreters:"]\nimports = {"click.sub" = "pypi:click"}\n'
    )
    lock(local, "import click.sub\n").ok()


@pytest.mark.slow
def test_a_bound_that_cannot_be_solved_is_explained(local: CommandLine, index: WheelIndex) -> None:
    index.add("click", "7.0", "nowhere", files={"click/sub.py": ""})
    index.add("click", "8.0", files={"click/__init__.py": ""})
    refused = lock(local, "import click.sub\n")
    assert refused.code == 67
    assert "s.py:1: click 8.0 has no `click.sub`, and click 7.0 has" in refused.err
    assert not [*(local.folder / "locks").rglob("*.yml")]


DECLARED = "# /// script\n# dependencies = [{}]\n# ///\nimport click.sub\n"


@pytest.mark.slow
def test_what_a_script_declares_is_narrowed_and_never_overruled(
    local: CommandLine, index: WheelIndex
) -> None:
    index.add("click", "7.0", files={"click/sub.py": ""})
    index.add("click", "8.0", files={"click/__init__.py": ""})
    assert versions(lock(local, DECLARED.format('"click"')))["click"] == "7.0"
    shutil.rmtree(local.folder / "locks")
    pinned = lock(local, DECLARED.format('"click==8.0"'))
    assert versions(pinned)["click"] == "8.0"
    assert unproved(pinned) == "click.sub=absent"
    (checked,) = local("check", "s.py", "--json").ok().json()
    assert checked["notes"] == ["not proved: click.sub (missing in the declared package)"]


def test_releases_that_nobody_should_install_are_no_evidence(
    local: CommandLine, index: WheelIndex
) -> None:
    index.add("click", "7.0", files={"click/sub.py": ""})
    index.add("click", "7.1rc1", files={"click/sub.py": ""})
    index.add("click", "7.2", files={"click/sub.py": ""})
    index.add("click", "8.0", files={"click/__init__.py": ""})
    index.add_sdist("click", "7.5")
    page = index.folder / "simple" / "click" / "index.json"
    document = json.loads(page.read_text())
    for file in document["files"]:
        file["yanked"] = "7.2" in file["filename"]
    page.write_text(json.dumps(document))
    assert versions(lock(local, "import click.sub\n"))["click"] == "7.0"


def test_what_cannot_be_read_is_recorded(
    local: CommandLine, index: WheelIndex, index_server: Channel, home: Path
) -> None:
    index.add("click", "8.0")
    first = lock(local, "import click\n")
    proved = (local.folder / "locks").joinpath(first.json()[0]["lock"]).read_bytes()
    shutil.rmtree(local.folder / "locks")
    shutil.rmtree(home / "evidence")
    offline = lock(local, "import click\n", "--offline")
    assert unproved(offline) == "click=offline"
    (checked,) = local("check", "s.py", "--json").ok().json()
    assert checked["notes"] == ["not proved: click (offline)"]
    again = lock(local, "import click\n", "--upgrade")
    assert (local.folder / "locks").joinpath(again.json()[0]["lock"]).read_bytes() == proved


def test_a_source_distribution_is_not_proved(local: CommandLine, index: WheelIndex) -> None:
    index.add_sdist("click", "8.0")
    assert unproved(lock(local, "import click\n", "--allow-sdist")) == "click=source"


def parts(command: CommandLine, small_channel: SmallChannel) -> None:
    """Parts of a namespace in a trusted channel: two that the map has, and a stranger."""
    for part in ("nagl-models", "toolkit", "nonesuch"):
        module = part.replace("-", "_")
        file = PackageFile(f"site-packages/openff/{module}/__init__.py", b"x = 1\n")
        small_channel.add(replace(package(f"openff-{part}", "1.0"), entries=(file,)))
    config = command.folder / "condavision.toml"
    url = small_channel.url
    config.write_text(f'channels = ["{url}"]\ntrusted-channels = ["{url}"]\n')


def test_a_part_of_a_namespace_is_its_own_package(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    parts(command, small_channel)
    found = lock(command, "import openff.toolkit\n")
    assert "openff-toolkit" in versions(found)
    assert "openff-nagl-models" not in versions(found)


def test_a_part_that_the_map_lacks_is_unknown(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    parts(command, small_channel)
    refused = lock(command, "import openff.nonesuch\n")
    assert refused.code == 66
    assert "no known package for `import openff.nonesuch`" in refused.err


@pytest.mark.parametrize("ranges", [True, False])
def test_a_module_that_the_newest_conda_package_lacks(
    command: CommandLine, small_channel: SmallChannel, ranges: bool
) -> None:
    for version, files in (("1.0.3", ("moviepy/cutter.py",)), ("2.1", ()), ("2.2.1", ())):
        entries = [
            PackageFile(f"site-packages/{it}", b"x = 1\n") for it in ("moviepy/__init__.py", *files)
        ]
        small_channel.add(replace(package("moviepy", version), entries=tuple(entries)))
    small_channel.add(package("imageio-ffmpeg", "1.0"))
    small_channel.served.ranges = ranges
    platforms = ("--platform", "linux-64", "--platform", "osx-arm64")
    found = lock(command, "import moviepy.cutter\n", "-c", small_channel.http_url, *platforms)
    assert versions(found)["moviepy"] == "1.0.3"
    assert unproved(found) == ""
    assert learned(command)["moviepy.cutter"]["constraint"] == "<2"


def test_a_damaged_line_is_an_error_that_names_it(local: CommandLine) -> None:
    lock(local, "import os\n").ok()
    (local.folder / "locks" / "modules.yml").write_text("<<<<<<< HEAD\n")
    for words in ("lock s.py", "check s.py", "run s.py", "explain s.py"):
        refused = local(*words.split())
        assert refused.code == 72, words
        assert "modules.yml:1: not a valid entry" in refused.err + refused.out
