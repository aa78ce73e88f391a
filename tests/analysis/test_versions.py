"""Reasons for a Python range: phrases, places, guards, and that no input breaks them."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condavision.analysis.context.guards import Guards
from condavision.analysis.imports.imports import find_imports
from condavision.analysis.python_range.versions import python_reasons, syntax_reasons
from condavision.analysis.source.lexing import field_features, lex
from condavision.analysis.source.source import decode, parse
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from condavision.core.model import PythonReason


def reasons(text: str) -> tuple[PythonReason, ...]:
    source = decode(text.encode(), Path("script.py"), "script.py")
    tree = parse(source)
    guards = Guards(source, tree)
    return python_reasons(source, tree, guards, find_imports(source, guards))


def pythons(text: str) -> str:
    return str(reduce(PythonRange.__and__, (r.pythons for r in reasons(text)), PythonRange()))


def test_a_reason_names_its_place_and_rule() -> None:
    (reason,) = reasons("import time\n\n\nstart = time.clock()\n")
    assert str(reason.location) == "script.py:4"
    assert reason.rule == "time.clock (Python 3.7 and earlier)"
    assert str(reason.pythons) == ">=2.7,<3.8"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = x[1:2]\nb = 1_0\nc = 2_0\nd = 3_0\n", 2),
        ("a = 1.05\nb = 3L\nc = 0xFFL\nd = 07\n", 2),
        ("a = 1.05\nb = 017\nc = 3L\n", 2),
    ],
)
def test_the_first_number_of_a_kind_is_named(text: str, line: int) -> None:
    assert [reason.location.line for reason in reasons(text)] == [line]


def test_each_reason_narrows_further() -> None:
    found = reasons("async def f(): pass\nx = f'{a}'\nif (y := 1): pass\n")
    assert [reason.rule for reason in found] == ["f-string", "assignment expression"]


# Newer than any interpreter the truth test is likely to find, or undecidable by compiling alone.
RANGES = {
    "lazy import json\n": ">=3.15",
    "x = 1\nlazy from json import loads\n": ">=3.15",
    "x = [*a for a in b]\n": ">=3.15",
    "x = {**a for a in b}\n": ">=3.15",
    "f(*a for a in b)\n": ">=3.15",
    "x = t'{a}'\n": ">=3.14",
    "try: pass\nexcept A, B, C: pass\n": ">=3.14",
    "try: pass\nexcept OSError, ValueError: pass\n": ">=2.7,!=3.0.*",
    "try: pass\nexcept OSError, error: pass\n": ">=2.7,<3",
    "try: pass\nexcept OSError, (number, text): pass\n": ">=2.7,<3",
    "def f[T = int](): pass\n": ">=3.13",
    "x = u''\n": ">=2.7,!=3.0.*,!=3.1.*,!=3.2.*",
    "from annotationlib import x\nimport math\nmath.fmax(1, 2)\n": ">=3.15",
    "from asyncio import get_child_watcher\n": ">=2.7,<3.14",
    # not certain enough to leave nothing
    "print 'x'\nfrom functools import cache\n": ">=2.7,<3",
    "x: int = 1\ny = unicode(x)\n": ">=3.6",
    # somebody else's names
    "from numpy import *\nx = xrange(3)\n": ">=2.7",
    "from os.path import *\nx = xrange(3)\n": ">=2.7,<3",
    "from six.moves import xrange\nfor i in xrange(3): pass\n": ">=2.7",
    "from past.builtins import unicode\nisinstance(x, unicode)\n": ">=2.7",
    "def f(string): return string.letters\n": ">=2.7",
    "import string\nclass A:\n    def f(self, string): return string.letters\n": ">=2.7",
    "from .string import letters\n": ">=2.7",
    "import configparser as c\ntry: pass\nexcept c.SafeConfigParser: pass\n": ">=2.7,<3.12",
    "df.iteritems()\n": ">=2.7",
    "os.environ.has_key('x')\n": ">=2.7,<3",
    # the standard library through six, or a copy of it in a package
    "from six.moves.html_parser import HTMLParseError\n": ">=2.7,<3.5",
    "from six.moves import html_parser as h\nx = h.HTMLParseError\n": ">=2.7,<3.5",
    "from a.b.six.moves import html_parser\nx = html_parser.HTMLParseError\n": ">=2.7,<3.5",
    "from ..vendor.six.moves.urllib.request import FancyURLopener\n": ">=2.7,<3.14",
    "from . import six\nx = six.moves.configparser.SafeConfigParser()\n": ">=2.7,<3.12",
    "import six.moves.urllib.request as r\nx = r.URLopener()\n": ">=2.7,<3.14",
    "from six import moves\nx = moves.queue.SimpleQueue()\n": ">=3.7",
    "import six\ntry: x = six.moves.html_parser.HTMLParseError\n"
    "except AttributeError: pass\n": ">=2.7",
    "from six.moves import UserDict, reload_module, getoutput, cStringIO\n": ">=2.7",
    "from .fix.moves.html_parser import HTMLParseError\n": ">=2.7",
    "from .html_parser import HTMLParseError\n": ">=2.7",
    "from asyncio import JoinableQueue\n": ">=2.7,<3.5",
    # alternatives
    "import six\nif six.PY2:\n    text = unicode\nelse:\n    text = str\n": ">=2.7",
    "import sys\nif sys.version_info >= (3, 11):\n    import datetime\n    datetime.UTC\n": ">=2.7",
    "import sys\nif sys.version_info < (3, 8):\n    import math\n    math.prod([1])\n": ">=3.8",
    "import inspect\nif hasattr(inspect, 'signature'):\n    s = inspect.signature\n"
    "else:\n    s = inspect.getargspec\n": ">=2.7",
    "isinstance(x, unicode)  # noqa: F821\n": ">=2.7",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing import Self\n": ">=2.7",
    "import sys\nif sys.platform == 'win32':\n    import time\n    time.clock()\n": ">=2.7",
}


@pytest.mark.parametrize("text", RANGES)
def test_range(text: str) -> None:
    if RANGES[text] == ">=2.7,!=3.0.*":
        assert pythons(text).startswith(RANGES[text])
        assert (3, 14) in PythonRange.from_specifier(pythons(text))
    else:
        assert pythons(text) == RANGES[text]


def test_bytes_that_contradict_the_encoding_are_python_2() -> None:
    source = decode(b"# coding: utf-8\nx = 'caf\xe9'\n", Path("x.py"), "x.py")
    (reason,) = syntax_reasons(source, parse(source))
    assert str(reason.pythons) == ">=2.7,<3"


FIELDS: dict[bytes, frozenset[str] | set[str] | None] = {
    b'"{a}"': frozenset(),
    b'"{a=}"': {"="},
    b'"{a!r:>{b}}"': frozenset(),
    b'"{a:{b:{c}}}"': {"nesting"},
    rb'"{x:\n}"': frozenset(),
    rb'''"{'\n'}"''': {"\\"},
    b'"{a["': None,
    b'"{{"': frozenset(),
}


@pytest.mark.parametrize("literal", FIELDS)
def test_fields_of_a_formatted_string(literal: bytes) -> None:
    assert field_features(literal) == FIELDS[literal]


PIECES = [
    "print", "exec", "x", " ", "\n", "\t", "(", ")", "[", "]", "{", "}", ":", ",", "=", "*", "**",
    "'", '"', "'''", '"""', "f'", 'f"', "b'", "\\", "#", "|", "@", ".", "...", "lambda", "def f(",
    "class A", "async", "await", "yield", "from", "import", "except", "raise", "global", "del",
    "for", "in", "match", "case", "type", "list[", "é", "0777", "1_0", "10L", "unicode", "with",
    "import os", "os.", "errno", "%s", "\r", "\x0c", "\N{COMBINING ACUTE ACCENT}",
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_text_breaks_it(text: str) -> None:
    for reason in reasons(text):
        assert reason.pythons
        assert reason.rule
        assert reason.location.line >= 1


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_code_keeps_every_byte_in_place(text: str) -> None:
    source = decode(text.encode(), Path("x.py"), "x.py")
    lexed = lex(source.text, parse(source).root_node)
    assert len(lexed.code) == len(lexed.source)
    assert all(
        kept == original or kept in b' "'
        for kept, original in zip(lexed.code, lexed.source, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["(", "f'{", "[*", "*a|", "lambda (", "except (", "print [", "\\"]
)
def test_repetition_costs_little(piece: str) -> None:
    source = decode((piece * 20_000).encode(), Path("x.py"), "x.py")
    tree = parse(source)
    guards = Guards(source, tree)
    python_reasons(source, tree, guards, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loop = asyncio.get_event_loop()\nloop.run_until_complete(f())", "<3.14"),
        ("asyncio.get_event_loop().run_forever()", "<3.14"),
        ("def f():\n    l = asyncio.get_event_loop()\n    l.run_until_complete(g())", "<3.14"),
        ("def f():\n    return asyncio.get_event_loop().run_in_executor(None, g)", ""),
        ("async def f():\n    asyncio.get_event_loop().call_soon(g)", ""),
        ("asyncio.set_event_loop(x)\nasyncio.get_event_loop().run_forever()", ""),
        ("try:\n    loop = asyncio.get_event_loop()\nexcept RuntimeError:\n    loop = None", ""),
    ],
)  # fmt: skip
def test_an_event_loop_that_nobody_made(text: str, expected: str) -> None:
    assert pythons(f"import asyncio\n{text}\n").endswith(expected)
    assert ("3.14" in pythons(f"import asyncio\n{text}\n")) == bool(expected)
