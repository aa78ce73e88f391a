"""What inputs become: arguments, standard input, and the text that their row begins with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.cluster.inputs import Input, Inputs, Kind, expanded, kind_of
from condavision.errors import UsageError
from condavision.parameters.command_line import LONGEST
from tests.parameters.conftest import interface_of

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import argparse
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("month", type=int, nargs="?")
parser.add_argument("--name")
parser.add_argument("--table", type=Path, action="append")
parser.parse_args()
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Inputs]:
    """The inputs of a file, which is written; the current folder is the one it is in."""
    monkeypatch.chdir(tmp_path)
    interface = interface_of(SOURCE, tmp_path)

    def make(content: str | bytes, kind: Kind = Kind.JSON, **options: Any) -> Inputs:
        data = content if isinstance(content, bytes) else content.encode()
        Path("in").write_bytes(data)
        return Inputs(kind, ("in",), interface, **options)

    return make


@pytest.mark.parametrize(
    ("line", "arguments", "stdin"),
    [
        ('{"month": 5}', ("5",), None),
        (' {"month": 5, "name": "a b"}\r', ("--name=a b", "5"), None),
        ('{"parameters": {"name": "ü"}, "stdin": "in"}', ("--name=ü",), b"in"),
        ('{"args": ["--name", "x"], "stdin": ""}', ("--name", "x"), b""),
        ("{}", (), None),
        ("\ufeff{}", (), None),
    ],
)
def test_an_object_is_a_command_line(
    line: str, arguments: tuple[str, ...], stdin: bytes | None, read: Callable[..., Inputs]
) -> None:
    inputs = read(f"\n{line}\n")
    shown = line.strip("\ufeff \r").encode()
    assert [*inputs] == [*inputs] == [Input(shown, arguments, stdin)]


def test_a_line_is_the_last_argument(read: Callable[..., Inputs]) -> None:
    found = [*read(b"a b\n\n \xff\x01\n-x", Kind.LINE, fixed=("--name", "n"))]
    lines = [b"a b", b" \xff\x01", b"-x"]
    assert [it.arguments for it in found] == [("--name", "n", os.fsdecode(it)) for it in lines]
    assert [os.fsencode(json.loads(it.shown)) for it in found] == lines  # any bytes survive


def test_a_batch_is_read_from_standard_input(read: Callable[..., Inputs]) -> None:
    lines = [b'{"any": 1}', b"[2]", b'"3"']
    assert [*read(b"\n".join(lines), batch=2, fixed=("-x",))] == [
        Input(b'[{"any": 1}, [2]]', ("-x",), b'{"any": 1}\n[2]\n'),
        Input(b'["3"]', ("-x",), b'"3"\n'),
    ]
    (found,) = read("a\nb", Kind.LINE, batch=9)
    assert found == Input(b'["a", "b"]', (), b"a\nb\n")


def test_paths_that_parameters_name_are_absolute(read: Callable[..., Inputs]) -> None:
    Path("t.csv").touch()
    here = str(Path("t.csv").absolute())
    given = [
        {"table": ["t.csv", "new.csv"]},
        {"parameters": {"table": [here]}},
        {"name": "t.csv"},
        {"name": "nothing.csv"},
    ]
    found = [*read("\n".join(map(json.dumps, given)))]
    assert [it.arguments for it in found] == [
        (f"--table={here}", "--table=new.csv"),
        (f"--table={here}",),
        ("--name=t.csv",),
        ("--name=nothing.csv",),
    ]
    assert [it.files for it in found] == [(here,), (here,), (), ()]
    assert [it.doubtful for it in found] == [(), (), ("name",), ()]
    assert read(json.dumps(given[2])).check().doubtful == ("name",)


def test_files_are_given_by_their_absolute_paths(read: Callable[..., Inputs]) -> None:
    inputs = read("content", Kind.FILE)
    path = str(Path("in").absolute())
    assert [*inputs] == [Input(b'"in"', (path,), None, (path,))]
    assert inputs.check().count == 1


def test_paths_may_be_read_from_a_pipe(read: Callable[..., Inputs]) -> None:
    inputs = read("a\n\nsub/../b\ngone\n", Kind.FILE)
    Path("sub").mkdir()
    for name in ("a", "b"):
        Path(name).touch()
    piped = Inputs(Kind.FILE, ("a", "-"), inputs.interface, spooled=(("-", "in"),))
    with pytest.raises(UsageError, match="-:4: No such file"):
        piped.check()
    Path("gone").touch()
    shown = [b'"a"', b'"a"', b'"sub/../b"', b'"gone"']
    assert [it.shown for it in piped] == shown
    assert [it.files for it in piped] == [(str(Path(json.loads(it)).resolve()),) for it in shown]


@pytest.mark.parametrize(
    ("content", "kind", "problems"),
    [
        ("", Kind.JSON, ["in: there is no input"]),
        ("{}\n{", Kind.JSON, ["in:2: not valid JSON: Expecting property name"]),
        ("{}\n\n[]\n{}\n{'a'}", Kind.JSON, ["in:3: the body has to be an object", "in:5: not"]),
        ('{"mont": 1}', Kind.JSON, ["in:1: unknown parameter mont; did you mean month?"]),
        ('{"month": "x", "args": 1}', Kind.JSON, ["in:1: args has to be a list of strings"]),
        ('{"args": ["\\u0000"]}', Kind.JSON, ["in:1: args cannot have this value"]),
        ('{"stdin": "\\ud800"}', Kind.JSON, ["in:1: stdin"]),
        (b'{"name": "\xff"}', Kind.JSON, ["in:1: not valid JSON"]),
        ("{}".encode("utf-16-le"), Kind.JSON, ["in:1: not valid JSON: it has a NUL byte"]),
        ("a\0b", Kind.LINE, ["in:1: an argument cannot hold a NUL"]),
        ("x" * (LONGEST + 1), Kind.LINE, ["in:1: an argument has at most"]),
    ],
)
def test_what_is_wrong_is_listed_with_its_place(
    content: str | bytes, kind: Kind, problems: list[str], read: Callable[..., Inputs]
) -> None:
    with pytest.raises(UsageError) as caught:
        read(content, kind).check()
    found = caught.value.message.splitlines()
    assert len(found) == len(problems)
    for one, start in zip(found, problems, strict=True):
        assert one.startswith(start)


def test_of_many_wrong_inputs_some_are_listed(read: Callable[..., Inputs]) -> None:
    with pytest.raises(UsageError) as caught:
        read("x\n" * 99).check()
    *_, last, more = caught.value.message.splitlines()
    assert (last, more) == ("in:10: not valid JSON: Expecting value", "there are more")


def test_what_cannot_be_read_is_an_error(read: Callable[..., Inputs], tmp_path: Path) -> None:
    inputs = read("", Kind.FILE)
    Path("in").unlink()
    for kind in Kind:
        with pytest.raises(UsageError, match=r"in: No such file"):
            Inputs(kind, inputs.sources, inputs.interface).check()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["a.jsonl", "-"], Kind.JSON),
        (["a.ndjson"], Kind.JSON),
        (["a.jsonl", "b.csv"], Kind.FILE),
        (["*.csv"], Kind.FILE),
    ],
)
def test_names_decide_what_an_input_is(words: list[str], kind: Kind) -> None:
    assert kind_of(words) is kind


def test_patterns_are_expanded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "[x].csv", "sub/c.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert [*expanded(["sub", "*.csv", "[x].csv", "-"])] == [
        *("sub", "[x].csv", "a.csv", "b.csv", "[x].csv", "-")
    ]
    assert [*expanded(["**/*.csv"])] == ["[x].csv", "a.csv", "b.csv", "sub/c.csv"]
    for word in ("*.tsv", "gone"):
        with pytest.raises(UsageError, match="no such file"):
            [*expanded([word])]
