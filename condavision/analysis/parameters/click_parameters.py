"""Options and arguments of click."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.click_types import ClickType, click_type
from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.interface import (
    ONE,
    Count,
    Parameter,
    Unread,
    UnreadReason,
    Use,
)
from condavision.analysis.parameters.types import default_of
from condavision.analysis.parameters.values import UNKNOWN, Call, Value

if TYPE_CHECKING:
    from condavision.analysis.parameters.reader import Known, Reader

_IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Declared(Value):
    """What a decorator adds to a command: a parameter, something unknown, or nothing."""

    made: Parameter | Unread | None

    def call(self, call: Call) -> Any:
        command = call.positional[0] if call.positional else UNKNOWN
        attached = getattr(command, "attached", None)
        if attached is not None and self.made is not None:
            attached.append(self.made)
        return command


def _declarations(call: Call) -> tuple[str, ...] | None:
    spelled: Any = call.positional
    if len(spelled) == 1 and isinstance(spelled[0], list):  # click.Option(["--name"])
        spelled = elements(spelled[0]) or (UNKNOWN,)
    given = call.get("param_decls")
    if given is not None:
        spelled = elements(given) or (UNKNOWN,)
    known = call.exact and spelled and all(isinstance(it, str) for it in spelled)
    return tuple(spelled) if known else None


def _option(_reader: Reader, call: Call) -> Declared:
    spelled = _declarations(call)
    made = None if spelled is None else option(call, spelled)
    return Declared(made or Unread(UnreadReason.COMPUTED, call.location))


def _argument(_reader: Reader, call: Call) -> Declared:
    spelled = _declarations(call)
    made = None if spelled is None else argument(call, spelled)
    return Declared(made or Unread(UnreadReason.COMPUTED, call.location))


def option(call: Call, spelled: tuple[str, ...]) -> Parameter | Unread | None:
    """Return the option that is declared; None where its name is not known."""
    options: list[str] = []
    negations: list[str] = []
    for text in spelled:
        if not _IDENTIFIER.fullmatch(text):
            first, _, second = text.partition(";" if text.startswith("/") else "/")
            options += [first.strip()] if first.strip() else []
            negations += [second.strip()] if second.strip() else []
    if not options:
        return None
    long = next((it for it in options if it.startswith("--")), options[0])
    name = re.sub(r"^\W+", "", long).replace("-", "_")
    default = call.get("default")
    made = Parameter(
        name or long,
        call.location,
        tuple(options),
        tuple(negations),
        required=call.get("required", default=False) is True
        and default is None
        and call.get("envvar") is None,
        metavar=call.text("metavar"),
        help=call.text("help"),
        hidden=call.get("hidden", default=False) is True,
    )
    prompt = call.get("prompt", default=False)
    if prompt is not False and prompt is not None and default is None:
        made = replace(made, required=True)
    if call.get("count", default=False) is True:
        return replace(made, use=Use.COUNT, required=False)
    is_flag, value = call.get("is_flag"), call.get("flag_value")
    if is_flag is None:
        is_flag = value is not None or bool(negations)
    if is_flag is UNKNOWN:
        return Unread(UnreadReason.COMPUTED_COUNT, call.location)
    if is_flag:
        known = default if isinstance(default, bool) and negations else None
        return replace(made, use=Use.FLAG, required=False, default=known if negations else False)
    return _valued(replace(made, bare=value is not None), call, default)


def argument(call: Call, spelled: tuple[str, ...]) -> Parameter | Unread:
    """Return the argument that is declared."""
    default = call.get("default")
    nargs = call.get("nargs")
    required = call.get("required")
    if not isinstance(required, bool):
        required = default is None and not (isinstance(nargs, int) and nargs < 0)
    made = Parameter(
        spelled[0].strip("<>").lower().replace("-", "_"),
        call.location,
        required=required and call.get("envvar") is None,
        metavar=call.text("metavar"),
        help=call.text("help"),
    )
    return _valued(made, call, default)


def _valued(made: Parameter, call: Call, default: Any) -> Parameter | Unread:
    types = click_type(call.get("type"), default)
    nargs = call.get("nargs")
    if nargs is None:
        count = Count(len(types), len(types), is_list=True) if len(types) > 1 else ONE
    elif nargs == -1 and made.is_positional:
        count = Count(1 if made.required else 0, None, is_list=True)
    elif isinstance(nargs, int) and nargs > 0:
        count = ONE if nargs == 1 else Count(nargs, nargs, is_list=True)
    else:
        return Unread(UnreadReason.COMPUTED_COUNT, call.location)
    if made.is_positional and not made.required and count == ONE:
        count = Count(0, 1)
    repeated = call.get("multiple", default=False) is True
    return with_type(replace(made, count=count), types, default, repeated=repeated)


def with_type(
    made: Parameter, types: tuple[ClickType, ...], default: Any, *, repeated: bool
) -> Parameter:
    """Return a parameter with the types of its values."""
    first = types[0]
    known, computed = default_of(default, first.type)
    return replace(
        made,
        use=Use.REPEATED if repeated else Use.VALUE,
        types=tuple(it.type for it in types),
        choices=first.choices,
        ignores_case=first.ignores_case,
        minimum=first.minimum,
        maximum=first.maximum,
        default=known,
        computed=computed,
    )


def _confirmation(_reader: Reader, call: Call) -> Declared:
    spelled = call.positional or ("--yes",)
    return Declared(option(replace(call, named={"is_flag": True, **call.named}), spelled))


def _password(_reader: Reader, call: Call) -> Declared:
    spelled = call.positional or ("--password",)
    return Declared(option(replace(call, named={"prompt": True, **call.named}), spelled))


PARAMETERS: Known = {
    "click.option": _option,
    "click.Option": _option,
    "click.argument": _argument,
    "click.Argument": _argument,
    "click.confirmation_option": _confirmation,
    "click.password_option": _password,
    "click.version_option": lambda _reader, _call: Declared(None),
    "click.help_option": lambda _reader, _call: Declared(None),
}
"""What declares options and arguments, as a decorator or an object."""
