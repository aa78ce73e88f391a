"""From a JSON document to the arguments of a process, without a shell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Use
from condavision.parameters.command_line import spelled
from condavision.parameters.naming import (
    ARGS,
    COMMAND,
    PARAMETERS,
    RESERVED,
    STDIN,
    CommandLine,
    command_lines,
    find_command,
    near,
)
from condavision.parameters.problems import (
    Expected,
    Inexpressible,
    InvalidParametersError,
    Limit,
    MissingParameter,
    NoneOf,
    TooMany,
    UnknownCommand,
    UnknownParameter,
    WrongType,
)
from condavision.parameters.validation import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.analysis.parameters.interface import Interface, Parameter
    from condavision.parameters.problems import Problem


_LONE = re.compile("[\ud800-\udfff]")
"""What JSON can spell, and no text is encoded with."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a script, without its name, and the text of its standard input."""

    argv: tuple[str, ...]
    stdin: str | None = None


def arguments(interface: Interface, body: Any) -> Arguments:
    """Return the arguments that a JSON document stands for.

    The document is an object with the parameters by name. ``args``, a list of strings, and
    ``stdin``, a text, stand beside them. Where a script has a parameter of such a name, all of them
    are in ``parameters``. ``command`` names a subcommand, by its words.

    Raises:
        InvalidParametersError: with everything that is wrong with the document.
    """
    if not isinstance(body, dict):
        raise InvalidParametersError((WrongType("the body", Expected.OBJECT),))
    problems = list(_reserved(body))
    if problems:
        raise InvalidParametersError(tuple(problems))
    raw = body.get(ARGS) or []
    given = body.get(PARAMETERS, body)
    given = {name: it for name, it in given.items() if given is not body or name not in RESERVED}
    line = _command(interface, given, has_raw=bool(raw))
    problems += _strangers(body, line)
    problems += _invalid(line, given, has_raw=bool(raw))
    if problems:
        raise InvalidParametersError(tuple(problems))
    argv, problems = spelled(line, given, raw)
    if problems:
        raise InvalidParametersError(tuple(problems))
    return Arguments(tuple(argv), body.get(STDIN))


def _reserved(body: Mapping[str, Any]) -> Iterator[Problem]:
    args = body.get(ARGS, [])
    if not isinstance(args, list) or not all(isinstance(it, str) for it in args):
        yield WrongType(ARGS, Expected.STRINGS)
    if not isinstance(body.get(STDIN, ""), str):
        yield WrongType(STDIN, Expected.TEXT)
    elif body.get(STDIN) and not body[STDIN].isascii() and _LONE.search(body[STDIN]):
        yield Inexpressible(STDIN, Limit.SURROGATE)
    if not isinstance(body.get(PARAMETERS, {}), dict):
        yield WrongType(PARAMETERS, Expected.OBJECT)


def _strangers(body: Mapping[str, Any], line: CommandLine) -> Iterator[Problem]:
    """Yield what stands beside ``parameters`` and does not belong there."""
    if PARAMETERS in body:
        for name in body.keys() - set(RESERVED):
            yield UnknownParameter(name, (PARAMETERS,) if name in line.parameters() else ())


def _command(interface: Interface, given: Mapping[str, Any], *, has_raw: bool) -> CommandLine:
    """Return the command that is named; raw arguments may hold one themselves."""
    name = given.get(COMMAND) if interface.commands else None
    names = [it.name for it in command_lines(interface) if it.words]
    if name is None:
        if interface.commands and interface.command_required and not has_raw:
            raise InvalidParametersError((MissingParameter(COMMAND),))
        return CommandLine((), (interface,))
    if not isinstance(name, str):
        raise InvalidParametersError((WrongType(COMMAND, Expected.TEXT),))
    line = find_command(interface, name)
    if line is None or not line.words:
        raise InvalidParametersError((UnknownCommand(name, near(name, names)),))
    last = line.levels[-1]
    if last.commands and last.command_required and not has_raw:
        inner = tuple(it for it in names if it.startswith(f"{line.name} "))
        raise InvalidParametersError((UnknownCommand(name, inner[:3]),))
    return line


def _invalid(line: CommandLine, given: Mapping[str, Any], *, has_raw: bool) -> Iterator[Problem]:
    known = line.parameters()
    commands = {COMMAND} if line.levels[0].commands else set()
    for name in given.keys() - known.keys() - commands:
        yield UnknownParameter(name, near(name, (*known, *commands)))
    for name, (_, parameter) in known.items():
        if name in given:
            yield from problems_of(parameter, name, given[name])
        elif parameter.required and not has_raw:
            yield MissingParameter(name)
    for level, interface in enumerate(line.levels):
        shown = {it.name: name for name, (at, it) in known.items() if at == level}
        by_name = {it.name: it for it in interface.parameters}
        for group in interface.exclusive:
            names = [shown[it] for it in group.names if it in shown]
            used = [it for it in names if it in given and is_given(known[it][1], given[it])]
            if len(used) > 1:
                yield TooMany(tuple(used))
            elif group.required and not used and not has_raw and by_name:
                yield NoneOf(tuple(names))


def is_given(parameter: Parameter, value: Any) -> bool:
    """Return whether a value means that a parameter is given at all."""
    if parameter.use is Use.FLAG:
        return value is True or (value is False and bool(parameter.negations))
    if parameter.use is Use.COUNT:
        return bool(value)
    if parameter.use is Use.REPEATED or (parameter.is_positional and parameter.is_list):
        return bool(value)
    return True
