"""Reading YAML: what words mean, what is refused and where; what we write is read alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from condavision.locks.yaml_text import yaml_text
from condavision.system.yaml import YamlError, read_yaml


def read_by_conda(text: str) -> Any:
    """Read as conda does: with ruamel.yaml, as YAML 1.2."""
    return YAML(typ="safe", pure=True).load(text)


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


@pytest.mark.parametrize(
    "text",
    [
        ENVIRONMENT,
        "env:\n- python 2.7.*\n- numpy 1.9*\nchannels:\n- scitools\nrun_with: python\n",
        "",
        "nothing here",
        "version: 3.10\nother: '3.10'\n",
        "a: &a [x]\nb: *a\n",
        "base: &base {a: 1}\nmore:\n  <<: *base\n  a: 2\n",
        "1: a\n'1': b\n",
    ],
)
def test_files_mean_what_they_mean_to_conda(text: str) -> None:
    assert read_yaml(text) == read_by_conda(text)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("a:\n  - b\n  c: [\n", 3, "did not find expected"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key `a` is there twice"),
        ("a: 1\n---\nb: 2\n", 2, "found another document"),
        ("a: *b\n", 1, "found undefined alias"),
        ("a: !!python/name:os.system x\n", 1, "could not determine a constructor"),
        ("? [a]\n: b\n", 1, "unhashable"),
        ("a: 2024-13-45\n", None, "month must be in 1..12"),
        ("a: \0\n", None, "unacceptable character"),
        ("[" * 5000, 1, "nesting depth"),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(YamlError, match=problem) as raised:
        read_yaml(text)
    assert raised.value.line == line


VALUES = st.text() | st.booleans() | st.integers() | st.lists(st.text())


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_what_we_write_is_read_alike(document: dict[str, Any]) -> None:
    text = yaml_text(document)
    assert read_yaml(text) == read_by_conda(text) == document
