"""Every import statement of a source, whatever the syntax around it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.context.guards import Guards
from condavision.analysis.imports.imports import find_imports
from condavision.analysis.source.source import decode, parse

if TYPE_CHECKING:
    from condavision.analysis.records import RawImport


def imports_of(text: str) -> tuple[RawImport, ...]:
    source = decode(text.encode(), Path("x.py"), "x.py")
    return find_imports(source, Guards(source, parse(source)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a", ["a"]),
        ("import a.b.c as d, e", ["a.b.c", "e"]),
        ("import a ; import b", ["a", "b"]),
        ("import a, \\\n  b", ["a", "b"]),
        ("if x: import a\nelse: import b", ["a", "b"]),
        ("def f():\n    import a", ["a"]),
        ("class A: import a", ["a"]),
        ("from a import b", ["a:b"]),
        ("from a.b import c as d, e", ["a.b:c,e"]),
        ("from a import (b,  # one\n    c as d,\n)", ["a:b,c"]),
        ("from a import *", ["a:*"]),
        ("from . import a", [".:a"]),
        ("from ..a.b import c", ["..a.b:c"]),
        ("from.a import b", [".a:b"]),
        ("from a import(b)", ["a:b"]),
        ("from a \\\n  import b", ["a:b"]),
        ("import é", ["é"]),
        ("from __future__ import division", []),
        ("'import a'\n# import b\n'''\nimport c\n'''", []),
        ("x = 'import_module(\"a\")'", []),
        ("raise a from b\nyield from c", []),
        ("important = 1\nreimport = 2", []),
        ("importlib.import_module('a.b')", ["a.b!"]),
        ('import_module(name="a")', ["a!"]),
        ("__import__('a')", ["a!"]),
        ("importlib.import_module('.a', 'b')", ["b.a!"]),
        ('import_module(".a.c", package = "b.d")', ["b.d.a.c!"]),
        ('import_module("..a", package="b.d")', ["b.a!"]),
        ('import_module("...a", package="b.d")', []),
        ('import_module("..a", package=__package__)', ["..a!"]),
        ('import_module(".a", __name__)', [".a!"]),
        ('import_module(".a", __name__ + "b")', []),
        ('import_module(".a", package="b" + c)', []),
        ('import_module(".a", package=b)', []),
        ('import_module(".a")', []),
        ('__import__(".a", "b")', []),
        # only a literal that is the whole argument
        ('import_module("a_" + b)', []),
        ('import_module("a" % b)', []),
        ('import_module("a".format(b))', []),
        # names that the source spells out
        ('__import__("o"+"s")', ["os!"]),
        ('import_module("a" "b")', ["ab!"]),
        ('import_module("a"\n  # c\n  "b")', ["ab!"]),
        ('import_module("a" if b else "c")', ["a!", "c!"]),
        (
            "from importlib import import_module as load\nload('a')",
            ["importlib:import_module", "a!"],
        ),
        ("import importlib as il\nil.import_module('a')", ["importlib", "a!"]),
        ("for x in ('a', 'b.c'):\n    __import__(x)", ["a!", "b.c!"]),
        ("for i, x in enumerate(['a', 'b']): __import__(x)", ["a!", "b!"]),
        ("MODULES = ['a', 'b']\nfor x in MODULES:\n    __import__(x)", ["a!", "b!"]),
        ("NAMES = {'x': 'a', 'y': 'b'}\nfor k, v in NAMES.items(): __import__(v)", ["a!", "b!"]),
        ("for x, y in [('a', 1), ('b', 2)]: __import__(x)", ["a!", "b!"]),
        ("ALL = [import_module(x) for x in 'a b'.split()]", ["a!", "b!"]),
        ("list(map(importlib.import_module, ['a', 'b']))", ["a!", "b!"]),
        ("for x in ('a', 'b'): __import__(f'c.{x}')", ["c.a!", "c.b!"]),
        ("name = 'a'\nimport_module(name)", ["a!"]),
        ("name = 'a'\nname = f()\nimport_module(name)", []),
        ("for x in y: __import__(x)", []),
        ("for x in ('a', y): __import__(x)", []),
        ("for x in ('a', 'b'): __import__('c' + y)", []),
        ("load = g\nload('a')", []),
        ('import_module(\n  # which\n  "a"  # this\n)', ["a!"]),
        ('import_module("a" \\\n , None)', ["a!"]),
        ("importlib.import_module(a)", []),
        ("importlib.import_module('not a name')", []),
        ("pytest.importorskip('a')", ["a!"]),
        # what the parser cannot read does not hide what stands around it
        ("print 'a' if\nimport a", ["a"]),
        ("lazy import a\nlazy from b import c", ["a", "b:c"]),
        ("exec code in ns\nimport a", ["a"]),
        ("def f(:\n    import a\n    from b import (c,\n       d)", ["a", "b:c,d"]),
        ("print >>f, 'x'\nimport a", ["a"]),
        ("import a\x0c\nimport b", ["a", "b"]),
        ("import", []),
        ("from import", []),
        ("from a import", []),
    ],
)
def test_statements(text: str, expected: list[str]) -> None:
    found = []
    for it in imports_of(text):
        members = "*" if it.star else ",".join(it.members)
        suffix = f":{members}" if members else "!" if it.dynamic else ""
        found.append(f"{'.' * it.level}{it.name}{suffix}")
    assert found == expected


def test_locations() -> None:
    found = imports_of("\n\nimport a\nif x:\n    from b import (\n        c)\n")
    assert [str(it.location) for it in found] == ["x.py:3", "x.py:5"]


def test_alternatives_know_each_other() -> None:
    first, second, third = imports_of(
        "try:\n    import a as x\n    import y\nexcept ImportError:\n    import b as x\n"
    )
    assert (first.instead, second.instead, third.stands_in) == ((2,), (2,), (0, 1))


def test_alternatives_of_the_same_name_are_preferred() -> None:
    one, two, _, four = imports_of(
        "try:\n    from a import x\n    from b import y\n"
        "except ImportError:\n    from c import x\n    from d import y\n"
    )
    assert (one.instead, two.instead, four.stands_in) == ((2,), (3,), (1,))
