"""Documents that are wrong, what is reserved in them, and Python 2.7's own parser."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from condavision.parameters.arguments import arguments
from condavision.parameters.problems import (
    Expected,
    Inexpressible,
    InvalidParametersError,
    Limit,
    MissingParameter,
    NoneOf,
    NotAChoice,
    OutOfRange,
    Problem,
    TooMany,
    UnknownCommand,
    UnknownParameter,
    WrongCount,
    WrongType,
)
from condavision.parameters.schema import json_schema
from tests.parameters.conftest import interface_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

_SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("month", type=int, choices=range(1, 13))
parser.add_argument("--start-date")
parser.add_argument("--size", choices=["small", "large"])
parser.add_argument("--pair", nargs=2)
parser.add_argument("--tags", nargs="*")
parser.add_argument("-v", action="count")
group = parser.add_mutually_exclusive_group(required=True)
group.add_argument("--on", action="store_true")
group.add_argument("--off", action="store_true")
parser.parse_args()
"""

_COMMANDS = """
import argparse
parser = argparse.ArgumentParser()
commands = parser.add_subparsers(required=True)
commands.add_parser("build").add_argument("--target", required=True)
commands.add_parser("clean")
parser.parse_args()
"""

_OK = {"month": 5, "on": True}

WRONG: dict[str, tuple[str, Any, Problem | None]] = {
    "unknown": (_SCRIPT, {**_OK, "start-dat": 1}, UnknownParameter("start-dat", ("start_date",))),
    "far": (_SCRIPT, {**_OK, "zzz": 1}, UnknownParameter("zzz")),
    "type": (_SCRIPT, {**_OK, "month": "5"}, WrongType("month", Expected.INTEGER)),
    "no boolean": (_SCRIPT, {**_OK, "month": True}, WrongType("month", Expected.INTEGER)),
    "range": (_SCRIPT, {**_OK, "month": 13}, None),
    "choice": (_SCRIPT, {**_OK, "size": "lage"}, None),
    "count": (_SCRIPT, {**_OK, "pair": ["a"]}, WrongCount("pair", 2, 2)),
    "no list": (_SCRIPT, {**_OK, "pair": "ab"}, WrongType("pair", Expected.LIST)),
    "less than nothing": (_SCRIPT, {**_OK, "v": -1}, WrongType("v", Expected.INTEGER)),
    "missing": (_SCRIPT, {"on": True}, MissingParameter("month")),
    "both": (_SCRIPT, {**_OK, "off": True}, TooMany(("on", "off"))),
    "neither": (_SCRIPT, {"month": 1, "on": False}, NoneOf(("on", "off"))),
    "dash": (_SCRIPT, {**_OK, "tags": ["a", "-b"]}, Inexpressible("tags", Limit.DASH)),
    "NUL": (_SCRIPT, {**_OK, "start_date": "\0"}, Inexpressible("start_date", Limit.NUL)),
    "half": (
        _SCRIPT,
        {**_OK, "start_date": "\ud800"},
        Inexpressible("start_date", Limit.SURROGATE),
    ),
    "args": (_SCRIPT, {**_OK, "args": "x"}, WrongType("args", Expected.STRINGS)),
    "stdin": (_SCRIPT, {**_OK, "stdin": 1}, WrongType("stdin", Expected.TEXT)),
    "no object": (_SCRIPT, [1], WrongType("the body", Expected.OBJECT)),
    "beside": (
        _SCRIPT,
        {"parameters": _OK, "month": 1},
        UnknownParameter("month", ("parameters",)),
    ),
    "no command": (_COMMANDS, {}, MissingParameter("command")),
    "another command": (_COMMANDS, {"command": "biuld"}, UnknownCommand("biuld", ("build",))),
    "of the command": (_COMMANDS, {"command": "build"}, MissingParameter("target")),
    "of another command": (
        _COMMANDS,
        {"command": "clean", "target": "x"},
        UnknownParameter("target"),
    ),
}


@pytest.mark.parametrize(("source", "body", "problem"), WRONG.values(), ids=WRONG)
def test_wrong_documents(source: str, body: Any, problem: Problem | None, tmp_path: Path) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        arguments(interface_of(source, tmp_path), body)
    (found,) = caught.value.problems
    assert str(found)
    if problem is None:
        assert isinstance(found, (OutOfRange, NotAChoice))
    else:
        assert found == problem


def test_what_is_missing_may_be_in_the_raw_arguments(tmp_path: Path) -> None:
    made = arguments(interface_of(_SCRIPT, tmp_path), {"args": ["5", "--on"], "stdin": "x", "v": 2})
    assert (made.argv, made.stdin) == (("-v", "-v", "5", "--on"), "x")
    made = arguments(interface_of(_SCRIPT, tmp_path), {"args": ["5"], "tags": ["a", "b"]})
    assert made.argv == ("5", "--tags", "a", "b")
    made = arguments(interface_of(_COMMANDS, tmp_path), {"args": ["clean"]})
    assert made.argv == ("clean",)


def test_parameters_of_reserved_names_stand_by_themselves(tmp_path: Path) -> None:
    interface = interface_of(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('args', nargs='*')\np.add_argument('--stdin')\np.parse_args()",
        tmp_path,
    )
    body = {"parameters": {"args": ["a"], "stdin": "b"}, "args": ["c"], "stdin": "d"}
    made = arguments(interface, body)
    assert (made.argv, made.stdin) == (("--stdin=b", "c", "a"), "d")
    assert set(json_schema(interface)["properties"]) == {"parameters", "args", "stdin"}


_PYTHON2 = """
import argparse, json
parser = argparse.ArgumentParser()
parser.add_argument("-n", type=int)
parser.add_argument("--name")
parser.add_argument("--pair", nargs=2)
parser.add_argument("word")
parser.add_argument("rest", nargs="*")
if __name__ == "__main__":
    print json.dumps(vars(parser.parse_args()))
"""


def test_python_27_parses_what_a_document_says(
    tmp_path: Path, interpreter: Callable[[Minor], Interpreter]
) -> None:
    body = {"n": -3, "name": "-x=1", "pair": ["-5", "a b"], "word": "-w", "rest": ["-r", ""]}
    made = arguments(interface_of(_PYTHON2, tmp_path), body)
    command: list[Any] = [interpreter((2, 7)).executable, tmp_path / "script.py", *made.argv]
    assert json.loads(subprocess.check_output(command)) == body
