"""The types of click: what they accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.interface import Bound, ValueType
from condavision.analysis.parameters.objects import Member
from condavision.analysis.parameters.types import plain_of
from condavision.analysis.parameters.values import Value, dotted_name

if TYPE_CHECKING:
    from condavision.analysis.parameters.interface import Plain
    from condavision.analysis.parameters.reader import Known, Reader
    from condavision.analysis.parameters.values import Call


@dataclass(frozen=True)
class ClickType(Value):
    """A type with its limits."""

    type: ValueType = ValueType.STRING
    choices: tuple[Plain, ...] = ()
    ignores_case: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None


_STRING = ClickType()

_NAMES = {
    "builtins.int": ValueType.INTEGER, "click.INT": ValueType.INTEGER,
    "builtins.float": ValueType.NUMBER, "click.FLOAT": ValueType.NUMBER,
    "builtins.bool": ValueType.BOOLEAN, "click.BOOL": ValueType.BOOLEAN,
    "click.UUID": ValueType.UUID, "uuid.UUID": ValueType.UUID,
    "click.Path": ValueType.PATH, "pathlib.Path": ValueType.PATH,
    "click.File": ValueType.INPUT_FILE, "json.loads": ValueType.JSON,
    "typer.FileText": ValueType.INPUT_FILE, "typer.FileBinaryRead": ValueType.INPUT_FILE,
    "typer.FileTextWrite": ValueType.OUTPUT_FILE, "typer.FileBinaryWrite": ValueType.OUTPUT_FILE,
}  # fmt: skip


def click_type(given: Any, default: Any = None) -> tuple[ClickType, ...]:
    """Return a type, or those of a tuple; where none is given, that of the default."""
    if isinstance(given, ClickType):
        return (given,)
    if isinstance(given, tuple) and given:
        return tuple(click_type(it)[0] for it in given)
    if given is None:
        if isinstance(default, (list, tuple)) and default:
            default = default[0]
        named = f"builtins.{type(default).__name__}"
    else:
        named = dotted_name(given)
    return (ClickType(_NAMES[named]),) if named in _NAMES else (_STRING,)


def _choice(_reader: Reader, call: Call) -> ClickType:
    found = elements(call.get("choices", 0))
    sensitive = call.get("case_sensitive", 1, default=True)
    texts = [
        it.name if isinstance(it, Member) else plain_of(it, ValueType.STRING) for it in found or []
    ]
    known = None not in texts
    choices = tuple(str(it) for it in texts) if known else ()
    return ClickType(choices=choices, ignores_case=sensitive is not True)


def path_type(call: Call) -> ClickType:
    """Return the type of a path that is a file or a folder."""
    if call.get("dir_okay", default=True) is False:
        exists = call.get("exists", default=False) is True
        return ClickType(ValueType.INPUT_FILE if exists else ValueType.PATH)
    is_folder = call.get("file_okay", default=True) is False
    return ClickType(ValueType.FOLDER if is_folder else ValueType.PATH)


def _file(_reader: Reader, call: Call) -> ClickType:
    mode = call.get("mode", 0, default="r")
    writes = isinstance(mode, str) and mode[:1] in set("wax")
    return ClickType(ValueType.OUTPUT_FILE if writes else ValueType.INPUT_FILE)


def ranged(call: Call, value_type: ValueType) -> ClickType:
    """Return the type of a number between limits; those that numbers are moved to do not count."""
    if call.get("clamp", 4, default=False) is not False:
        return ClickType(value_type)
    bounds = []
    for at, name in enumerate(("min", "max")):
        value = call.get(name, at)
        is_open = call.get(f"{name}_open", at + 2, default=False) is True
        known = isinstance(value, (int, float)) and not isinstance(value, bool)
        bounds.append(Bound(value, is_open) if known else None)
    return ClickType(value_type, minimum=bounds[0], maximum=bounds[1])


TYPES: Known = {
    "click.Choice": _choice,
    "click.Path": lambda _reader, call: path_type(call),
    "click.File": _file,
    "click.IntRange": lambda _reader, call: ranged(call, ValueType.INTEGER),
    "click.FloatRange": lambda _reader, call: ranged(call, ValueType.NUMBER),
    "click.DateTime": lambda _reader, _call: _STRING,
    "click.Tuple": lambda _reader, call: tuple(elements(call.get("types", 0)) or ()),
}
"""The classes of types."""
