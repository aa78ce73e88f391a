"""Failed solves are reported in the user's terms: which file requires what, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compile_stage.conftest import Dated, package

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex

EVERYWHERE = ("--platform", "linux-64", "--platform", "osx-arm64", "--platform", "win-64")
TWO_FILES = {
    "web.py": '# /// script\n# dependencies = ["requests<2"]\n# ///\nimport helper, six\n',
    "helper.py": "import requests\nimport urllib3\n",
}
CONDA = '# /// script\n# [tool.condavision]\n# [tool.conda]\n# dependencies = ["{}"]\n# ///\n'


@pytest.fixture
def packaged(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project on a channel where not everything goes together, or is everywhere."""
    small_channel.add(
        package("requests", "1.0", "urllib3 <2"),
        package("requests", "2.0", "urllib3 >=2"),
        package("urllib3", "2.0"),
        package("six", "1.0"),
        Dated("onlylinux", "1.0", "h0_0", "linux-64", depends=("python",)),
    )
    return command


def lock(command: CommandLine, files: dict[str, str], *options: str) -> str:
    for name, text in files.items():
        (command.folder / name).write_text(text)
    refused = command("lock", "web.py", *options)
    assert refused.code == 67, refused.err
    assert "Traceback" not in refused.err
    assert not list((command.folder / "locks").glob("*.yml"))
    return refused.err


def test_a_conflict_names_the_files_and_lines_that_asked(packaged: CommandLine) -> None:
    said = lock(packaged, TWO_FILES)
    assert "requests 1.0 would require" in said
    assert "requests <2 (web.py:2)" in said
    assert "urllib3 (helper.py:2)" in said
    assert "six (web.py:4)" not in said
    assert "and 1 more" in said


def test_what_takes_a_folder_to_an_old_python_is_named(packaged: CommandLine) -> None:
    (packaged.folder / "web.py").write_text("import six\n")
    (packaged.folder / "old.py").write_text("print 1\n")
    refused = packaged("lock", "--together", ".")
    assert (refused.code, "run `condavision explain --together .`" in refused.err) == (67, True)
    assert "old.py:1 (print statement) takes all 2 scripts to Python >=2.7,<3" in refused.err
    assert "to lock it apart, run `condavision lock --together . old.py`" in refused.err


def test_a_conflict_on_every_platform_is_said_once(packaged: CommandLine) -> None:
    said = lock(packaged, TWO_FILES, *EVERYWHERE)
    assert said.count("requests 1.0 would require") == 1
    assert "linux-64, osx-arm64 and win-64" in said
    assert "omit" not in said


def test_what_one_platform_lacks_can_be_left_out_there(packaged: CommandLine) -> None:
    said = lock(packaged, {"web.py": CONDA.format("onlylinux")}, *EVERYWHERE)
    assert "onlylinux (web.py:4): no channel has it for osx-arm64 and win-64, but for" in said
    assert "condavision lock --platform linux-64 web.py" in said
    assert 'sys.platform != "darwin" and sys.platform != "win32"' in said


def test_what_no_platform_has_is_misspelt(packaged: CommandLine) -> None:
    said = lock(packaged, {"web.py": CONDA.format("reqests")}, *EVERYWHERE)
    assert "reqests (web.py:4): no channel has it" in said
    assert "check the spelling" in said


def test_a_version_that_does_not_exist(packaged: CommandLine) -> None:
    text = '# /// script\n# dependencies = ["requests>=99"]\n# ///\nimport requests\n'
    said = lock(packaged, {"web.py": text})
    assert "No candidates were found for requests >=99" in said
    assert "requests >=99 (web.py:2)" in said


WHEELS: list[tuple[str, list[tuple[str, str]]]] = [
    ("of one version", [("1", "py3-none-win_amd64")]),
    ("of several", [("1", "py3-none-win_amd64"), ("2", "py3-none-win32")]),
    ("of old versions for old Pythons", [("1", "cp27-none-win_amd64"), ("2", "py3-none-win32")]),
]


@pytest.mark.parametrize("wheels", [it[1] for it in WHEELS], ids=[it[0] for it in WHEELS])
def test_wheels_for_other_platforms(
    wheels: list[tuple[str, str]], index: WheelIndex, command: CommandLine
) -> None:
    for version, tag in wheels:
        index.add("onlywin", version, tag=tag)
    script = "# /// script\n# dependencies = ['onlywin']\n# ///\nimport onlywin\n"
    said = lock(command, {"web.py": script}, "--platform", "linux-64")
    assert "onlywin (web.py:2): its wheels on PyPI are for other platforms than linux-64" in said
    assert 'import it only on other platforms: if sys.platform != "linux": import ...' in said
    assert "conclude" not in said
    assert "relax" not in said
