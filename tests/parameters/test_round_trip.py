"""What a script's own parser reads of the arguments is what the document says."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from condavision.analysis.parameters.interface import UnreadReason, Use
from condavision.parameters.arguments import arguments, is_given
from condavision.parameters.naming import command_lines, find_command
from condavision.parameters.problems import Inexpressible, InvalidParametersError, TooMany
from condavision.parameters.schema import json_schema
from tests.parameters import scripts
from tests.parameters.conftest import bodies, interface_of, run

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.analysis.parameters.interface import Interface
    from condavision.parameters.problems import Problem

_EVERY = {
    f"{table.lower()}: {name}": source
    for table in ("ARGPARSE", "OPTPARSE", "CLICK", "TYPER", "FIRE")
    for name, source in getattr(scripts, table).items()
}

many = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("source", _EVERY.values(), ids=_EVERY)
@given(data=st.data())
@many
def test_a_script_parses_what_its_document_says(
    source: str, script_folder: Path, data: st.DataObject
) -> None:
    interface, documents, validator = _read(source, script_folder)
    assert all(it.reason is UnreadReason.REST_ALLOWED for it in interface.unread)
    body = data.draw(documents)
    line = find_command(interface, body.get("command", ""))
    assert line is not None
    known = {name: it for name, (_, it) in line.parameters().items()}
    fits = validator.is_valid(json.loads(json.dumps(body)))
    problems: tuple[Problem, ...] = ()
    try:
        made = arguments(interface, body)
    except InvalidParametersError as error:
        problems = error.problems
    if problems:
        excluded = any(isinstance(it, TooMany) for it in problems)
        assert all(isinstance(it, (Inexpressible, TooMany)) for it in problems)
        assert not (fits and excluded)
        return
    assert fits
    seen = run(source, made.argv)
    for name, value in body.items():
        if name == "command":
            assert seen[name] == value
        elif is_given(known[name], value):
            assert _plain(seen[name]) == _expected(known[name], value), made.argv
    for name, it in known.items():
        if name not in body and it.default is not None and it.use is Use.VALUE:
            assert _plain(seen[name]) == _plain(it.default)


@cache
def _read(source: str, folder: Path) -> tuple[Interface, Any, Draft202012Validator]:
    interface = interface_of(source, folder)
    return interface, bodies(interface), Draft202012Validator(json_schema(interface))


def _plain(value: Any) -> Any:
    return [_plain(it) for it in value] if isinstance(value, (list, tuple)) else value


def _expected(parameter: Any, value: Any) -> Any:
    if parameter.bare and value is True:
        return "const"
    return value


@pytest.mark.parametrize("source", _EVERY.values(), ids=_EVERY)
def test_schemas_are_valid(source: str, script_folder: Path) -> None:
    interface = interface_of(source, script_folder)
    Draft202012Validator.check_schema(json_schema(interface))
    assert command_lines(interface)
