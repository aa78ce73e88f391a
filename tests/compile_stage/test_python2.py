"""Python 2.7: pip solves for it what no channel has, as uv does for other Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from condavision.python2.run_pip import Job, resolve
from tests.command_line import InProcess
from tests.compile_stage.conftest import package, pythons

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel
    from tests.command_line import CommandLine, Finished
    from tests.compile_stage.conftest import MakeProject, SmallChannel
    from tests.compile_stage.wheels import WheelIndex


BOTH = "py2.py3-none-any"
SCRIPT = '# /// script\n# requires-python = "==2.7.*"\n# dependencies = [{}]\n# ///\n'


@pytest.fixture
def local(make_project: MakeProject, python2: Interpreter, index: WheelIndex) -> CommandLine:
    """A project on this machine's interpreters and an index of wheels."""
    return InProcess(make_project({"condavision.toml": 'channels = ["interpreters:"]\n'}))


@pytest.fixture
def everywhere(
    command: CommandLine, small_channel: SmallChannel, python2: Interpreter
) -> CommandLine:
    """A project on a channel that has Python 2.7 for three platforms."""
    small_channel.add(*pythons("2.7.18"))
    return command


def lock(command: CommandLine, requirements: str, *options: str) -> Finished:
    (command.folder / "web.py").write_text(SCRIPT.format(requirements))
    return command("lock", "web.py", "--json", *options)


def packages(command: CommandLine, requirements: str, *options: str) -> list[dict[str, Any]]:
    (locked,) = lock(command, requirements, *options).ok().json()
    with open(locked["lock"], encoding="utf-8") as stream:  # noqa: PTH123
        found: list[dict[str, Any]] = yaml.safe_load(stream)["package"]
    return [entry for entry in found if entry["manager"] == "pip"]


def versions(command: CommandLine, requirements: str, *options: str) -> dict[str, str]:
    return {it["name"]: it["version"] for it in packages(command, requirements, *options)}


@pytest.mark.slow
def test_each_platform_gets_its_wheels_and_what_its_markers_ask_for(
    everywhere: CommandLine, index: WheelIndex
) -> None:
    for tag in ("manylinux1_x86_64", "win_amd64", "macosx_11_0_arm64"):
        abi = "cp27mu" if "linux" in tag else "cp27m"
        extra = 'windows; sys_platform == "win32"', 'newer; python_version >= "3"'
        index.add("compiled", "1.0", *extra, tag=f"cp27-{abi}-{tag}")
        index.add("compiled", "2.0", tag=f"cp312-cp312-{tag}")
    index.add("windows", "1.0", tag=BOTH)
    places = ("linux-64", "osx-arm64", "win-64")
    found = packages(
        everywhere, '"compiled"', *(word for place in places for word in ("--platform", place))
    )
    assert [(it["platform"], it["url"].rpartition("/")[2]) for it in found] == [
        ("linux-64", "compiled-1.0-cp27-cp27mu-manylinux1_x86_64.whl"),
        ("osx-arm64", "compiled-1.0-cp27-cp27m-macosx_11_0_arm64.whl"),
        ("win-64", "compiled-1.0-cp27-cp27m-win_amd64.whl"),
        ("win-64", "windows-1.0-py2.py3-none-any.whl"),
    ]
    assert all(len(it["hash"]["sha256"]) == 64 for it in found)


@pytest.mark.slow
def test_what_conda_supplies_is_left_to_it(
    everywhere: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("six", "1.16"))
    index.add("addon", "1.0", "six>=1", tag=BOTH)
    index.add("six", "1.99", tag=BOTH)
    assert versions(everywhere, '"addon", "six"') == {"addon": "1.0"}
    index.add("addon", "2.0", "six>=2", tag=BOTH)
    refused = lock(everywhere, '"addon>=2", "six"')
    assert refused.code == 67
    assert "conflict with conda packages (six 1.16)" in refused.err
    assert "addon 2.0 depends on six>=2" in refused.err


@pytest.mark.slow
def test_versions_are_kept_until_asked_for_and_not_newer_than_wanted(
    local: CommandLine, index: WheelIndex
) -> None:
    index.add("one", "1.0", tag=BOTH, date="2025-02-01")
    index.add("two", "1.0", tag=BOTH, date="2025-02-01")
    assert versions(local, '"one"') == {"one": "1.0"}
    index.add("one", "2.0", tag=BOTH, date="2025-04-01")
    assert versions(local, '"one", "two"') == {"one": "1.0", "two": "1.0"}
    assert versions(local, '"one"', "--upgrade") == {"one": "2.0"}
    dated = ("--exclude-newer", "2025-03-01", "--upgrade")
    assert versions(local, '"one"', *dated) == {"one": "1.0"}
    refused = lock(local, '"one>=2"', *dated)
    assert refused.code == 67
    assert "--exclude-newer LATER-DATE" in refused.err


@pytest.mark.slow
def test_why_there_is_no_solution(local: CommandLine, index: WheelIndex) -> None:
    index.add("addon", "1.0", "one>=2", tag=BOTH)
    index.add("one", "1.0", tag=BOTH)
    index.add("one", "2.0", tag="py3-none-any")
    refused = lock(local, '"addon"')
    assert refused.code == 67
    assert "no wheels for Python 2.7" in refused.err
    assert "addon 1.0 depends on one>=2" in refused.err
    assert "allow-sdist" not in refused.err
    index.add_sdist("one", "2.1", "raise SystemExit('wrong')\n")
    assert "condavision lock --allow-sdist web.py" in lock(local, '"addon"').err
    broken = lock(local, '"addon"', "--allow-sdist")
    assert broken.code == 67
    assert "ended with: wrong" in broken.err


@pytest.mark.slow
def test_offline_needs_what_was_read_before(
    local: CommandLine, index: WheelIndex, index_server: Channel, home: Path
) -> None:
    index.add("one", "1.0", tag=BOTH)
    before = packages(local, '"one"')
    index_server.close()
    assert packages(local, '"one"', "--upgrade", "--offline") == before
    unread = lock(local, '"two"', "--offline")
    assert unread.code == 69
    assert "were never read while online" in unread.err
    for tools in (home / "python2").glob("tools-*"):
        tools.unlink()
    bare = lock(local, '"two"', "--offline")
    assert bare.code == 69
    assert "pip 20.3.4, which resolves and builds for Python 2.7, was never fetched" in bare.err


@pytest.mark.slow
def test_a_private_index_lets_in_who_has_the_word_and_nothing_keeps_it(
    local: CommandLine,
    index: WheelIndex,
    index_server: Channel,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.add("one", "1.0", tag=BOTH)
    index_server.credentials = "user:sesame"
    refused = lock(local, '"one"')
    assert refused.code == 69
    assert "refuses access (401)" in refused.err
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"shop={index_server.http_url}/simple")
    monkeypatch.setenv("UV_INDEX_SHOP_USERNAME", "user")
    monkeypatch.setenv("UV_INDEX_SHOP_PASSWORD", "sesame")
    found = lock(local, '"one"').ok()
    written = [path for folder in (local.folder, home) for path in folder.rglob("*")]
    kept = [it for it in written if it.is_file() and b"sesame" in it.read_bytes()]
    assert not kept
    assert "sesame" not in found.out + found.err


def test_an_index_that_has_pages_alone_and_the_first_that_has_a_project(
    python2: Interpreter,
    python2_tools: Path,
    home: Path,
    index: WheelIndex,
    index_server: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.add("one", "1.0", tag=BOTH)
    index.as_html()
    index_server.index = ("index.html", "text/html")
    other = type(index)(index_server.path / "other")
    other.add("one", "9.0", tag=BOTH)
    other.add("two", "1.0", tag=BOTH)
    other.as_html()
    monkeypatch.setenv("UV_INDEX", f"{index_server.http_url}/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index_server.http_url}/other/simple")
    answer = resolve(python2.executable, python2_tools, home, Job(("one", "two")))
    assert answer.kind == "solved", answer
    assert {it["name"]: it["version"] for it in answer.found["packages"]} == {
        "one": "1.0",
        "two": "1.0",
    }
