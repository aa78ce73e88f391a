"""The built-in functions, and the methods of constants, lists and dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import LONGEST, WIDE, elements, forget, kept
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Builtin,
    Items,
    Mapping,
    Value,
    is_concrete,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from condavision.analysis.parameters.values import Call

_TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "center",
        "count",
        "endswith",
        "find",
        "format",
        "index",
        "isalpha",
        "isdigit",
        "isidentifier",
        "islower",
        "isupper",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)


def method(value: Any, name: str) -> Any:
    """Return a method of a constant, a list or a dictionary."""
    if isinstance(value, str) and name in _TEXT_METHODS:
        return Builtin(lambda call: _of_text(value, name, call))
    if isinstance(value, dict):
        found = _MAPPING_METHODS.get(name)
        return UNKNOWN if found is None else Builtin(lambda call: found(value, call))
    if isinstance(value, list):
        change = _LIST_METHODS.get(name)
        return UNKNOWN if change is None else Builtin(lambda call: _changed(value, call, change))
    return UNKNOWN


def _of_text(text: str, name: str, call: Call) -> Any:
    if not call.exact or not is_concrete(call.positional) or not is_concrete(call.named):
        return UNKNOWN
    if name in {"format", "center", "replace"} and (WIDE.search(text) or "{0." in text):
        return UNKNOWN
    try:
        result = getattr(text, name)(*call.positional, **call.named)
    except (TypeError, ValueError, LookupError, AttributeError, MemoryError, OverflowError):
        return UNKNOWN
    return kept(result)


def _values_of(value: dict[Any, Any], rows: Iterable[Any]) -> Any:
    return UNKNOWN if UNKNOWN in value else Items(rows)


def _looked_up(value: dict[Any, Any], call: Call) -> Any:
    key = call.get("key", 0)
    if UNKNOWN in value or not is_concrete(key):
        return UNKNOWN
    try:
        return value.get(key, call.get("default", 1))
    except TypeError:
        return UNKNOWN


def _updated(value: dict[Any, Any], call: Call) -> None:
    other = call.get("other", 0, {})
    if isinstance(other, dict) and call.exact and _is_plainly_reached(value, call):
        value.update(other, **call.named)
    else:
        forget(value)


_MAPPING_METHODS: dict[str, Callable[[dict[Any, Any], Call], Any]] = {
    "keys": lambda value, _call: _values_of(value, value),
    "iterkeys": lambda value, _call: _values_of(value, value),
    "values": lambda value, _call: _values_of(value, value.values()),
    "itervalues": lambda value, _call: _values_of(value, value.values()),
    "items": lambda value, _call: _values_of(value, value.items()),
    "iteritems": lambda value, _call: _values_of(value, value.items()),
    "copy": lambda value, _call: Mapping(value),
    "get": _looked_up,
    "update": _updated,
}


def _insert(value: list[Any], call: Call) -> None:
    value.insert(call.positional[0], call.positional[1])


_LIST_METHODS: dict[str, Callable[[list[Any], Call], Any]] = {
    "append": lambda value, call: value.append(call.positional[0]),
    "extend": lambda value, call: value.extend(elements(call.positional[0]) or [UNKNOWN]),
    "insert": _insert,
    "remove": lambda value, call: value.remove(call.positional[0]),
    "sort": lambda value, _call: value.sort(),
    "reverse": lambda value, _call: value.reverse(),
    "copy": lambda value, _call: Items(value),
    "index": lambda value, call: value.index(call.positional[0]),
}


def _changed(value: list[Any], call: Call, change: Callable[[list[Any], Call], Any]) -> Any:
    if not _is_plainly_reached(value, call) or len(value) >= LONGEST:
        return forget(value)
    try:
        return change(value, call)
    except (TypeError, ValueError, LookupError):
        return forget(value)


def _is_plainly_reached(value: Any, call: Call) -> bool:
    made = getattr(value, "conditions", ())
    return bool(made[: len(call.conditions)] == call.conditions)


def _pure(function: Callable[..., Any]) -> Builtin:
    def compute(call: Call) -> Any:
        if not call.exact or not is_concrete(call.positional) or call.named:
            return UNKNOWN
        if any(isinstance(it, range) and len(it) > LONGEST for it in call.positional):
            return UNKNOWN
        try:
            return kept(function(*call.positional))
        except (TypeError, ValueError, ArithmeticError, LookupError):
            return UNKNOWN

    return Builtin(compute, f"builtins.{function.__name__}")


def _collected(make: Callable[[list[Any]], Any], name: str = "") -> Builtin:
    def collect(call: Call) -> Any:
        found = elements(call.get("iterable", 0, ()))
        if found is None or call.named:
            return UNKNOWN
        try:
            return make(found)
        except TypeError:  # not hashable, not comparable
            return UNKNOWN

    return Builtin(collect, f"builtins.{name}")


def _mapping(call: Call) -> Any:
    if not call.exact:
        return UNKNOWN
    rows = call.get("mapping", 0, {})
    try:
        return Mapping(rows if isinstance(rows, dict) else elements(rows) or {}, **call.named)
    except (TypeError, ValueError):
        return UNKNOWN


def _zip(call: Call) -> Any:
    rows = [elements(it) for it in call.positional]
    if not call.exact or any(it is None for it in rows):
        return UNKNOWN
    return Items(zip(*(it or [] for it in rows), strict=False))


def _length(call: Call) -> Any:
    found = elements(call.get("obj", 0))
    return UNKNOWN if found is None else len(found)


def _attribute(call: Call) -> Any:
    value, name = call.get("object", 0), call.get("name", 1)
    return value.attribute(name) if isinstance(value, Value) and isinstance(name, str) else UNKNOWN


BUILTINS: dict[str, Any] = {
    "True": True, "False": False, "None": None, "__name__": "__main__",
    "str": _pure(str), "int": _pure(int), "float": _pure(float), "bool": _pure(bool),
    "unicode": _pure(str), "range": _pure(range), "xrange": _pure(range), "abs": _pure(abs),
    "min": _pure(min), "max": _pure(max), "sum": _pure(sum), "round": _pure(round),
    "repr": _pure(repr), "chr": _pure(chr), "ord": _pure(ord),
    "list": _collected(Items, "list"), "tuple": _collected(tuple, "tuple"),
    "set": _collected(set, "set"),
    "frozenset": _collected(frozenset), "sorted": _collected(lambda it: Items(sorted(it))),
    "reversed": _collected(lambda it: Items(reversed(it))),
    "enumerate": _collected(lambda it: Items(enumerate(it))),
    "iter": _collected(Items), "dict": Builtin(_mapping, "builtins.dict"), "zip": Builtin(_zip),
    "len": Builtin(_length), "getattr": Builtin(_attribute),
}  # fmt: skip
"""The values of the built-in names that are known here."""

HARMLESS = frozenset(
    [
        "print",
        "isinstance",
        "issubclass",
        "hasattr",
        "setattr",
        "id",
        "type",
        "vars",
        "callable",
        "hash",
        "map",
        "filter",
        "any",
        "all",
        "pprint",
        "pprint.pprint",
        "argcomplete.autocomplete",
        "logging.info",
        "logging.debug",
    ]
)
"""Functions that add nothing to a parser they are given."""
