"""The command line of a script: its parameters, its commands, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condavision.core.model import SourceLocation

Plain = bool | int | float | str
"""What a default or a choice is made of."""


class Framework(StrEnum):
    """What reads the command line of a script."""

    NONE = "none"
    """Nothing that reads it was found."""
    ARGPARSE = "argparse"
    OPTPARSE = "optparse"
    CLICK = "click"
    TYPER = "typer"
    FIRE = "fire"
    OTHER = "other"
    """Something else: the script's own code, or a library that is not read here."""


class ValueType(StrEnum):
    """What the text of a value has to be."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    """A word for true or false, not the presence of a flag."""
    TRUTH = "truth"
    """A text that is true unless it is empty: ``type=bool`` of argparse."""
    DATE = "date"
    """A date as ISO 8601 spells it: ``2026-05-31``."""
    UUID = "uuid"
    PATH = "path"
    INPUT_FILE = "input-file"
    """A file that has to be there; ``-`` is standard input."""
    OUTPUT_FILE = "output-file"
    FOLDER = "folder"
    JSON = "json"
    LITERAL = "literal"
    """A Python literal."""


class Use(StrEnum):
    """What giving a parameter does."""

    VALUE = "value"
    """It has one value, or as many as ``Count`` says."""
    REPEATED = "repeated"
    """It may be given several times, each with such a value."""
    FLAG = "flag"
    """It has no value: it is given or not."""
    COUNT = "count"
    """It has no value: how often it is given matters."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many values are given at a time; ``most`` is None where any number may be.

    ``is_list``: they are a list even where one is enough.
    """

    least: int = 1
    most: int | None = 1
    is_list: bool = False


ONE = Count()


@dataclass(frozen=True, slots=True)
class Bound:
    """The least or the largest number that is accepted, or the first beyond it."""

    value: float
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option or a positional argument.

    ``name`` is how it is spelled, without dashes: ``start_date`` for ``--start-date``.
    ``options`` are its spellings, none for a positional argument, and ``negations`` those that
    switch it off. ``types`` has one type for each value of a fixed number of them, else one.
    ``takes_rest``: whatever follows belongs to it, options too. ``bare``: an option whose value may
    be left out. ``default`` is None where there is none and where it is ``computed``.
    """

    name: str
    location: SourceLocation
    options: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    use: Use = Use.VALUE
    types: tuple[ValueType, ...] = (ValueType.STRING,)
    count: Count = ONE
    choices: tuple[Plain, ...] = ()
    ignores_case: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    required: bool = False
    bare: bool = False
    takes_rest: bool = False
    default: Plain | tuple[Plain, ...] | None = None
    computed: bool = False
    metavar: str = ""
    help: str = ""
    group: str = ""
    hidden: bool = False

    @property
    def is_positional(self) -> bool:
        """Whether its place on the command line says what it is."""
        return not self.options

    @property
    def is_list(self) -> bool:
        """Whether several values are given at a time."""
        return self.count.is_list or self.count.most != 1


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Parameters, by name, of which at most one may be given; ``required``: exactly one."""

    names: tuple[str, ...]
    required: bool = False


class UnreadReason(StrEnum):
    """Why a part of the command line is not known."""

    COMPUTED = "computed"
    """The names of an option or a command are computed."""
    COMPUTED_COUNT = "computed-count"
    """How many values an option has is computed."""
    CONDITIONAL = "conditional"
    """It is added under a condition, or in a loop, that only a run decides."""
    CUSTOM_ACTION = "custom-action"
    """A class of the script decides what an option takes; detail: its name."""
    PASSED_ON = "passed-on"
    """A parser is handed to code that may add to it; detail: whose."""
    DECORATOR = "decorator"
    """A decorator may add parameters; detail: its name."""
    REST_ALLOWED = "rest-allowed"
    """Arguments beyond those declared are accepted."""
    ARGV = "argv"
    """``sys.argv`` is read without a parser."""
    OTHER_ARGUMENTS = "other-arguments"
    """What is parsed is computed, and may not be the command line."""
    SEVERAL = "several"
    """Another parser reads the command line too."""
    LIBRARY = "library"
    """A library that is not read here; detail: its name."""
    NOT_FOLLOWED = "not-followed"
    """A library that reads command lines is imported, but its use was not found; detail: which."""
    NAME = "name"
    """The name of a command depends on the version of click; detail: that of the function."""
    SYNTAX = "syntax"
    """The file has parts that are not valid Python."""
    TOO_MUCH = "too-much"
    """The script does too much before it reads its command line."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of the command line that is not known, and why."""

    reason: UnreadReason
    location: SourceLocation
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its names, the first of them preferred, and its own command line."""

    names: tuple[str, ...]
    interface: Interface
    help: str = ""

    @property
    def name(self) -> str:
        """The preferred name."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Interface:
    """The command line of a script, or of one of its commands.

    ``parameters`` are in the order of the code, which is that of positional arguments. What
    ``unread`` names is missing from them. ``file_prefix`` are the characters that make an
    argument the name of a file with arguments (argparse's ``fromfile_prefix_chars``).
    """

    framework: Framework
    parameters: tuple[Parameter, ...] = ()
    exclusive: tuple[Exclusive, ...] = ()
    commands: tuple[Command, ...] = ()
    command_required: bool = False
    unread: tuple[Unread, ...] = ()
    description: str = ""
    file_prefix: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything that the script takes was read."""
        return not self.unread and all(it.interface.is_complete for it in self.commands)


def with_unread(interface: Interface, more: tuple[Unread, ...]) -> Interface:
    """Return an interface with further parts that were not read, each once."""
    return replace(interface, unread=tuple(dict.fromkeys((*interface.unread, *more))))
