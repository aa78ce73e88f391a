"""Reading YAML: what words mean, what is refused and where; locks mean the same to both readers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.locks.yaml_text import yaml_text
from condavision.system.yaml import YamlError, read_lock_yaml, read_yaml

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
        ("[" * 1000, None, "recursion"),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(YamlError, match=problem) as raised:
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
    with pytest.raises(YamlError, match=problem) as raised:
        read_lock_yaml(text)
    assert raised.value.line == line


VALUES = st.text() | st.booleans() | st.integers() | st.lists(st.text())


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_what_we_write_is_read_alike(document: dict[str, Any]) -> None:
    text = yaml_text(document)
    assert read_yaml(text) == read_lock_yaml(text) == document
