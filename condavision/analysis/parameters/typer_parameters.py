"""What functions take by their annotations, as typer reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.click_parameters import option, with_type
from condavision.analysis.parameters.click_types import ClickType, click_type, path_type, ranged
from condavision.analysis.parameters.functions import docstring, parameter_name
from condavision.analysis.parameters.interface import (
    ONE,
    Count,
    Framework,
    Interface,
    Parameter,
    Unread,
    UnreadReason,
    Use,
    ValueType,
)
from condavision.analysis.parameters.objects import Class, Function
from condavision.analysis.parameters.types import plain_of
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Call,
    Generic,
    Value,
    dotted_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.parameters.reader import Reader

_CONTEXTS = {"typer.Context", "click.Context", "typer.CallbackParam", "click.Parameter"}
_LISTS = {"builtins.list", "typing.List", "typing.Sequence", "collections.abc.Sequence"}
_TUPLES = {"builtins.tuple", "typing.Tuple"}
_ANNOTATED = {"typing.Annotated", "typing_extensions.Annotated"}
_UNIONS = {"typing.Optional", "typing.Union"}
_LITERALS = {"typing.Literal", "typing_extensions.Literal"}


@dataclass(frozen=True)
class Info(Value):
    """``typer.Option(...)`` or ``typer.Argument(...)``."""

    is_option: bool
    call_: Call


@dataclass(frozen=True, slots=True)
class _Annotation:
    """What an annotation says."""

    type: Any = None
    many: bool = False
    parts: tuple[Any, ...] = ()
    info: Info | None = None


def command_name(name: str) -> str:
    """Return the name of the command that a function makes."""
    return name.lower().replace("_", "-")


def _loose(call: Call) -> tuple[Unread, ...]:
    settings = call.get("context_settings")
    names = ("ignore_unknown_options", "allow_extra_args")
    if isinstance(settings, dict) and any(settings.get(it) for it in names):
        return (Unread(UnreadReason.REST_ALLOWED, call.location),)
    return ()


def function_interface(reader: Reader, function: Function, call: Call) -> Interface:
    """Return what a command takes, by the parameters of its function."""
    made = list(_parameters(reader, function.shown))
    unread = [it for it in (*made, *function.attached) if isinstance(it, Unread)]
    return Interface(
        Framework.TYPER,
        tuple(it for it in made if isinstance(it, Parameter)),
        unread=(*unread, *_loose(call)),
        description=call.text("help") or docstring(function),
    )


def _parameters(reader: Reader, function: Function) -> Iterator[Parameter | Unread]:
    parameters = function.node.child_by_field_name("parameters")
    for node in [] if parameters is None else parameters.named_children:
        kind, name = parameter_name(node)
        if kind or not name:
            continue
        location = reader.located(node, function.frame)
        annotated = node.child_by_field_name("type")
        value = None if annotated is None else reader.in_frame(annotated, function.frame)
        if isinstance(value, str):
            value = reader.expression(value, function.frame)
        if dotted_name(value) not in _CONTEXTS:
            default = function.defaults.get(name, ...)
            yield _parameter(name, _annotation(reader, value, function), default, location)


def _annotation(reader: Reader, value: Any, function: Function) -> _Annotation:
    if isinstance(value, str):
        value = reader.expression(value, function.frame)
    if not isinstance(value, Generic):
        return _Annotation(value)
    first, *rest = value.arguments or (None,)
    if value.name in _ANNOTATED:
        info = next((it for it in rest if isinstance(it, Info)), None)
        return replace(_annotation(reader, first, function), info=info)
    if value.name in _UNIONS:
        given = [it for it in value.arguments if it is not None]
        return _annotation(reader, given[0], function) if given else _Annotation()
    if value.name in _LISTS:
        return replace(_annotation(reader, first, function), many=True)
    if value.name in _TUPLES:
        return _Annotation(parts=value.arguments)
    return _Annotation(value)


def _parameter(
    name: str, annotation: _Annotation, default: Any, location: Any
) -> Parameter | Unread:
    info = annotation.info
    decls: tuple[Any, ...] = ()
    if info is not None:
        decls = info.call_.positional
    elif isinstance(default, Info):
        info = default
        default = info.call_.get("default", 0, default=...)
        decls = info.call_.positional[1:]
    if info is not None and info.call_.get("default_factory") is not None:
        default = UNKNOWN
    is_option = info.is_option if info is not None else default is not ...
    call = info.call_ if info is not None else Call((), {}, True, location)
    call = replace(call, location=location)
    if not call.exact or not all(isinstance(it, str) for it in decls):
        return Unread(UnreadReason.COMPUTED, location)
    types = _types(annotation, call)
    required = default is ...
    default = None if required else default
    if not is_option:
        return _argument(
            name,
            annotation,
            types,
            replace(call, named={**call.named, "default": default}),
            required=required,
        )
    named = {key: it for key, it in call.named.items() if key not in {"default", "type"}}
    long = name.lower().replace("_", "-")
    if dotted_name(annotation.type) == "builtins.bool" and not annotation.many:
        spelled = decls or (f"--{long}/--no-{long}",)
        named |= {"is_flag": True, "default": default}
    else:
        spelled = decls or (f"--{long}",)
        named |= {"required": required, "default": default}
    made = option(replace(call, named=named, positional=()), spelled)
    if not isinstance(made, Parameter):
        return made or Unread(UnreadReason.COMPUTED, location)
    if made.use in {Use.FLAG, Use.COUNT}:
        return made
    count = Count(len(types), len(types), is_list=True) if len(types) > 1 else ONE
    made = replace(made, count=count)
    return with_type(made, types, default, repeated=annotation.many)


def _argument(
    name: str, annotation: _Annotation, types: tuple[ClickType, ...], call: Call, *, required: bool
) -> Parameter:
    required = required and call.get("envvar") is None
    if annotation.many:
        count = Count(1 if required else 0, None, is_list=True)
    elif len(types) > 1:
        count = Count(len(types), len(types), is_list=True)
    else:
        count = ONE if required else Count(0, 1)
    made = Parameter(
        name.lower(),
        call.location,
        count=count,
        required=required,
        metavar=call.text("metavar"),
        help=call.text("help"),
        hidden=call.get("hidden", default=False) is True,
    )
    return with_type(made, types, call.get("default"), repeated=False)


def _types(annotation: _Annotation, call: Call) -> tuple[ClickType, ...]:
    if annotation.parts:
        return tuple(_type(it, call) for it in annotation.parts)
    return (_type(annotation.type, call),)


def _type(annotation: Any, call: Call) -> ClickType:
    ignores_case = call.get("case_sensitive", default=True) is not True
    if call.get("parser") is not None or call.get("click_type") is not None:
        given = call.get("click_type")
        return given if isinstance(given, ClickType) else ClickType()
    if isinstance(annotation, Class) and annotation.is_enum:
        values = [plain_of(it.value, ValueType.STRING) for it in annotation.members()]
        known = () if None in values else tuple(str(it) for it in values)
        return ClickType(choices=known, ignores_case=ignores_case)
    if isinstance(annotation, Generic) and annotation.name in _LITERALS:
        return ClickType(choices=tuple(map(str, annotation.arguments)), ignores_case=ignores_case)
    found = click_type(annotation)[0]
    if found.type is ValueType.PATH:
        return path_type(call)
    is_number = found.type in {ValueType.INTEGER, ValueType.NUMBER}
    return ranged(replace(call, positional=()), found.type) if is_number else found
