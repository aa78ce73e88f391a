"""Classes whose metaclass drops ``__classcell__``: as read, and as this Python makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.import_time.test_outcome import outcome, package

if TYPE_CHECKING:
    from condavision.import_time.facts import LibraryReason
    from condavision.import_time.outcome import Outcome

META = """
class Meta(type):
    def __new__(cls, name, bases, attrs):
        super_new = super(Meta, cls).__new__
        # the root
        parents = [b for b in bases if isinstance(b, Meta)]
        if not parents:
            return super_new(cls, name, bases, attrs)
        module = attrs.pop('__module__')
        made = super_new(cls, name, bases, {'__module__': module})
        for key, value in attrs.items():
            setattr(made, key, value)
        return made
class Root(metaclass=Meta):
    def f(self): return super(Root, self)
"""
WITH_METACLASS = """
def with_metaclass(meta, *bases):
    class metaclass(type):
        def __new__(cls, name, this_bases, d):
            return meta(name, bases, d)
    return type.__new__(metaclass, 'temporary_class', (), {})
"""
SUPER = "    def f(self): super(Root, self).f()\n"

NO_CLAIM = " "  # Python refuses a class, by a condition that is not read
TEXTS = {
    META: "",
    f"{META}class A(Root):\n{SUPER}": "A",
    f"{META}class A(Root):\n    def f(self): return __class__\n": "A",
    f"{META}class A(Root):\n    @property\n    def f(self):\n        return lambda: super()\n": "A",
    f"{META}class A(Root):\n    def f(self): pass\nclass B(A):\n{SUPER}": "B",
    f"{META}class A(object, Root):\n    pass\n".replace("object, Root", "Root, object"): "",
    f"{META}class A(Root, object):\n{SUPER}": "A",
    f"{META}class A(Root):\n    def f(self): return self.super() or self.__class__\n": "",
    f"{META}class A(Root):\n    def f(self): return dict(super=1), 'super()'\n": "",
    f"{META}class A(Root):\n    class B:\n        def f(self): super()\n": "",
    f"{META}class A(Root):\n    def f(self):\n        class B:\n            f = lambda: super()\n":
        "",
    f"{META}class A(Root):\n    f = super\n": "",
    f"{META}class A:\n{SUPER}": "",
    f"{META}class A(dict):\n{SUPER}": "",
    f"{META.replace('{', 'dict(attrs, **{').replace('module}', 'module})')}class A(Root):\n{SUPER}":
        "",
    f"{META.replace('{', '{**attrs, ')}class A(Root):\n{SUPER}": "",
    f"{META.replace('super_new = super(Meta, cls).__new__', 'super_new = type.__new__')}"
    f"class A(Root):\n{SUPER}": "A",
    f"{META.replace('if not parents', 'if parents')}class A(Root):\n    pass\n": NO_CLAIM,
    f"{META.replace('if not parents', 'if bases')}class A(Root):\n{SUPER}": NO_CLAIM,
    f"{META.replace('if not parents', 'if name == 0 or bases')}class A(Root):\n{SUPER}": NO_CLAIM,
    f"{META.replace('if not parents', 'if not parents or bases')}class A(Root):\n{SUPER}": "",
    f"{META}class Other(Meta):\n    def __new__(cls, name, bases, attrs):\n"
    f"        return type.__new__(cls, name, bases, attrs)\n"
    f"class A(Root, metaclass=Other):\n{SUPER}class B(A):\n{SUPER}": "",
    f"{META}class Other(Meta):\n    def __new__(cls, name, bases, attrs):\n"
    f"        return type.__new__(cls, name, bases, attrs)\n"
    f"class A(metaclass=Other):\n    pass\nclass B(Root, A):\n{SUPER}": "",
    f"{META}{WITH_METACLASS}class A(with_metaclass(Meta, object)):\n{SUPER}class B(A):\n{SUPER}":
        "B",
    f"{META}if 1:\n    Root = object\nclass A(Root):\n{SUPER}".replace("if 1", "if 0"): "A",
    "class Meta(type):\n    def __new__(meta, name, bases, attrs):\n"
    "        if name == 'Root' and attrs:\n"
    "            return type.__new__(meta, name, bases, attrs)\n"
    "        return type.__new__(meta, name, bases, {'f': 1})\n"
    f"class Root(metaclass=Meta): x = 1\nclass A(Root):\n{SUPER}": "A",
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_one_file(text: str) -> None:
    found = reasons(outcome(package("lib 1.0", {"lib.py": text}), python=(3, 12)))
    assert [it.rule.split()[2] for it in found] == TEXTS[text].split()
    try:
        exec(text, {"__name__": "lib"})
        made = True
    except RuntimeError:
        made = False
    assert made == (not TEXTS[text])


def reasons(found: Outcome) -> list[LibraryReason]:
    every = (reason for it in found.trail.modules.values() for reason in it.reasons)
    return [it for it in every if "__classcell__" in it.rule]


SEVERAL = {
    "db/__init__.py": "",
    "db/models/__init__.py": "from db.models.base import Root\nfrom .fields import *",
    "db/models/fields.py": "",
    "db/models/base.py": META,
    "db/meta.py": "from db.models.base import Meta",
}
PLACES = {
    "from db import models\nclass A(models.Root):\n" + SUPER: "A",
    "from db.models import Root\nclass A(Root):\n" + SUPER: "A",
    "from db.meta import Meta\nclass A(metaclass=Meta):\n    pass\nclass B(A):\n" + SUPER: "B",
    "from db.models import Root as R\nclass A(R):\n" + SUPER: "",
    "from db import models\nclass A(models.Root, models.Field):\n" + SUPER: "",
    "from db import models\nfrom other import models\nclass A(models.Root):\n" + SUPER: "",
    "from db import models\nclass A(models.Root.Inner):\n" + SUPER: "",
    "from db import other\nclass A(other.Root):\n" + SUPER: "",
}


@pytest.mark.parametrize("text", PLACES)
@pytest.mark.parametrize("python", [(3, 7), (3, 8)])
def test_bases_in_other_files(text: str, python: tuple[int, int]) -> None:
    packages = package("db 1.0", SEVERAL), package("lib 1.0", {"lib.py": text})
    found = reasons(outcome(*packages, python=python))
    expected = PLACES[text].split() if python >= (3, 8) else []
    assert [it.rule.split()[2] for it in found] == expected
    assert all(max(it.minors) == (3, 7) for it in found)


def test_no_handler_of_a_missing_module_catches_it() -> None:
    texts = {"lib/__init__.py": "try:\n    from . import a\nexcept ImportError:\n    a = None\n",
             "lib/a.py": f"{META}class A(Root):\n{SUPER}"}  # fmt: skip
    (found,) = outcome(package("lib 1.0", texts), python=(3, 12)).demands("lib")
    assert (str(found.place), str(found.pythons)) == ("lib/a.py:16", ">=2.7,<3.8")


def test_circles_of_imports_and_of_bases_end() -> None:
    texts = {"lib/__init__.py": "from lib.a import B\nclass A(A, B):\n" + SUPER,
             "lib/a.py": f"from lib import B\n{META}"}  # fmt: skip
    assert reasons(outcome(package("lib 1.0", texts))) == []


def test_a_package_that_declares_the_python_is_not_checked() -> None:
    text = f"{META}class A(Root):\n{SUPER}"
    metadata = "Classifier: Programming Language :: Python :: 3.12\n"
    texts = {"lib.py": text, "lib-1.0.dist-info/METADATA": metadata}
    assert reasons(outcome(package("lib 1.0", texts))) == []
