"""Requirements that only some Pythons have: in the set, and locked with those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.compile_stage.conftest import package, pythons, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

FALLBACK = """\
try:
    import tomllib
except ImportError:
    import tomli as tomllib
"""
CHECKED = """\
import sys
if sys.version_info < (3, 11):
    import tomli
else:
    import tomllib
"""
PREFERRED = """\
try:
    import tomli
except ImportError:
    import tomllib as tomli
tomli.loads("")
"""
MEMBER = """\
try:
    from typing import Self
except ImportError:
    from typing_extensions import Self
"""
LAZY = """\
import sys
def read():
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli
"""

BELOW_3_11 = {
    "a fallback": (FALLBACK, "tomli"),
    "a version check": (CHECKED, "tomli"),
    "the first choice": (PREFERRED, "tomli"),
    "a name of a module": (MEMBER, "typing_extensions"),
    "in a function": (LAZY, "tomli"),
}  # fmt: skip


@pytest.fixture
def channel(small_channel: SmallChannel) -> SmallChannel:
    small_channel.add(
        *pythons("3.10.4", "3.11.2", "3.13.0"),
        package("tomli", "2.0"),
        package("typing_extensions", "4.0"),
        package("exceptiongroup", "1.0"),
        package("requests", "2.31"),
        package("old-only", "1.0", "python <3.11"),
        package("middle-only", "1.0", "python <3.13"),
    )
    return small_channel


@pytest.fixture
def locked(command: CommandLine, channel: SmallChannel) -> Callable[..., dict[str, str]]:
    def lock(text: str, *options: str) -> dict[str, str]:
        (command.folder / "web.py").write_text(text)
        found = versions(command("lock", "web.py", "--json", *options))
        command("check", "web.py").ok()
        return found

    return lock


def declaring(requirements: str, text: str, pythons: str = "") -> str:
    line = f'# requires-python = "{pythons}"\n' if pythons else ""
    return f"# /// script\n{line}# dependencies = [{requirements}]\n# ///\n{text}"


@pytest.mark.parametrize(("text", "name"), BELOW_3_11.values(), ids=BELOW_3_11)
def test_an_older_python_gets_what_it_needs(
    locked: Callable[..., dict[str, str]], text: str, name: str
) -> None:
    assert set(locked(text)) == {"python"}
    for old in (
        locked(declaring('"old-only"', text)),
        locked(declaring("", text, "<3.11")),
    ):
        assert old["python"] == "3.10.4"
        assert name in old


def test_the_environment_file_lists_it(
    command: CommandLine, channel: SmallChannel, locked: Callable[..., dict[str, str]]
) -> None:
    locked(declaring('"old-only"', FALLBACK))
    (environment,) = (command.folder / "locks").glob("*.environment.yml")
    listed = yaml.safe_load(environment.read_text())["dependencies"]
    assert [entry.partition(" ")[0] for entry in listed] == ["python", "old-only", "tomli"]


def test_a_python_that_is_chosen_for_one_platform_only(
    command: CommandLine, channel: SmallChannel
) -> None:
    channel.add(package("native", "1.0", "python <3.11", subdir="osx-arm64"))
    channel.add(package("native", "1.0", subdir="linux-64"))
    (command.folder / "web.py").write_text(declaring('"native"', FALLBACK))
    command("lock", "web.py", "--platform", "linux-64", "--platform", "osx-arm64").ok()
    (path,) = (command.folder / "locks").glob("*.conda-lock.yml")
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["package"]
    pythons_of = {it["platform"]: it["version"] for it in found if it["name"] == "python"}
    assert pythons_of == {"linux-64": "3.13.0", "osx-arm64": "3.10.4"}
    assert {it["platform"] for it in found if it["name"] == "tomli"} == {"osx-arm64"}


def test_markers_are_conditions(locked: Callable[..., dict[str, str]]) -> None:
    marked = (
        "\"tomli>=9; python_version < '3.8'\", \"exceptiongroup; python_version < '3.11'\","
        " \"typing_extensions; python_version >= '3.13'\""
    )
    assert set(locked(declaring(marked, ""))) == {"python", "typing_extensions"}
    assert set(locked(declaring(f'{marked}, "old-only"', ""))) == {
        "python",
        "exceptiongroup",
        "old-only",
    }


def test_what_is_needed_may_call_for_an_older_python(locked: Callable[..., dict[str, str]]) -> None:
    marked = "\"middle-only; python_version >= '3.13'\""
    found = locked(declaring(marked, ""))
    assert found["python"] == "3.12.1"


def test_what_no_channel_has_is_only_asked_for_where_it_is_needed(
    command: CommandLine, locked: Callable[..., dict[str, str]]
) -> None:
    text = "# [imports]\nimport sys\nif sys.version_info < (3, 11):\n    import nowhere_at_all\n"
    with (command.folder / "condavision.toml").open("a") as stream:
        stream.write('[imports]\nnowhere_at_all = "nowhere"\n')
    assert set(locked(text)) == {"python"}
    (command.folder / "web.py").write_text(declaring('"old-only"', text))
    refused = command("lock", "web.py")
    assert refused.code == 67
    assert "no channel has it" in refused.err


def test_explain_tells_them_apart(command: CommandLine, channel: SmallChannel) -> None:
    (command.folder / "web.py").write_text(FALLBACK)
    said = command("explain", "web.py", "--json").ok().json()
    assert said["pypi"] == []
    assert said["conditional"] == [
        {"requirement": "tomli", "conda": "tomli", "python": ">=3.10,<3.11"}
    ]
    (line,) = [it for it in said["imports"] if it["name"] == "tomli"]
    assert line["why"].endswith("fallback of another import, needed on Python >=2.7,<3.11")
