"""What is wrong with the parameters that a script is given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condavision.analysis.parameters.interface import Bound, Plain


class Expected(StrEnum):
    """What a value has to be."""

    TEXT = "a string"
    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    DATE = "a date such as 2026-05-31"
    UUID = "a UUID"
    LIST = "a list"
    STRINGS = "a list of strings"
    OBJECT = "an object"


class Limit(StrEnum):
    """Why the command line of a script cannot carry a value."""

    DASH = "the script's parser would take it for an option"
    FILE = "the script's parser would take it for the name of a file with arguments"
    NUL = "an argument cannot hold a NUL character"
    SURROGATE = "it has to be valid Unicode"
    ORDER = "the arguments before it have to be given too"
    COMMAND = "the script's parser would take the command for one of its values"


@dataclass(frozen=True, slots=True)
class UnknownParameter:
    """The script has no such parameter; ``near`` are those with similar names."""

    name: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        guess = f"; did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"unknown parameter {self.name}{guess}"


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """The script has no such command."""

    name: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        guess = f"; did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"unknown command {self.name}{guess}"


@dataclass(frozen=True, slots=True)
class MissingParameter:
    """A required parameter is not given."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} is required"


@dataclass(frozen=True, slots=True)
class WrongType:
    """A value is of another type."""

    name: str
    expected: Expected

    def __str__(self) -> str:
        return f"{self.name} has to be {self.expected.value}"


@dataclass(frozen=True, slots=True)
class NotAChoice:
    """A value is none of those that are accepted."""

    name: str
    choices: tuple[Plain, ...]
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        guess = f"; did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"{self.name} has to be one of {', '.join(map(str, self.choices))}{guess}"


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A number is too small or too large."""

    name: str
    minimum: Bound | None
    maximum: Bound | None

    def __str__(self) -> str:
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and not low.is_open and not high.is_open:
            return f"{self.name} has to be from {low.value:g} to {high.value:g}"
        parts = []
        if self.minimum is not None:
            parts.append(
                f"{'more than' if self.minimum.is_open else 'at least'} {self.minimum.value:g}"
            )
        if self.maximum is not None:
            parts.append(
                f"{'less than' if self.maximum.is_open else 'at most'} {self.maximum.value:g}"
            )
        return f"{self.name} has to be {' and '.join(parts)}"


@dataclass(frozen=True, slots=True)
class WrongCount:
    """A list has too few or too many values."""

    name: str
    least: int
    most: int | None

    def __str__(self) -> str:
        if self.most is None:
            return f"{self.name} has to have at least {self.least} values"
        exactly = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{self.name} has to have {exactly} values"


@dataclass(frozen=True, slots=True)
class TooMany:
    """Parameters are given of which at most one may be."""

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first that is too many."""
        return self.names[1]

    def __str__(self) -> str:
        return f"only one of {', '.join(self.names)} may be given"


@dataclass(frozen=True, slots=True)
class NoneOf:
    """None of several parameters is given, of which one is required."""

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The first of them."""
        return self.names[0]

    def __str__(self) -> str:
        return f"one of {', '.join(self.names)} is required"


@dataclass(frozen=True, slots=True)
class Inexpressible:
    """The command line of the script cannot carry a value."""

    name: str
    limit: Limit

    def __str__(self) -> str:
        return f"{self.name} cannot have this value: {self.limit.value}"


Problem = (
    UnknownParameter
    | UnknownCommand
    | MissingParameter
    | WrongType
    | NotAChoice
    | OutOfRange
    | WrongCount
    | TooMany
    | NoneOf
    | Inexpressible
)


class InvalidParametersError(Exception):
    """A script cannot be given these parameters; ``problems`` are all that is wrong with them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
