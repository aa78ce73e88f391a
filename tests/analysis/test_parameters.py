"""What of a command line is read out of the code, and what is said not to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.parameters.interface import Framework, UnreadReason
from tests.parameters.conftest import interface_of

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = "import argparse, sys\nparser = argparse.ArgumentParser()\n"
_END = "\nparser.parse_args()\n"

READ = {
    "a list that grows": (
        "sizes = ['s']\nsizes.append('m')\nparser.add_argument('--x', choices=sizes)",
        {"x": ("s", "m")},
    ),
    "a constant decides": (
        "MORE = False\nif MORE: parser.add_argument('--m')\nelse: parser.add_argument('--x')",
        {"x": ()},
    ),
    "a loop over a dictionary": (
        (
            "for name, given in {'a': ['1'], 'b': '23'}.items():\n"
            "    parser.add_argument('--' + name, choices=[*given])"
        ),
        {"a": ("1",), "b": ("2", "3")},
    ),
    "a loop that skips": (
        (
            "for name in 'abc':\n    if name == 'b':\n        continue\n"
            "    if name == 'c':\n        break\n    parser.add_argument(f'--{name}')"
        ),
        {"a": ()},
    ),
    "an import that may fail": (
        "try:\n    import yaml\nexcept ImportError:\n    yaml = None\nparser.add_argument('--x')",
        {"x": ()},
    ),
    "options from a table": (
        (
            "for args, more in [(('-x', '--ex'), dict(choices=list('ab')))]:\n"
            "    parser.add_argument(*args, **more)"
        ),
        {"ex": ("a", "b")},
    ),
    "Python 2": (
        "print 'hello %s' % sys.argv[0]\nparser.add_argument('--x', type=long, choices=[1L, 0777])",
        {"x": (1, 511)},
    ),
    "a function called with more": (
        (
            "from functools import partial\n"
            "add = partial(parser.add_argument, choices='ab')\nadd('--x')\nadd('--y', choices='c')"
        ),
        {"x": ("a", "b"), "y": ("c",)},
    ),
    "completion": ("import argcomplete\nargcomplete.autocomplete(parser)\nprint(parser)", {}),
    "an argument of a function": (
        (
            "def add(where, name='--x', **more):\n    where.add_argument(name, **more)\n"
            "add(parser)\nadd(parser, '--yy', choices='ab')"
        ),
        {"x": (), "yy": ("a", "b")},
    ),
}


@pytest.mark.parametrize(("code", "expected"), READ.values(), ids=READ)
def test_what_is_read(code: str, expected: dict[str, tuple[object, ...]], tmp_path: Path) -> None:
    interface = interface_of(f"{_HEAD}{code}{_END}", tmp_path)
    assert interface.framework is Framework.ARGPARSE
    assert not interface.unread
    assert {it.name: it.choices for it in interface.parameters} == expected


UNREAD = {
    "a computed name": ("parser.add_argument(sys.argv[0])", UnreadReason.COMPUTED),
    "a loop over something unknown": (
        "for it in load():\n    parser.add_argument('--x')",
        UnreadReason.CONDITIONAL,
    ),
    "a condition": (
        "if sys.platform == 'win32':\n    parser.add_argument('--x')",
        UnreadReason.CONDITIONAL,
    ),
    "after a return that may happen": (
        "def add():\n    if look():\n        return\n    parser.add_argument('--x')\nadd()",
        UnreadReason.CONDITIONAL,
    ),
    "after a break that may happen": (
        "for it in 'ab':\n    if look(it):\n        break\n    parser.add_argument('--' + it)",
        UnreadReason.CONDITIONAL,
    ),
    "code that is not seen": ("import other\nother.add_to(parser)", UnreadReason.PASSED_ON),
    "known arguments": ("parser.parse_known_args()", UnreadReason.REST_ALLOWED),
    "sys.argv": ("if sys.argv[1] == 'x': pass", UnreadReason.ARGV),
    "sys.argv in a condition": ("if '-x' in sys.argv: pass", UnreadReason.ARGV),
    "a computed number of values": (
        "parser.add_argument('--x', nargs=count())",
        UnreadReason.COMPUTED_COUNT,
    ),
    "an action of its own": (
        (
            "class A(argparse.Action):\n    def __init__(self, **k): pass\n"
            "parser.add_argument('--x', action=A)"
        ),
        UnreadReason.CUSTOM_ACTION,
    ),
    "computed parents": (
        "from elsewhere import shared\nparser = argparse.ArgumentParser(parents=[shared])",
        UnreadReason.COMPUTED,
    ),
    "what does not end": (
        "for a in range(900):\n    for b in range(900):\n        x = a",
        UnreadReason.TOO_MUCH,
    ),
    "code that is not Python": ("parser.add_argument(('--x'\n", UnreadReason.SYNTAX),
    "other arguments": ("parser.parse_args(load())", UnreadReason.OTHER_ARGUMENTS),
}


@pytest.mark.parametrize(("code", "reason"), UNREAD.values(), ids=UNREAD)
def test_what_is_not_read(code: str, reason: UnreadReason, tmp_path: Path) -> None:
    interface = interface_of(f"{_HEAD}{code}{_END}", tmp_path)
    assert reason in {it.reason for it in interface.unread}
    assert {it.location.file for it in interface.unread} == {"script.py"}


@pytest.mark.parametrize(
    "line",
    [
        "import sys, argparse",
        "import sys, os.path as p, argparse",
        "import sys; import argparse",
        "import sys, \\\n    argparse",
        "try: import argparse\nexcept ImportError: raise",
        "from argparse import ArgumentParser; import argparse",
    ],
)
def test_argparse_is_imported_in_any_way(line: str, tmp_path: Path) -> None:
    text = (
        f"{line}\np = argparse.ArgumentParser()\np.add_argument('--n', type=int)\np.parse_args()\n"
    )
    interface = interface_of(text, tmp_path)
    assert [it.name for it in interface.parameters] == ["n"]


WITHOUT = {
    "nothing": ("print('hello')", Framework.NONE, None),
    "a fixed list": (
        "import argparse\nargparse.ArgumentParser().parse_args([])",
        Framework.OTHER,
        UnreadReason.NOT_FOLLOWED,
    ),
    "its own name": ("import sys\nprint(sys.argv[0], len(sys.argv))", Framework.NONE, None),
    "arguments": ("import sys\nprint(open(sys.argv[1]))", Framework.OTHER, UnreadReason.ARGV),
    "imported arguments": (
        "from sys import argv\nx = argv[1:]",
        Framework.OTHER,
        UnreadReason.ARGV,
    ),
    "docopt": ("from docopt import docopt\ndocopt('')", Framework.OTHER, UnreadReason.LIBRARY),
    "a parser that nothing calls": (
        "import argparse\ndef f():\n    argparse.ArgumentParser().parse_args()",
        Framework.OTHER,
        UnreadReason.NOT_FOLLOWED,
    ),
    "a group in itself": (
        "import click\n@click.group()\ndef g(): pass\ng.add_command(g)\ng()",
        Framework.OTHER,
        UnreadReason.TOO_MUCH,
    ),
    "a class": (
        "import fire\nclass A:\n    def f(self): pass\nfire.Fire(A)",
        Framework.FIRE,
        UnreadReason.LIBRARY,
    ),
    "a decorator that may add options": (
        "import click, more\n@click.command()\n@more.options\ndef f(): pass\nf()",
        Framework.CLICK,
        UnreadReason.DECORATOR,
    ),
    "the name of a command": (
        "import click\n@click.group()\ndef g(): pass\n@g.command()\ndef do_cmd(): pass\ng()",
        Framework.CLICK,
        UnreadReason.NAME,
    ),
}


@pytest.mark.parametrize(("code", "framework", "reason"), WITHOUT.values(), ids=WITHOUT)
def test_scripts_without_a_parser(
    code: str, framework: Framework, reason: UnreadReason | None, tmp_path: Path
) -> None:
    interface = interface_of(code, tmp_path)
    assert interface.framework is framework
    assert {it.reason for it in interface.unread} == ({reason} if reason else set())


def test_parsers_are_followed_into_the_modules_of_the_project(tmp_path: Path) -> None:
    shared = "import argparse\ndef parser():\n    p = argparse.ArgumentParser()\n    return p\n"
    interface = interface_of(
        "import shared as s, more\np = s.parser()\nmore.add(p)\np.parse_args()",
        tmp_path,
        shared=shared,
        more="from shared import *\ndef add(p):\n    p.add_argument('--x')\n",
    )
    assert [it.name for it in interface.parameters] == ["x"]
    assert not interface.unread
    assert interface.parameters[0].location.file == "more.py"
