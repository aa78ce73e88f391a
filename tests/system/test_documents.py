"""Reading documents: what is refused and where; locks mean the same to both readers of YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.locks.yaml_text import lock_yaml_text, yaml_text
from condavision.system.documents import (
    DocumentError,
    read_json,
    read_lock_yaml,
    read_toml,
    read_yaml,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = """
name: team
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.10
  - numpy >=1.20,<2  # comment
  - yes
  - no
  - on
  - y
  - blas=*=openblas
  - conda-forge::scipy==1.10
  - "pandas[version='>=2']"
  - pip:
      - torch==2.1.0+cpu
      - -r more.txt
variables: {DEBUG: true, LEVEL: 1, RATE: 0.5, NAME: ~}
"""


def test_words_are_strings_to_conda() -> None:
    found = read_yaml(ENVIRONMENT)["dependencies"]
    assert [it for it in found if isinstance(it, bool)] == []
    assert {"yes", "no", "on", "y"} <= {it for it in found if isinstance(it, str)}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a:\n  - b\n  c: [\n", 3, "expected <block end>"),
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key"),
        ("a: 1\n---\nb: 2\n", 2, "found another document"),
        ("a: *b\n", 1, "found undefined alias"),
        ("a: !!python/name:os.system x\n", 1, "could not determine a constructor"),
        ("a: 2024-13-45\n", None, "month must be in 1..12"),
        ("a: \0\n", None, "unacceptable character"),
        ("[" * 1000, None, "nested too deeply"),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as raised:
        read_yaml(text)
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a:\n  - b\n  c: [\n", 3, "did not find expected"),
        ("a: 1\n---\nb: 2\n", 2, "found another document"),
        ("a: *b\n", 1, "found undefined alias"),
        ("a: !!python/name:os.system x\n", 1, "could not determine a constructor"),
        ("? [a]\n: b\n", 1, "unhashable"),
        ("a: 2024-13-45\n", None, "month must be in 1..12"),
        ("a: \0\n", None, "unacceptable character"),
        ("[" * 5000, 1, "nesting depth"),
    ],
)
def test_a_mistake_in_a_lock_has_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as raised:
        read_lock_yaml(text)
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a = \n", 1, "Invalid value"),
        ("a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        ("a = " + "[" * 100_000, None, "nested too deeply"),
        ("a = " + "{a=" * 5000 + "1" + "}" * 5000, None, "nested too deeply"),
        ("a = " + "1" * 5000, None, "digits"),
    ],
)
def test_a_mistake_in_toml_has_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as raised:
        read_toml(text)
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b'{\n"a": }', 2, "Expecting value"),
        (b"\xff\xff", None, "can't decode"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}", None, "digits"),
        (b"[" + b"[]," * 2_000_000 + b"[]]", None, "more than 4000000 items"),
    ],
)
def test_a_mistake_in_json_has_its_line(data: bytes, line: int | None, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem) as raised:
        read_json(data)
    assert raised.value.line == line


def nine_times_nine(first: str, pattern: str) -> str:
    """Return lines of nine aliases each, of the line before: 9 ** 9 values in all."""
    lines = [f"a0: &a0 {first}\n"]
    lines += [
        f"a{at}: &a{at} {pattern.format(', '.join(9 * [f'*a{at - 1}']))}\n" for at in range(1, 10)
    ]
    return "".join(lines)


@pytest.mark.parametrize("read", [read_yaml, read_lock_yaml])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (nine_times_nine("[x]", "[{}]"), "aliases"),
        (nine_times_nine("{x: 1}", "{{<<: [{}]}}"), "aliases"),
        ("a: " + "1" * 5000, "digits"),
        ("- x\n" * 1_000_000, "characters"),
    ],
)
def test_small_texts_do_not_exhaust_memory(
    read: Callable[[str], Any], text: str, problem: str
) -> None:
    with pytest.raises(DocumentError, match=problem):
        read(text)


def test_aliases_are_values() -> None:
    text = "a: &a [1, 2]\nb: *a\nc: [*a]\n"
    assert read_yaml(text) == read_lock_yaml(text) == {"a": [1, 2], "b": [1, 2], "c": [[1, 2]]}


VALUES = st.text() | st.booleans() | st.integers() | st.lists(st.text())


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_what_we_write_is_read_alike(document: dict[str, Any]) -> None:
    for text in (yaml_text(document), lock_yaml_text(document)):
        assert read_yaml(text) == read_lock_yaml(text) == document


PRINTABLE = st.text().filter(str.isprintable)
PLAIN_DATA = PRINTABLE | st.booleans() | st.integers() | st.lists(PRINTABLE)


@given(st.dictionaries(PRINTABLE, PLAIN_DATA | st.dictionaries(PRINTABLE, PLAIN_DATA), min_size=1))
def test_both_writers_write_the_same(document: dict[str, Any]) -> None:
    assert yaml_text(document) == lock_yaml_text(document)


@pytest.mark.parametrize("length", [100, 200, 1000])
def test_long_keys_are_written_alike(length: int) -> None:
    document = {"0" * length: {"a": 1}}
    text = yaml_text(document)
    assert text == lock_yaml_text(document)
    assert read_yaml(text) == read_lock_yaml(text) == document
