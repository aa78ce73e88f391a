"""From the texts of a form or a query to a JSON document, by the types of the parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Use, ValueType
from condavision.parameters.naming import ARGS, COMMAND, STDIN, CommandLine, find_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.analysis.parameters.interface import Interface, Parameter

_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0", ""), False),
}


def document(interface: Interface, texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the JSON document that the fields of a form stand for.

    A field has as many texts as it is given. One that is no text of its parameter's type stays as
    it is, to be refused with the rest of what is wrong with the document.
    """
    words = texts.get(COMMAND, [""])[0] if interface.commands else ""
    line = find_command(interface, words) or CommandLine((), (interface,))
    known = {name: it for name, (_, it) in line.parameters().items()}
    found: dict[str, Any] = {}
    for name, given in texts.items():
        if name in known and name not in {ARGS, STDIN}:
            found[name] = _value(known[name], list(given))
        else:
            found[name] = list(given) if name == ARGS or len(given) > 1 else given[0]
    return found


def _value(parameter: Parameter, texts: list[str]) -> Any:
    if parameter.use is Use.FLAG:
        return _converted(texts[-1], ValueType.BOOLEAN)
    if parameter.use is Use.COUNT:
        return _converted(texts[-1], ValueType.INTEGER)
    types = parameter.types
    if parameter.use is Use.REPEATED and parameter.is_list:
        return [_listed(text) for text in texts]
    if parameter.use is Use.REPEATED or parameter.is_list:
        fixed = len(types) > 1
        return [
            _converted(it, types[min(at, len(types) - 1) if fixed else 0])
            for at, it in enumerate(texts)
        ]
    return _converted(texts[0], types[0]) if len(texts) == 1 else texts


def _listed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _converted(text: str, value_type: ValueType) -> Any:
    try:
        match value_type:
            case ValueType.INTEGER:
                return int(text)
            case ValueType.NUMBER:
                return float(text)
            case ValueType.BOOLEAN | ValueType.TRUTH:
                return _WORDS.get(text.strip().lower(), text)
            case ValueType.JSON | ValueType.LITERAL:
                return _listed(text)
    except ValueError:
        pass
    return text
