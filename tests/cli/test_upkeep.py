"""The options of `clean`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.cli.wording import bytes_words
from tests.command_line import CONDAVISION, on_terminal

if TYPE_CHECKING:
    from tests.command_line import CommandLine


@pytest.mark.parametrize(
    "some", [["--unused-for", "30"], ["--keep", "0"], ["--unreferenced"], ["name"]], ids=" ".join
)
def test_all_and_some_contradict_each_other(command: CommandLine, some: list[str]) -> None:
    command("lock", "s.py").ok()
    prefix = Path(command("path", "s.py").ok().out.strip())
    refused = command("clean", "--all", *some)
    assert (refused.code, prefix.exists()) == (2, True)
    assert "--all" in refused.err
    command("clean", "--all", "--caches").ok()
    assert not prefix.exists()


@pytest.mark.slow  # installs
def test_the_environments_of_a_script(command: CommandLine) -> None:
    command("lock", "s.py").ok()
    prefix = Path(command("path", "s.py").ok().out.strip())
    for removal in (["clean", "s.py"], ["clean", "--all"]):
        words = [*CONDAVISION, "-C", str(command.folder), *removal]
        if "--all" in removal:
            asked = on_terminal(words, typed="n\n", code=130)
            assert "Remove 1 environment (" in asked
            assert prefix.exists()
            assert "removed 1 environment (" in on_terminal(words, typed="y\n")
        else:
            assert "removed 1 environment (" in command(*removal).ok().err
            assert not prefix.exists()
            assert "has no environment in the cache" in command(*removal).err
            command("path", "s.py").ok()
    assert not prefix.exists()


@pytest.mark.slow  # installs
def test_a_script_is_listed_by_its_path_and_what_is_freed_adds_up(command: CommandLine) -> None:
    (command.folder / "etl").mkdir()
    (command.folder / "s.py").rename(command.folder / "etl" / "main.py")
    command("lock", "etl/main.py").ok()
    command("run", "etl/main.py").ok()
    assert "  etl/main.py  " in command("list").ok().out
    [listed] = command("list", "--json").ok().json()
    assert listed["freed"] < listed["size"]
    cleaned = command("clean", "etl/main.py").ok()
    freed = bytes_words(listed["freed"])
    assert f"  {freed}  " in cleaned.out
    assert f"removed 1 environment ({freed})" in cleaned.err
