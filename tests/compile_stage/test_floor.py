"""Requirements that no Python of ``python-floor`` has: locked for older ones, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compile_stage.conftest import package, pythons

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex

SCRIPT = "# /// script\n# dependencies = [{}]\n# ///\n"
SAID = "web.py: no packages for Python >=3.10 (`python-floor`) meet its requirements"


@pytest.fixture
def packaged(command: CommandLine, small_channel: SmallChannel, index: WheelIndex) -> CommandLine:
    small_channel.add(
        *pythons("3.8.18", "3.9.18"),
        package("requests", "1.0", "python <3.9"),
        package("requests", "2.0"),
    )
    index.add("wheels", "1.0", tag="cp38-none-any")
    index.add("wheels", "2.0")
    return command


OLDER = {
    "of a conda channel": '"requests<2"',
    "of PyPI": '"wheels<2"',
    "of both": '"requests<2", "wheels"',
}


@pytest.mark.parametrize("dependencies", OLDER.values(), ids=OLDER)
def test_older_pythons_are_used_where_only_they_have_packages(
    dependencies: str, packaged: CommandLine
) -> None:
    (packaged.folder / "web.py").write_text(SCRIPT.format(dependencies))
    first = packaged("lock", "web.py", "--json").ok()
    locked = first.json()[0]
    assert locked["packages"]["python"] == "3.8.18"
    assert f"{SAID}, so an older Python is used: 3.8.18" in first.out
    again = packaged("lock", "web.py", "--json").ok()
    assert (again.json()[0]["status"], again.json()[0]["hash"]) == ("reused", locked["hash"])
    assert again.err == ""
    packaged("check", "web.py").ok()
    upgraded = packaged("lock", "--upgrade", "web.py", "--json").ok()
    assert (SAID in upgraded.out, upgraded.json()[0]["hash"]) == (True, locked["hash"])
    (packaged.folder / "web.py").write_text("import requests\n")
    newest = packaged("lock", "--upgrade", "web.py", "--json").ok()
    assert newest.json()[0]["packages"]["python"] == "3.12.1"
    assert "python-floor" not in (packaged.folder / "locks" / "scripts.yml").read_text()


NOT_OLDER = {
    "the code needs a newer one": ("import tomllib\n", ()),
    "a newer one is chosen": ("", ("--python", "3.12")),
}


@pytest.mark.parametrize(("code", "options"), NOT_OLDER.values(), ids=NOT_OLDER)
def test_what_older_pythons_cannot_solve_either_is_said_of_the_newest(
    code: str, options: tuple[str, ...], packaged: CommandLine
) -> None:
    (packaged.folder / "web.py").write_text(SCRIPT.format(OLDER["of a conda channel"]) + code)
    failed = packaged("lock", "web.py", *options)
    assert (failed.code, SAID in failed.err) == (67, False)
    assert "requests <2 (web.py:2)" in failed.err


def test_the_error_is_that_of_newer_pythons(packaged: CommandLine) -> None:
    (packaged.folder / "web.py").write_text(SCRIPT.format('"requests>=9"'))
    failed = packaged("lock", "web.py")
    assert (failed.code, SAID in failed.err) == (67, False)
    assert failed.err.count("no set of packages") == 1
    assert "required: python >=3.10; requests >=9" in failed.err
