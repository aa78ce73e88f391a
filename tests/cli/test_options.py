"""Names on the command line that name nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from condavision.cli import group
from condavision.cli.command import OnceEach
from tests.command_line import InProcess

if TYPE_CHECKING:
    from tests.command_line import CommandLine

EMPTY = [
    ["run", ""],
    ["lock", ""],
    ["lock", "-c", "", "s.py"],
    ["lock", "-m", ""],
    ["check", ""],
    ["explain", ""],
    ["path", ""],
    ["install", ""],
    ["export", "--format", "explicit", ""],
    ["lock"],
    ["run"],
    ["explain"],
]

WITHOUT_VALUE = [["lock", "-m"], ["run", "-m"], ["run", "-q", "-m"], ["run", "--locks"]]


@pytest.mark.parametrize("words", WITHOUT_VALUE, ids=" ".join)
def test_an_option_without_its_value_is_named(words: list[str], command: CommandLine) -> None:
    failed = command(*words)
    assert failed.code == 2
    assert f"option `{words[-1]}` requires an argument" in failed.err


@pytest.mark.parametrize("words", EMPTY, ids=[" ".join(words) or "none" for words in EMPTY])
def test_an_empty_name_is_no_script(words: list[str], command: CommandLine) -> None:
    failed = command(*words)
    assert failed.code == 2
    given = ("empty", "give ", "folder or module given")
    assert any(words in failed.err for words in given)


TWICE = [
    ["lock", "--python", "3.11", "--python=3.12", "s.py"],
    ["run", "--locks", "a", "--locks", "a", "s.py"],
    ["-C", ".", "-C", "sub", "check"],
    ["map", "-j1", "-j2", "s.py", "x"],
    ["export", "s.py", "--format", "explicit", "--format", "dockerfile"],
]


@pytest.mark.parametrize("words", TWICE, ids=" ".join)
def test_an_option_with_one_value_is_given_once(words: list[str], command: CommandLine) -> None:
    refused = InProcess(command.folder)(*words)
    assert refused.code == 2
    assert " is given twice\n  hint: give it once\n" in refused.err


def test_options_with_several_values_and_flags_are_repeatable(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("print('1')")
    words = ["lock", "-q", "-q", "-c", "interpreters:", "-c", "interpreters:", "s.py"]
    InProcess(command.folder)(*words).ok()


def test_every_command_refuses_options_given_twice() -> None:
    assert all(isinstance(it, OnceEach) for it in (group, *group.commands.values()))


def test_every_value_is_named() -> None:
    """What an option takes is a word that says it, not a type of click."""
    for command in group.commands.values():
        for option in command.get_params(click.Context(command)):
            if isinstance(option, click.Option) and not (option.is_flag or option.hidden):
                shown = option.make_metavar(click.Context(command))
                assert shown not in {"TEXT", "DIRECTORY", "PATH"}, (command.name, option.name)


def test_a_target_that_has_to_be_given_is_not_in_brackets() -> None:
    for name in ("export", "vscode", "path", "kernel", "explain", "lock", "annotate"):
        command = group.commands[name]
        usage = command.collect_usage_pieces(click.Context(command))
        assert not usage[1].startswith("["), name
