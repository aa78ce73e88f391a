"""Computing with constants: literals, operators, and the built-ins that only look at them.

Whatever the script holds, an operation takes little time and memory or has no known result.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.objects import Class
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Items,
    is_concrete,
)

if TYPE_CHECKING:
    from collections.abc import Callable


LONGEST = 10_000  # characters or elements
_LARGEST = 1 << 128
_PREFIX = re.compile(r"(?i)\A[urbf]*")
WIDE = re.compile(r"\d{4}|\*")

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow, "<<": operator.lshift,
    ">>": operator.rshift, "|": operator.or_, "&": operator.and_,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne, "<>": operator.ne,
    "in": lambda one, other: one in other, "not in": lambda one, other: one not in other,
    "is": lambda one, other: one is other, "is not": lambda one, other: one is not other,
}  # fmt: skip


def literal_text(text: str) -> Any:
    """Return the value of a string literal without interpolations."""
    prefix = _PREFIX.match(text)
    start = prefix[0].lower() if prefix else ""
    body = text[len(start) :]
    if "\\" in body:
        value = _unescaped(body, raw="r" in start)
    else:
        quotes = 3 if body[:3] in {'"""', "'''"} and len(body) >= 6 else 1
        value = body[quotes:-quotes]
    if isinstance(value, str) and "f" in start:
        return value.replace("{{", "{").replace("}}", "}")
    return value


def _unescaped(body: str, *, raw: bool) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown escape is the script's own matter
        try:
            return str(ast.literal_eval(f"{'r' if raw else ''}{body}"))
        except (SyntaxError, ValueError):
            return UNKNOWN


def literal_number(text: str) -> Any:
    """Return the value of a numeric literal, of Python 2 too."""
    text = text.rstrip("lL")
    if re.fullmatch(r"0\d+", text) and text.strip("0"):
        text = f"0o{text[1:]}"
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return UNKNOWN
    return UNKNOWN if isinstance(value, complex) else value


def combined(operation: str, left: Any, right: Any) -> Any:
    """Return the result of a binary operation or a comparison of constants."""
    compute = _OPERATORS.get(operation)
    if compute is None or not _is_cheap(operation, left, right):
        return UNKNOWN
    try:
        result = compute(left, right)
    except (TypeError, ValueError, ArithmeticError, KeyError, LookupError):
        return UNKNOWN
    return kept(result)


def _is_cheap(operation: str, left: Any, right: Any) -> bool:
    if operation in {"is", "is not"}:
        return is_concrete(left) and is_concrete(right) and (left is None or right is None)
    if operation == "+" and isinstance(left, list) and isinstance(right, list):
        return True
    if not (is_concrete(left) and is_concrete(right)):
        return False
    if operation in {"*", "**", "<<"}:
        numbers = [it for it in (left, right) if isinstance(it, (int, float))]
        most = 128 if operation != "*" else LONGEST if len(numbers) < 2 else _LARGEST
        return bool(numbers) and abs(numbers[-1]) <= most
    return operation != "%" or not isinstance(left, str) or not WIDE.search(left)


def kept(result: Any) -> Any:
    """Return a result unless it is too large to be computed with."""
    if isinstance(result, (str, list, tuple, dict)) and len(result) > LONGEST:
        return UNKNOWN
    if isinstance(result, (int, float)) and abs(result) > _LARGEST:
        return UNKNOWN
    return Items(result) if isinstance(result, list) else result


def elements(value: Any) -> list[Any] | None:
    """Return what iterating over a value yields; None where that is not known."""
    if isinstance(value, Class) and value.is_enum:
        return list(value.members())
    if isinstance(value, (str, range)):
        return list(value) if len(value) <= LONGEST else None
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        if UNKNOWN in value or len(value) > LONGEST:
            return None
        ordered = isinstance(value, (set, frozenset))
        return sorted(value, key=repr) if ordered else list(value)
    return None


def forget(value: Any) -> Any:
    """Make the content of a list or a dictionary unknown."""
    value.clear()
    if isinstance(value, dict):
        value[UNKNOWN] = UNKNOWN
    else:
        value.append(UNKNOWN)
    return UNKNOWN
