"""Values of parameters, checked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from condavision.analysis.parameters.interface import Use, ValueType
from condavision.parameters.naming import near
from condavision.parameters.problems import (
    Expected,
    NotAChoice,
    OutOfRange,
    WrongCount,
    WrongType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.parameters.interface import Parameter
    from condavision.parameters.problems import Problem


def problems_of(parameter: Parameter, name: str, value: Any) -> Iterator[Problem]:
    """Yield what is wrong with the value of a parameter."""
    match parameter.use:
        case Use.FLAG:
            if not isinstance(value, bool):
                yield WrongType(name, Expected.BOOLEAN)
        case Use.COUNT:
            if not _is_integer(value) or value < 0:
                yield WrongType(name, Expected.INTEGER)
        case Use.REPEATED:
            if not isinstance(value, list):
                yield WrongType(name, Expected.LIST)
            else:
                for one in value:
                    yield from _values(parameter, name, one)
        case Use.VALUE:
            yield from _values(parameter, name, value)


def _values(parameter: Parameter, name: str, value: Any) -> Iterator[Problem]:
    if not parameter.is_list:
        if not (parameter.bare and value is True):
            yield from _one(parameter, name, value, parameter.types[0])
        return
    if not isinstance(value, list):
        yield WrongType(name, Expected.LIST)
        return
    least, most = parameter.count.least, parameter.count.most
    if parameter.is_positional and not parameter.required:
        least = 0
    if len(value) < least or (most is not None and len(value) > most):
        yield WrongCount(name, least, most)
        return
    for at, one in enumerate(value):
        value_type = parameter.types[at if len(parameter.types) > 1 else 0]
        yield from _one(parameter, name, one, value_type)


def _one(parameter: Parameter, name: str, value: Any, value_type: ValueType) -> Iterator[Problem]:
    expected = wrong_type(value, value_type)
    if expected is not None:
        yield WrongType(name, expected)
    elif parameter.choices and not _is_choice(parameter, value):
        likely = near(value, map(str, parameter.choices)) if isinstance(value, str) else ()
        yield NotAChoice(name, parameter.choices, likely)
    elif isinstance(value, (int, float)) and not _is_within(parameter, value):
        yield OutOfRange(name, parameter.minimum, parameter.maximum)


def wrong_type(value: Any, value_type: ValueType) -> Expected | None:
    """Return what a value has to be, None where it is that."""
    match value_type:
        case ValueType.JSON | ValueType.LITERAL:
            return None
        case ValueType.INTEGER:
            return None if _is_integer(value) else Expected.INTEGER
        case ValueType.NUMBER:
            is_number = isinstance(value, float) or _is_integer(value)
            return None if is_number else Expected.NUMBER
        case ValueType.BOOLEAN | ValueType.TRUTH:
            return None if isinstance(value, bool) else Expected.BOOLEAN
    if not isinstance(value, str):
        return Expected.TEXT
    if value_type is ValueType.DATE and not _reads(date.fromisoformat, value):
        return Expected.DATE
    if value_type is ValueType.UUID and not _reads(UUID, value):
        return Expected.UUID
    return None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _reads(read: Any, value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _is_choice(parameter: Parameter, value: Any) -> bool:
    if parameter.ignores_case and isinstance(value, str):
        return value.casefold() in {str(it).casefold() for it in parameter.choices}
    return any(type(it) is type(value) and it == value for it in parameter.choices) or (
        _is_integer(value) and any(type(it) is float and it == value for it in parameter.choices)
    )


def _is_within(parameter: Parameter, value: float) -> bool:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and (value < low.value or (low.is_open and value == low.value)):
        return False
    return not (high is not None and (value > high.value or (high.is_open and value == high.value)))
