"""The files among the values of a document, for scripts that do not run where it was written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import ValueType
from condavision.parameters.naming import COMMAND, PARAMETERS, RESERVED, CommandLine, find_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.analysis.parameters.interface import Interface

_PATHS = frozenset({ValueType.INPUT_FILE, ValueType.PATH, ValueType.FOLDER})


@dataclass(frozen=True, slots=True)
class Placed:
    """A document with absolute paths.

    ``files`` are those of files and folders that exist. ``doubtful`` are the parameters whose value
    is the relative path of a file, though nothing says that they take one.
    """

    body: dict[str, Any]
    files: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def placed(interface: Interface, body: Mapping[str, Any]) -> Placed:
    """Return a document in which the paths of what exists in the current folder are absolute.

    Of parameters only whose type is a path, and which are not one of a file to be written.
    """
    nested = body.get(PARAMETERS)
    given = nested if isinstance(nested, dict) else body
    name = given.get(COMMAND)
    line = find_command(interface, name) if isinstance(name, str) and interface.commands else None
    known = (line or CommandLine((), (interface,))).parameters()
    changed: dict[str, Any] = {}
    files: list[str] = []
    doubtful = []
    for key, value in given.items():
        texts = [*_texts(value)]
        existing = [it for it in texts if _exists(it)]
        if not existing or key not in known or (given is body and key in RESERVED):
            continue
        if _PATHS.isdisjoint(known[key][1].types):
            if any(not os.path.isabs(it) and os.path.isfile(it) for it in existing):  # noqa: PTH113, PTH117 - cheaper
                doubtful.append(key)
            continue
        absolute = {it: os.path.abspath(it) for it in existing}  # noqa: PTH100
        changed[key] = _replaced(value, absolute)
        files += absolute.values()
    new = {**given, **changed}
    return Placed(
        new if given is body else {**body, PARAMETERS: new},
        tuple(dict.fromkeys(files)),
        tuple(doubtful),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _replaced(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replaced(it, texts) for it in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _exists(text: str) -> bool:
    try:
        return text not in {"", "-"} and os.path.exists(text)  # noqa: PTH110
    except ValueError:  # a NUL, or no Unicode
        return False
