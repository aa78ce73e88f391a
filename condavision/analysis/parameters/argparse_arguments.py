"""What a call of ``add_argument`` adds to a parser of argparse."""

from __future__ import annotations

from dataclasses import replace

from condavision.analysis.parameters.interface import (
    ONE,
    Count,
    Parameter,
    Unread,
    UnreadReason,
    Use,
)
from condavision.analysis.parameters.objects import Class, Function
from condavision.analysis.parameters.types import choices_of, default_of, type_of_callable
from condavision.analysis.parameters.values import (
    Call,
    dotted_name,
)

SUPPRESS = "argparse.SUPPRESS"
_NARGS = {
    "?": Count(0, 1), "*": Count(0, None, is_list=True), "+": Count(1, None, is_list=True),
    "...": Count(0, None, is_list=True), "argparse.REMAINDER": Count(0, None, is_list=True),
    "argparse.OPTIONAL": Count(0, 1), "argparse.ZERO_OR_MORE": Count(0, None, is_list=True),
    "argparse.ONE_OR_MORE": Count(1, None, is_list=True),
}  # fmt: skip
_REST = {"...", "argparse.REMAINDER"}
_FLAGS = {"store_true", "store_false", "store_const", "append_const"}
_REPEATED = {"append", "extend"}
_NOT_PARAMETERS = {"help", "version"}
_BOOLEAN = "argparse.BooleanOptionalAction"


def argument(call: Call, spelled: tuple[str, ...], prefixes: str) -> Parameter | Unread | None:
    """Return what a call of ``add_argument`` adds; None where that is no parameter."""
    is_option = spelled[0][:1] in set(prefixes) and bool(spelled[0])
    options = spelled if is_option else ()
    name = _name(spelled, prefixes)
    action = call.get("action", default="store")
    kind = action if isinstance(action, str) else dotted_name(action)
    if kind in _NOT_PARAMETERS:
        return None
    if isinstance(action, Class):
        if not _only_called(action):
            return Unread(UnreadReason.CUSTOM_ACTION, call.location, action.name)
        kind = "store"
    elif not kind or kind not in {"store", "count", _BOOLEAN, *_FLAGS, *_REPEATED}:
        return Unread(UnreadReason.CUSTOM_ACTION, call.location, kind)
    made = Parameter(
        name,
        call.location,
        options,
        required=is_option and call.get("required") is True,
        metavar=call.text("metavar"),
        help=call.text("help"),
        hidden=dotted_name(call.get("help")) == SUPPRESS,
    )
    if kind == _BOOLEAN:
        negations = tuple(f"--no-{it[2:]}" for it in options if it.startswith("--"))
        default = call.get("default")
        return replace(
            made,
            negations=negations,
            use=Use.FLAG,
            default=default if isinstance(default, bool) else None,
        )
    if kind in _FLAGS:
        return replace(made, use=Use.FLAG, default=False)
    if kind == "count":
        return replace(made, use=Use.COUNT, default=None)
    return _with_values(made, call, Use.REPEATED if kind in _REPEATED else Use.VALUE, kind)


def _with_values(made: Parameter, call: Call, use: Use, kind: str) -> Parameter | Unread:
    nargs = call.get("nargs")
    given = nargs if isinstance(nargs, str) else dotted_name(nargs)
    if nargs is None:
        count = ONE
    elif isinstance(nargs, int) and nargs > 0:
        count = Count(nargs, nargs, is_list=True)
    elif nargs == 0 and made.options:
        return replace(made, use=Use.FLAG, default=False)
    elif given in _NARGS:
        count = _NARGS[given]
    else:
        return Unread(UnreadReason.COMPUTED_COUNT, call.location)
    if kind == "extend":  # each value may be given by itself
        count = ONE
    converter = call.get("type")
    value_type = type_of_callable(converter)
    default, computed = default_of(call.get("default"), value_type)
    choices, minimum, maximum = choices_of(call.get("choices"), value_type, converter)
    return replace(
        made,
        use=use,
        count=count,
        types=(value_type,),
        bare=bool(made.options) and count == Count(0, 1),
        takes_rest=given in _REST,
        choices=choices,
        minimum=minimum,
        maximum=maximum,
        default=default,
        computed=computed,
        required=made.required if made.options else count.least > 0,
    )


def _only_called(action: Class) -> bool:
    """Return whether a class of the script takes what an action of its arguments does."""
    bases = action.imported_bases()
    plain = {"argparse.Action", "argparse._StoreAction"}
    return bool(bases) and set(bases) <= plain and not isinstance(action.find("__init__"), Function)


def _name(spelled: tuple[str, ...], prefixes: str) -> str:
    long = next((it for it in spelled if len(it) > 1 and it[1] in prefixes), spelled[0])
    return long.lstrip(prefixes).replace("-", "_")
