"""What the converters, choices and defaults of parameters mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.interface import Bound, ValueType
from condavision.analysis.parameters.objects import Class, Member
from condavision.analysis.parameters.values import UNKNOWN, Value, dotted_name, is_concrete

if TYPE_CHECKING:
    from condavision.analysis.parameters.interface import Plain

_TYPES = {
    "builtins.int": ValueType.INTEGER,
    "builtins.float": ValueType.NUMBER,
    "builtins.bool": ValueType.TRUTH,
    "builtins.open": ValueType.INPUT_FILE,
    "builtins.file": ValueType.INPUT_FILE,
    "pathlib.Path": ValueType.PATH,
    "pathlib.PosixPath": ValueType.PATH,
    "json.loads": ValueType.JSON,
    "ast.literal_eval": ValueType.LITERAL,
    "datetime.date.fromisoformat": ValueType.DATE,
    "uuid.UUID": ValueType.UUID,
    "os.path.abspath": ValueType.PATH,
    "os.path.expanduser": ValueType.PATH,
}

_ENOUGH = 1000  # choices that are listed

_PYTHON = {ValueType.INTEGER: int, ValueType.NUMBER: float}


class FileType(Value):
    """``argparse.FileType``, by the mode it opens files in."""

    def __init__(self, mode: Any) -> None:
        writes = isinstance(mode, str) and mode[:1] in set("wax")
        self.type = ValueType.OUTPUT_FILE if writes else ValueType.INPUT_FILE


def type_of_callable(converter: Any) -> ValueType:
    """Return the type of the values that a function or a class converts from a text."""
    if isinstance(converter, FileType):
        return converter.type
    return _TYPES.get(dotted_name(converter), ValueType.STRING)


def plain_of(value: Any, value_type: ValueType) -> Plain | None:
    """Return a constant as a value of a type; None where it is none."""
    if isinstance(value, Member):
        value = value.value
    convert = _PYTHON.get(value_type)
    if isinstance(value, str) and convert is not None:  # argparse converts such a default
        try:
            value = convert(value)
        except (ValueError, OverflowError):
            return None
    return value if isinstance(value, (bool, int, float, str)) else None


def default_of(value: Any, value_type: ValueType) -> tuple[Plain | tuple[Plain, ...] | None, bool]:
    """Return a default, and whether it is computed."""
    if value is None or value is ... or dotted_name(value) == "argparse.SUPPRESS":
        return None, False
    if isinstance(value, (list, tuple)):
        items = [plain_of(it, value_type) for it in value]
        known = [it for it in items if it is not None]
        return (tuple(known), False) if len(known) == len(items) else (None, True)
    plain = plain_of(value, value_type)
    return plain, plain is None


def choices_of(
    value: Any, value_type: ValueType, converter: Any = None
) -> tuple[tuple[Plain, ...], Bound | None, Bound | None]:
    """Return the values that are accepted, or the least and the largest of them."""
    if isinstance(value, range) and value.step == 1 and len(value):
        return (), Bound(value.start), Bound(value.stop - 1)
    found = elements(value) if value is not None and value is not UNKNOWN else None
    if isinstance(converter, Class) and converter.is_enum:  # called with the value of a member
        found = list(converter.members()) if found is None else found
    if found is None or len(found) > _ENOUGH:
        return (), None, None
    choices = [
        plain_of(it, value_type) for it in found if isinstance(it, Member) or is_concrete(it)
    ]
    known = tuple(it for it in choices if it is not None)
    return (known if len(known) == len(found) else ()), None, None
