"""The values of a script's expressions, as far as they are known without running it.

A constant is itself; a list and a dictionary hold values. Everything else is a :class:`Value`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.model import SourceLocation

Conditions = tuple[int, ...]
"""What has to be the case at a place, a number for each condition that only a run decides."""


class Value:
    """Something that is not a constant; what is not known about it is :data:`UNKNOWN`."""

    def attribute(self, _name: str) -> Any:
        """Return an attribute."""
        return UNKNOWN

    def call(self, _call: Call) -> Any:
        """Return what calling it returns."""
        return UNKNOWN


class Unknown(Value):
    """A value that only a run of the script decides."""


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Argv(Value):
    """``sys.argv``, with the name of the script in front or without."""

    whole: bool


ARGV = Argv(whole=True)
ARGUMENTS = Argv(whole=False)


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of a call; not ``exact``: there may be more of them."""

    positional: tuple[Any, ...]
    named: dict[str, Any]
    exact: bool
    location: SourceLocation
    conditions: Conditions = ()

    def get(self, name: str, position: int | None = None, default: Any = None) -> Any:
        """Return an argument by its name or its position."""
        if name in self.named:
            return self.named[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        return default if self.exact else UNKNOWN

    def text(self, name: str, position: int | None = None) -> str:
        """Return an argument that is a text, an empty one where it is not known."""
        value = self.get(name, position)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Imported(Value):
    """Something of a module that is not followed, by its absolute dotted name."""

    name: str

    def attribute(self, name: str) -> Any:
        return Imported(f"{self.name}.{name}")


@dataclass(frozen=True)
class Generic(Value):
    """A subscript of something imported: ``Optional[int]``; ``int | None`` is a ``Union``."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class Builtin(Value):
    """A function of our own; the name is that of the library's function it stands for."""

    function: Callable[[Call], Any]
    name: str = ""

    def call(self, call: Call) -> Any:
        return self.function(call)


class Items(list[Any]):
    """A list of the script, with the conditions it is made under."""

    conditions: Conditions = ()


class Mapping(dict[Any, Any]):
    """A dictionary of the script, with the conditions it is made under."""

    conditions: Conditions = ()


def dotted_name(value: Any) -> str:
    """Return the absolute name of something of a library or of Python, else an empty one."""
    return value.name if isinstance(value, (Imported, Builtin)) else ""


def is_concrete(value: Any) -> bool:
    """Return whether a value consists of constants alone."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(is_concrete, value))
    if isinstance(value, dict):
        return all(map(is_concrete, value)) and all(map(is_concrete, value.values()))
    return not isinstance(value, Value)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are known to be equal."""
    if one is other:
        return True
    if isinstance(one, Value) or isinstance(other, Value):
        return bool(one == other)
    if type(one) is not type(other):
        return False
    return is_concrete(one) and is_concrete(other) and bool(one == other)


def holds(made: Conditions, now: Conditions) -> bool:
    """Return whether something made under some conditions is certainly reached now."""
    return made[: len(now)] == now
