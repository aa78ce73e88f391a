"""The commands of a script, and the name of each parameter that a command has."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.analysis.parameters.interface import Command, Interface, Parameter, Unread

ARGS, STDIN, PARAMETERS, COMMAND = "args", "stdin", "parameters", "command"

RESERVED = (ARGS, STDIN, PARAMETERS)
"""What stands in a document beside the parameters: raw arguments, the input, or all of them."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command with those it is part of: the script itself first, then ``words``."""

    words: tuple[str, ...]
    levels: tuple[Interface, ...]
    help: str = ""

    @property
    def name(self) -> str:
        """The words of the command, empty for the script itself."""
        return " ".join(self.words)

    def parameters(self) -> dict[str, tuple[int, Parameter]]:
        """Return the parameters by a name that no other has, with the level of each.

        Of several with one name, the innermost has it; the others go by their option.
        """
        found: dict[str, tuple[int, Parameter]] = {}
        taken = {COMMAND} if self.levels[0].commands else set()
        for level in reversed(range(len(self.levels))):
            for it in self.levels[level].parameters:
                names = chain((it.name, *it.options), (f"{it.name}_{n}" for n in count(2)))
                name = next(name for name in names if name not in taken and name not in found)
                found[name] = (level, it)
        return found


def command_lines(interface: Interface) -> tuple[CommandLine, ...]:
    """Return what can be run: the script itself, unless it wants a command, and its commands."""
    return tuple(_lines(interface, CommandLine((), (interface,))))


def _lines(interface: Interface, line: CommandLine) -> Iterator[CommandLine]:
    if not (interface.commands and interface.command_required):
        yield line
    for command in interface.commands:
        words, levels = (*line.words, command.name), (*line.levels, command.interface)
        yield from _lines(command.interface, CommandLine(words, levels, command.help))


def find_command(interface: Interface, name: str) -> CommandLine | None:
    """Return the command that some words name, by its aliases too."""
    line = CommandLine((), (interface,))
    for word in name.split():
        found = _command(line.levels[-1].commands, word)
        if found is None:
            return None
        words, levels = (*line.words, found.name), (*line.levels, found.interface)
        line = CommandLine(words, levels, found.help)
    return line


def _command(commands: Iterable[Command], word: str) -> Command | None:
    return next((it for it in commands if word in it.names), None)


def unread_of(interface: Interface) -> tuple[Unread, ...]:
    """Return what is not known of a command line and of those of its commands."""
    inner = (it for command in interface.commands for it in unread_of(command.interface))
    return tuple(dict.fromkeys((*interface.unread, *inner)))


def near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a name is likely meant to be."""
    known = {it.lower().replace("-", "_").strip("_"): it for it in names}
    meant = name.lower().replace("-", "_").strip("_")
    return tuple(known[it] for it in get_close_matches(meant, known, n=3, cutoff=0.6))


def is_nested(line: CommandLine) -> bool:
    """Return whether a script has parameters of reserved names: they then stand by themselves."""
    return not set(RESERVED).isdisjoint(line.parameters())
