"""Which names a module has, and where that cannot be known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.module_names import module_names
from condavision.analysis.source.source import read_source

if TYPE_CHECKING:
    from condavision.analysis.records import ModuleNames


def names_of(text: str) -> ModuleNames:
    return module_names(read_source(Path("m.py"), data=text.encode()))


BOUND = [
    "x = 1",
    "x: int = 1",
    "a = x = 1",
    "a, (b, *x) = f()",
    "x += 1",
    "def x(): pass",
    "@decorated\ndef x(): pass",
    "async def x(): pass",
    "class x: pass",
    "import x",
    "import x.y",
    "import a as x",
    "from a import x",
    "from a import (b,\n x)",
    "from . import b as x",
    "if a:\n    x = 1",
    "try:\n    import a\nexcept ImportError:\n    x = None",
    "with a() as x: pass",
    "with a() as (b, x): pass",
    "for x in a: pass",
    "if (x := 1): pass",
    "def f():\n    global a, x\n    x = 1",
    "try: pass\nexcept Error as x: pass",
    "__all__ = ['a', 'x']",
    "__all__ = a.__all__ + ('x',)",
    "__all__: list[str] = []\n__all__ += [\n    'x',\n]",
]


@pytest.mark.parametrize("text", BOUND)
def test_names_that_a_module_binds(text: str) -> None:
    found = names_of(text)
    assert "x" in found.names
    assert not found.any_name


NOT_BOUND = [
    "import a.x",
    "import x as a",
    "from x import a",
    "from a import x as b",
    "def f():\n    x = 1",
    "def f(x): pass",
    "class A:\n    x = 1\n    def x(self): pass",
    "a.x = 1",
    "a[x] = 1",
    "print(x)",
    "'x = 1'",
    "# x = 1",
    "f(x=1)",
    "__slots__ = ['x']",
    "def f():\n    __all__ = ['x']",
    "log = getLogger(__name__)",
    "a = lambda x: x",
]


@pytest.mark.parametrize("text", NOT_BOUND)
def test_names_that_it_does_not(text: str) -> None:
    assert not names_of(text).may_have("x")


def test_modules_of_which_it_has_all_names() -> None:
    found = names_of(
        "from a import *\ntry: from ..b import *\nexcept ImportError: from . import *\n"
    )
    assert not found.any_name
    assert {*found.stars} == {"a", "..b", "."}


ANY_NAME = [
    "def __getattr__(name): return 1",
    "__getattr__, __dir__, __all__ = attach(__name__)",
    "globals()['x'] = 1",
    "initpkg(__name__, {'x': 'a:x'})",
    "old, new = recreate(  # lazily\n    __name__,\n    modules={'a': ['x']},\n)",
    "globals().update(a)",
    "setattr(a, 'x', 1)",
    "from sys import modules\nvars(modules[__name__])['x'] = 1",
    "import importlib as i\ni.import_module(__name__).__dict__['x'] = 1",
    "vars()['x'] = 1",
    "vars(a)\n__import__(__name__)",
    "import sys\nsys.modules[__name__] = A()",
    "exec(a)",
    "x y z (",
]


@pytest.mark.parametrize("text", ANY_NAME)
def test_modules_that_may_have_any_name(text: str) -> None:
    assert names_of(text).any_name


OF_OBJECTS = [
    "def f(options): return vars(options)",
    "class A:\n    def f(self):\n        setattr(self, 'x', 1)\n",
    "class A:\n    def f(cls):\n        setattr(\n            cls, 'x', 1)\n",
    "def f(name, value): setattr(caches['x'], name, value)",
    "class A:\n    def f(self): self.__dict__['x'] = cls.__dict__['x']\n",
]


@pytest.mark.parametrize("text", OF_OBJECTS)
def test_names_of_objects_are_not_those_of_a_module(text: str) -> None:
    assert not names_of(text).any_name


GETATTR = """
def __getattr__(name: str) -> object:
    if name == "x" or name in ("y", "z"):
        import warnings
        warnings.warn(f"{name} is deprecated", DeprecationWarning)
        return 1
    raise AttributeError(name)
"""
ELIF = """
def __getattr__(a):
    if a == 'y': return 1
    elif a == 'x':
        return 2
    raise AttributeError(f'no {a}')
"""
ONLY = [
    (GETATTR, "xyz"),
    (ELIF, "xy"),
    ("class A:\n    def __getattr__(self, name): return getattr(self.a, name)\nx = A()\n", "x"),
]


@pytest.mark.parametrize(("text", "names"), ONLY)
def test_a_getattr_that_compares_its_name_gives_no_other(text: str, names: str) -> None:
    found = names_of(text)
    assert found.names >= {*names}
    assert not found.any_name
    assert not found.may_have("w")


OPEN = [
    "return f(name)",
    "return _LAZY[name]",
    "return 2",
    "pass",
    "if name in _LAZY: return 1\n    raise AttributeError",
    "if name in 'xyz': return 1\n    raise AttributeError",
    "if name > 'x': return 1\n    raise AttributeError",
    "if name != 'x': return 1\n    raise AttributeError",
    "if not name == 'x': return 1\n    raise AttributeError",
    "if a or name == 'x': return 1\n    raise AttributeError",
    "if name == 'x': pass\n    else: return 2\n    raise AttributeError",
    "if a: return 1\n    raise AttributeError",
]


@pytest.mark.parametrize("body", OPEN)
def test_a_getattr_that_does_more_with_its_name_may_give_any(body: str) -> None:
    assert names_of(f"def __getattr__(name):\n    if name == 'x': return 1\n    {body}\n").any_name


@pytest.mark.parametrize(
    ("text", "any_module"),
    [
        ("import sys\nsys.modules['a.x'] = a", True),
        ("__path__.append(a)", True),
        ("sys.meta_path.append(A())", True),
        ("__path__ = __import__('pkgutil').extend_path(__path__, __name__)", False),
        ("from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)", False),
        ("__import__('pkg_resources').declare_namespace(__name__)", False),
        ("from a import *", False),
        ("from a import eval", False),
        ("exec(a)", True),
        ("# exec(a)", False),
        ("'sys.modules'", False),
        ("def f():\n    'eval(a)'", False),
        ("a = sys.modules.get('a.x')", False),
        ("if 'a.x' in sys.modules: pass", False),
        ("a = sys.modules['a.x']", False),
        ("assert sys.modules['a.x'] == a", False),
        ("a = sys.modules['a.x'] = b", True),
        ("sys.modules[names['x']] = a", True),
        ("sys.modules.update(a)", True),
        ("a = sys.modules", True),
        ("exec 'x = 1'", True),
        ("x = 1", False),
    ],
)
def test_packages_that_may_have_any_submodule(text: str, any_module: bool) -> None:
    assert names_of(text).any_module == any_module
