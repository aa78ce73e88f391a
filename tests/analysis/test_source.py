"""Bytes become text as Python would read them, and a tree within a time budget."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from condavision.analysis.facts import facts
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
    source = decode(unit.encode() * (900_000 // len(unit)), Path("x.py"), "x.py")
    started = time.process_time()
    with pytest.raises(AnalysisError, match="within the limit"):
        parse(source, 0.02)
    assert time.process_time() - started < 5


def test_a_parse_error_is_local() -> None:
    source = decode(b"import a\ndef f(:\n  1\nimport b\n", Path("x.py"), "x.py")
    assert parse(source).root_node.has_error


def test_generated_data_is_refused_before_it_exhausts_memory() -> None:
    many = decode(b"x;" * 500_001, Path("x.py"), "x.py")
    with pytest.raises(AnalysisError, match=r"x\.py: it has more than 1000000 tokens"):
        parse(many)
    text = decode(b"data = '''" + b"a, b;" * 250_000 + b"'''\n", Path("x.py"), "x.py")
    assert not parse(text).root_node.has_error, "a string is one token"


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_no_file_takes_longer_than_its_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "SECONDS", 0.05)
    endless = "".join(f"import os as o{number}\n" for number in range(20_000))
    source = decode(endless.encode(), Path("x.py"), "x.py")
    with pytest.raises(AnalysisError, match=r"x\.py: not read within the limit of 0.05 seconds"):
        facts.read_facts(source)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    monkeypatch.undo()
    short = decode(b"import os\n", Path("y.py"), "y.py")
    assert facts.read_facts(short).imports


@pytest.mark.parametrize("cookie", ["idna", "punycode", "utf-7", "unicode_escape"])
@pytest.mark.parametrize("text", [b"x = '\xe9'\n", b"x." * 1000, b"a-\xff\n", b"\\N{" + b"A" * 99])
def test_codecs_that_fail_in_their_own_ways(cookie: str, text: bytes) -> None:
    source = decode(b"# coding: " + cookie.encode() + b"\n" + text, Path("x.py"), "x.py")
    assert source.text
