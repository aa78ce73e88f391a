"""Bytes become text as Python would read them, and a tree within a time budget."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from condavision.analysis.source.source import decode, parse, read_source
from condavision.errors import AnalysisError


@pytest.mark.parametrize(
    ("data", "text", "encoding", "declared"),
    [
        (b"a = 1\n", "a = 1\n", "utf-8", False),
        ("é\n".encode(), "é\n", "utf-8", False),
        (b"\xef\xbb\xbfx", "x", "utf-8", True),
        (b"# -*- coding: latin-1 -*-\n'\xe9'", "# -*- coding: latin-1 -*-\n'é'", "iso8859-1", True),
        (b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n\x80", None, "cp1252", True),
        (b"\n\n# coding: latin-1\n", None, "utf-8", False),
        (b"x = 1\n# coding: latin-1\n", None, "utf-8", False),
        (b"# coding: utf-8-unix\n", None, "utf-8", True),
        (b"# coding: latin-1-dos\n", None, "iso8859-1", True),
        (b"a\r\nb\rc\n", "a\nb\nc\n", "utf-8", False),
        (b"", "", "utf-8", False),
    ],
)
def test_decoding(data: bytes, text: str | None, encoding: str, declared: bool) -> None:
    source = decode(data, Path("x.py"), "x.py")
    assert (source.encoding, source.declared) == (encoding, declared)
    assert source.undecodable is None
    if text is not None:
        assert source.text.decode() == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\n\x00b", "x.py:2: not Python source"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "x.py:1: not Python source"),
        (b"# coding: klingon\n", "x.py:1: the declared encoding 'klingon' is unknown"),
        (b"#!x\n# coding: rot13\n", "x.py:2: the declared encoding 'rot13' is unknown"),
    ],
)
def test_what_is_not_text(data: bytes, message: str) -> None:
    with pytest.raises(AnalysisError, match=message) as raised:
        decode(data, Path("x.py"), "x.py")
    assert raised.value.hints


def test_undecodable_bytes_are_kept_out_of_the_way() -> None:
    source = decode(b"a = 1\n# \xe9\nimport b\n", Path("x.py"), "x.py")
    assert source.undecodable == 1
    assert source.text.endswith(b"import b\n")


@pytest.mark.parametrize("name", ["missing.py", "."])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnalysisError):
        read_source(tmp_path / name)


@pytest.mark.parametrize("unit", ["(", "[", "{1:", "f(", "lambda:", "not ", "a if b else ", "-"])
def test_deep_nesting_ends_in_time(unit: str) -> None:
    source = decode(unit.encode() * (10_000_000 // len(unit)), Path("x.py"), "x.py")
    started = time.perf_counter()
    with pytest.raises(AnalysisError, match="within the limit"):
        parse(source, 0.2)
    assert time.perf_counter() - started < 5


def test_a_parse_error_is_local() -> None:
    source = decode(b"import a\ndef f(:\n  1\nimport b\n", Path("x.py"), "x.py")
    assert parse(source).root_node.has_error
