"""Whole projects in a table: who supplies each import, of what kind, on which Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze, analyze_together, require_python
from condavision.analysis.source.script_search import search_scripts
from condavision.analysis.source.scripts import module_file
from condavision.core.model import Analysis, ImportKind
from condavision.core.origin import Origin, OriginReason, OriginRule
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEEDED = {ImportKind.REQUIRED, ImportKind.DYNAMIC, ImportKind.PLATFORM}


def packages(analysis: Analysis) -> set[str]:
    return {it.name for it in analysis.imports if it.origin is Origin.PACKAGE and it.kind in NEEDED}


PROJECTS: list[tuple[str, dict[str, str], set[str]]] = [
    # what it shows, files (the script first), modules that need a package
    ("standard library", {"s.py": "import os, sys\nfrom xml.etree import ElementTree"}, set()),
    ("package", {"s.py": "import numpy as np\nfrom a.b import c"}, {"numpy", "a.b"}),
    ("sibling module", {"s.py": "import helper", "helper.py": "import rich"}, {"rich"}),
    ("sibling shadows a package", {"s.py": "import yaml", "yaml.py": ""}, set()),
    ("sibling of another folder", {"s.py": "import celery", "sub/celery.py": ""}, {"celery"}),
    (
        "package with every part",
        {"s.py": "import a.b.c", "a/__init__.py": "import r1", "a/b/__init__.py": "import r2",
         "a/b/c.py": "import r3", "a/d.py": "import no"},
        {"r1", "r2", "r3"},
    ),
    (
        "submodule as member",
        {"s.py": "from a import b, name", "a/__init__.py": "", "a/b.py": "import r"},
        {"r"},
    ),
    (
        "star import",
        {"s.py": "from a import *", "a/__init__.py": "from .b import *", "a/b.py": "import r"},
        {"r"},
    ),
    (
        "relative imports",
        {"s.py": "import a.b", "a/__init__.py": "", "a/b.py": "from . import c\nfrom ..a import d",
         "a/c.py": "import r1", "a/d.py": "import r2"},
        {"r1", "r2"},
    ),
    (
        "relative import of a generated module",
        {"s.py": "import a", "a/__init__.py": "from ._version import version"},
        set(),
    ),
    (
        "namespace package",
        {"s.py": "from models import user\nimport config.base", "models/user.py": "import r",
         "config/base.py": ""},
        {"r"},
    ),
    (
        "part of a pkgutil namespace that is elsewhere",
        {"azure/mgmt/mine/client.py": "import azure.mgmt.mine.models\nfrom azure.core import rest\n"
         "from azure import identity\nimport azure.mgmt.core as c",
         "azure/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
         "azure/mgmt/__init__.py": "from pkgutil import extend_path\n"
         "__path__ = extend_path(__path__, __name__)",
         "azure/mgmt/mine/__init__.py": "", "azure/mgmt/mine/models.py": "import r"},
        {"azure.core", "azure", "azure.mgmt.core", "r"},
    ),
    (
        "part of a pkg_resources namespace that is elsewhere",
        {"zope/mine/x.py": "from zope import interface\nfrom zope.mine import y",
         "zope/__init__.py": "try:\n    __import__('pkg_resources').declare_namespace(__name__)\n"
         "except ImportError:\n    pass",
         "zope/mine/__init__.py": "", "zope/mine/y.py": "import r"},
        {"zope", "r"},
    ),
    (
        "a stand-in that the newest Pythons lack",
        {"s.py": "try:\n    from setuptools import setup\nexcept ImportError:\n"
         "    from distutils.core import setup\ntry:\n    import requests\nexcept ImportError:\n"
         "    import urllib2\ntry:\n    import mock\nexcept ImportError:\n"
         "    from unittest import mock\n"},
        {"setuptools", "requests"},
    ),
    ("folder of modules", {"s.py": "import models\nmodels.user", "models/user.py": ""}, set()),
    (
        "folder named as a distribution",
        {"s.py": "import docker\ndocker.from_env()", "docker/compose.py": ""},
        {"docker"},
    ),
    ("folder without Python", {"s.py": "import redis", "redis/redis.conf": ""}, {"redis"}),
    (
        "folder that lacks the member",
        {"s.py": "from docker import DockerClient", "docker/x.py": ""},
        {"docker"},
    ),
    (
        "regular package before folder",
        {"s.py": "import a.b", "other/a/__init__.py": "", "other/a/b.py": "", "a/x.py": ""},
        {"a.b"},  # other/ is not on the path, and the folder a/ has no b
    ),
    (
        "sys.path from __file__",
        {"bin/s.py": "import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname("
         "os.path.abspath(__file__)), '..', 'modules'))\nimport helper",
         "modules/helper.py": "import r"},
        {"r"},
    ),
    (
        "sys.path from pathlib",
        {"bin/s.py": "import sys\nfrom pathlib import Path\n"
         "HERE = Path(__file__).resolve().parent\n"
         "sys.path.append(str(HERE.parent / 'modules'))\nimport helper",
         "modules/helper.py": "import r"},
        {"r"},
    ),
    (
        "sys.path from a formatted string with a conversion, and an annotated name",
        {"s.py": "import os, sys\nHERE: str = os.path.dirname(__file__)\n"
         "sys.path.insert(0, f'{HERE!s}/lib')\nimport helper",
         "lib/helper.py": "import numpy"},
        {"numpy"},
    ),
    (
        "sys.path with parents and addsitedir",
        {"a/b/s.py": "import site, sys\nimport pathlib\n"
         "site.addsitedir(str(pathlib.Path(__file__).parents[2] / 'one'))\n"
         "sys.path += ['../../two']\nimport m1, m2",
         "one/m1.py": "import r1", "two/m2.py": "import r2"},
        {"r1", "r2"},
    ),
    (
        "a module extends the path",
        {"s.py": "import setpath\nimport helper",
         "setpath.py": "import sys, os\nsys.path.insert(0, os.path.dirname(__file__) + '/lib2')",
         "lib2/helper.py": "import r"},
        {"r"},
    ),
    (
        "src layout",
        {"scripts/s.py": "import mine", "src/mine/__init__.py": "import r", "pyproject.toml": ""},
        {"r"},
    ),
    (
        "script inside a package",
        {"app/s.py": "from app.db import x\nfrom . import y", "app/__init__.py": "",
         "app/db.py": "import r1", "app/y.py": "import r2"},
        {"r1", "r2"},
    ),
    (
        "module named as the package it uses",
        {"proj/tasks.py": "from celery import task\nfrom proj.celery import app",
         "proj/__init__.py": "", "proj/celery.py": "from celery import Celery"},
        {"celery"},
    ),
    (
        "local file before the standard library",
        {"s.py": "import queue", "queue.py": "import r"},
        {"r"},
    ),
    (
        "folder behind the standard library",
        {"s.py": "import email", "email/x.py": "import r"},
        set(),
    ),
    ("built-in module", {"s.py": "import time", "time.py": "import r"}, set()),
    ("stub is no module", {"s.py": "import a", "a.pyi": ""}, {"a"}),
    ("extension module", {"s.py": "import a", "a.abi3.so": ""}, set()),
    ("Cython source", {"s.py": "import a", "a.pyx": ""}, set()),
    ("import cycle", {"s.py": "import a", "a.py": "import b", "b.py": "import a, r"}, {"r"}),
    (
        "one file under two names",
        {"s.py": "import a.b, b", "a/__init__.py": "import sys; sys.path.append('a')",
         "a/b.py": "import r"},
        {"r"},
    ),
    ("broken module", {"s.py": "import a, r1", "a.py": "def f(:\n  x\nimport r2"}, {"r1", "r2"}),
    ("unreadable module", {"s.py": "import a, r", "a.py": "\0"}, {"r"}),
    (
        "package first, standard library else",
        {"s.py": "try: import simplejson as json\nexcept ImportError: import json"},
        set(),
    ),
    (
        "standard library first",
        {"s.py": "try: import json\nexcept ImportError: import simplejson as json"},
        set(),
    ),
    (
        "either of two packages",
        {"s.py": "try: import ujson as json\nexcept ImportError: import simplejson as json"},
        {"ujson"},
    ),
    (
        "the second is needed anyway",
        {"s.py": "import b\ntry: import a as x\nexcept ImportError: import b as x"},
        {"b"},
    ),
    (
        "three choices, one included",
        {"s.py": "try: import lxml.etree as E\nexcept ImportError:\n"
         "  try: import elementtree as E\n  except ImportError: import xml.etree.ElementTree as E"},
        set(),
    ),
    ("without it, less", {"s.py": "try: import rich\nexcept ImportError: rich = None"}, set()),
    (
        "without it, nothing",
        {"s.py": "try: import rich\nexcept ImportError as e:\n"
         "  raise SystemExit('install rich') from e"},
        {"rich"},
    ),
    (
        "no Python left that includes the first",
        {"s.py": "x = f'{1}'\ntry: import urllib2\n"
         "except ImportError: import requests as urllib2"},
        {"requests"},
    ),
    (
        "typing only",
        {"s.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import rich"},
        set(),
    ),
    (
        "one platform",
        {"s.py": "import sys\nif sys.platform == 'win32': import win32api"},
        {"win32api"},
    ),
    (
        "another Python",
        {"s.py": "import sys\nif sys.version_info < (3, 8): import importlib_metadata\nf'{1}'"},
        set(),
    ),
    ("inside a function", {"s.py": "def f():\n  import rich"}, {"rich"}),
    (
        "dynamic",
        {"s.py": "import importlib\nimportlib.import_module('rich.table')"},
        {"rich.table"},
    ),
    (
        "dynamic and relative to a package",
        {"s.py": "importlib.import_module('.one', package='plugins')",
         "plugins/one.py": "import rich\nimportlib.import_module('..two.a', __package__)"},
        {"rich"},
    ),
    (
        "dynamic and relative to its own package",
        {"s.py": "import plugins", "plugins/one.py": "import rich",
         "plugins/__init__.py": "importlib.import_module('.one', __name__)"},
        {"rich"},
    ),
    ("backport of 2.7", {"s.py": "import enum\nprint 'x'"}, {"enum"}),
    (
        "name tried before",
        {"s.py": "try: import rich\nexcept ImportError: rich = 0\ndef f():\n  import rich.table"},
        set(),
    ),
    (
        "two versions of a package",
        {"s.py": "if TYPE_CHECKING:\n  try: from m.p import P\n  except ImportError: P = 0\n"
         "try: from m import a\nexcept ImportError:\n  import re\n  from m import b as a"},
        {"m"},
    ),
    ("flag of a package", {"s.py": "from x import HAS_RICH\nif HAS_RICH:\n  import rich"}, {"x"}),
    (
        "main block of a module",
        {"s.py": "import a", "a.py": "import r\nif __name__ == '__main__':\n  import no"},
        {"r"},
    ),
    ("main block of the script", {"s.py": "if __name__ == '__main__':\n  import r"}, {"r"}),
    (
        "first choice that can be missing",
        {"s.py": "try:\n  try: import a as x\n  except ImportError: import b as x\n"
         "except ImportError: x = None"},
        set(),
    ),
    (
        "__main__ of a package",
        {"app/__main__.py": "from app import core\nfrom .other import x", "app/__init__.py": "",
         "app/core.py": "import r1", "app/other.py": "import r2"},
        {"r1", "r2"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("files", "expected"), [it[1:] for it in PROJECTS], ids=[it[0] for it in PROJECTS]
)
def test_what_needs_a_package(
    analyzed: Callable[..., Analysis], files: dict[str, str], expected: set[str]
) -> None:
    assert packages(analyzed(files)) == expected


ABSENT: list[tuple[dict[str, str], set[tuple[str, tuple[str, ...], str]]]] = [
    # files; what a package has to supply of a namespace, its members, and the namespace
    (
        {"s.py": "import acme\nimport acme.core.util\nimport acme.cloud.store\n"
         "from acme import core, web\nfrom acme.core import util, x",
         "acme/core/util.py": ""},
        {("acme.cloud.store", (), "acme"), ("acme", ("web",), "acme"),
         ("acme.core", ("x",), "acme.core")},
    ),
    (
        {"s.py": "import acme.core\nimport acme.web", "src/acme/core.py": ""},
        {("acme.web", (), "acme")},
    ),
    ({"s.py": "import docker.errors", "docker/x.py": ""}, {("docker.errors", (), "")}),
    (
        {"s.py": "import acme.core\nimport acme.web", "acme/__init__.py": "", "acme/core.py": ""},
        set(),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), ABSENT)
def test_absent_parts_of_a_namespace_are_no_strangers(
    analyzed: Callable[..., Analysis],
    files: dict[str, str],
    expected: set[tuple[str, tuple[str, ...], str]],
) -> None:
    found = (it for it in analyzed(files).imports if it.origin is Origin.PACKAGE)
    assert {(it.name, it.members, it.reason.subject) for it in found} == expected


@pytest.mark.parametrize(
    ("text", "pythons"),
    [
        ("import urllib2", ">=2.7,<3"),
        ("import tomllib", ">=3.11"),
        ("import asyncore", ">=2.7,<3.12"),
        ("# /// script\n# requires-python = '>=3.13'\n# ///\nimport cgi", ">=3.13"),
        ("import distutils.core", ">=2.7,<3.12"),
        ("import setuptools\nfrom distutils.core import setup", ">=2.7"),
        ("from importlib import metadata", ">=3.8"),
        ("try: import tomllib\nexcept ImportError: import tomli as tomllib", ">=2.7"),
        ("import sys\nif sys.version_info >= (3, 11): import tomllib", ">=2.7"),
        ("import sys\nif sys.version_info < (3, 9): sys.exit(1)", ">=3.9"),
        ("try: import cStringIO, unicode\nexcept NameError: import io as cStringIO", ">=2.7"),
        ("try: x = foo\nexcept NameError: import sha", ">=2.7"),
        ("def f():\n  import urllib2\ndef g():\n  import tomllib", ">=2.7,<3"),
        ("#!/usr/bin/env python2.7\nx = 1", ">=2.7,<3"),
        ("#!/usr/bin/python3\nx = 1", ">=3.0"),
        ("#!/usr/bin/env -S python3.8 -u\nx = 1", ">=3.8,<3.9"),
        ("#!/usr/bin/env python\nx = 1", ">=2.7"),
        ("# /// script\n# requires-python = '>=3.9,<3.13'\n# ///\n", ">=3.9,<3.13"),
    ],
)
def test_pythons(analyzed: Callable[..., Analysis], text: str, pythons: str) -> None:
    found = analyzed({"s.py": text})
    assert str(found.python) == pythons
    assert bool(found.reasons) is (pythons != ">=2.7")


def test_a_version_check_leaves_the_pythons_it_excludes(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": "import sys\nif sys.version_info[0] == 3: import tomllib"})
    assert {(2, 7), (3, 11)} <= found.python.minors
    assert (3, 10) not in found.python


def test_contradictions_are_shown_with_their_places(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": "import urllib2\n\nimport tomllib\n"})
    assert not found.python
    with pytest.raises(AnalysisError, match=r"s\.py:1: .*urllib2.*; s\.py:3: .*tomllib") as raised:
        require_python(found)
    assert "explain" in raised.value.hints[0]


def test_extension_modules_narrow_to_their_abi(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed(
        {"s.py": "import a", "a.cpython-38-x86_64-linux-gnu.so": "", "a.cp310-win_amd64.pyd": ""}
    )
    assert found.python.minors == {(3, 8), (3, 10)}


def test_search_paths(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {"s.py": "import a, b, c", "one/a.py": "import r", "two/b.py": "", "two/a.py": ""}
    )
    found = analyze(
        root / "s.py", root=root, paths=[root / "one"], pythonpath=[root / "two", root / "three"]
    )
    assert packages(found) == {"c", "r"}
    assert found.paths == (root / "two",)
    assert [file.module for file in found.files] == ["__main__", "a", "b"]
    assert {root, root / "one", root / "two"} <= set(found.searched)


@pytest.mark.parametrize(
    ("statement", "required"),
    [
        ("from mine.sub.helper import name", {"r"}),
        ("import mine.sub", set()),
        ("from mine import top", {"t"}),
        ("import mine\nmine.top.run()", set()),
        ("from mine import Class", {"mine"}),
        ("import mine\nmine.Class()", {"mine"}),
        ("import mine.other", {"mine.other"}),
        ("import sub.other", {"sub.other"}),
    ],
)
def test_a_project_imported_by_its_own_name(
    statement: str, required: set[str], project: Callable[[dict[str, str]], Path]
) -> None:
    files = {"sub/s.py": statement, "sub/helper.py": "import r", "top.py": "import t"}
    root = project({f"mine/{name}": text for name, text in files.items()}) / "mine"
    assert packages(analyze(root / "sub" / "s.py", root=root)) == required


@pytest.mark.parametrize(
    ("files", "required"),
    [
        ({}, {"scrapy", "scrapy.exceptions"}),
        ({"more.py": "from scrapy.spiders import CrawlSpider"}, {"scrapy", "scrapy.exceptions"}),
        ({"__init__.py": "from .items import Item, signals"}, set()),
        ({"more.py": "from scrapy import items\nfrom scrapy.pipes import P"}, set()),
    ],
)
def test_a_project_that_is_a_package_called_as_what_it_imports(
    files: dict[str, str], required: set[str], project: Callable[[dict[str, str]], Path]
) -> None:
    own = {
        "__init__.py": "# nothing",
        "items.py": "import scrapy\nclass Item(scrapy.Item): pass",
        "pipes.py": "from scrapy.exceptions import DropItem",
        "spiders/__init__.py": "",
        "spiders/quotes.py": "import scrapy\nclass Quotes(scrapy.Spider): pass",
    }
    root = project({f"scrapy/{name}": text for name, text in {**own, **files}.items()}) / "scrapy"
    scripts = search_scripts([root], modules=True).scripts
    assert packages(analyze_together(scripts, root=root)) == required


def test_an_unpacked_library_is_local_to_its_own_scripts(
    project: Callable[[dict[str, str]], Path],
) -> None:
    root = project(
        {
            "s.py": "import lib",
            "put.py": "import sys\nsys.path.insert(0, 'lib-master/src')\nimport lib",
            "lib-master/setup.py": "",
            "lib-master/samples/a.py": "import lib",
            "lib-master/src/lib/__init__.py": "",
        }
    )
    assert packages(analyze(root / "s.py", root=root)) == {"lib"}
    assert packages(analyze(root / "put.py", root=root)) == set()
    assert packages(analyze(root / "lib-master/samples/a.py", root=root)) == set()


def test_a_script_that_shadows_what_it_imports_is_told_so(
    analyzed: Callable[..., Analysis],
) -> None:
    found = analyzed({"celery.py": "from celery import Celery"})
    assert [it.origin for it in found.imports] == [Origin.LOCAL]
    assert found.imports[0].reason == OriginReason(OriginRule.ITSELF, "celery.py")


@pytest.mark.parametrize(
    ("init", "origin"),
    [
        ("from celery import Celery", Origin.PACKAGE),
        ("Celery = 1\nfrom celery import Celery", Origin.LOCAL),
        ("from celery import worker", Origin.LOCAL),
        ("from .worker import *\nfrom celery import Celery", Origin.LOCAL),
        ("from celery.worker import Celery", Origin.LOCAL),
    ],
)
def test_a_package_named_as_the_one_it_uses_is_imported_through_its_folder(
    init: str, origin: Origin, tmp_path: Path
) -> None:
    for name, text in {"__init__.py": init, "worker.py": "", "web.py": "import app.celery"}.items():
        (tmp_path / "app/celery").mkdir(parents=True, exist_ok=True)
        (tmp_path / "app/celery" / name).write_text(text)
    found = analyze_together(search_scripts([tmp_path], modules=True).scripts, root=tmp_path)

    assert {it.origin for it in found.imports if it.name.startswith("celery")} == {origin}


def test_a_package_that_imports_its_own_modules_shadows_nothing(
    analyzed: Callable[..., Analysis],
) -> None:
    files = {"hero/__init__.py": "from hero.view import V", "hero/view.py": "V = 1"}
    found = analyzed({"s.py": "import hero", **files})
    assert {it.reason for it in found.imports} == {
        OriginReason(OriginRule.FILE, "hero/__init__.py")
    }


def test_a_local_module_that_shadows_the_standard_library_is_told(
    analyzed: Callable[..., Analysis],
) -> None:
    found = analyzed({"s.py": "import queue", "queue.py": ""})
    assert found.imports[0].reason.shadows_stdlib


def test_directory_loops_end(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {"s.py": "import a.b", "a/__init__.py": "", "a/b.py": "from a.loop.loop import b"}
    )
    (root / "a" / "loop").symlink_to(root / "a", target_is_directory=True)
    (root / "self").symlink_to(root / "self")
    found = analyze(root / "s.py", root=root)
    assert [file.module for file in found.files] == ["__main__", "a", "a.b"]
    assert search_scripts([root]).scripts == (root / "s.py",)


def test_unread_regions_are_reported(analyzed: Callable[..., Analysis]) -> None:
    found = analyzed({"s.py": "import a\nx = 1", "a.py": "\0\n\n"})
    assert [str(it.location) for it in found.unread] == ["a.py:1"]


def test_analysis_is_deterministic(project: Callable[[dict[str, str]], Path]) -> None:
    files = {"s.py": "import " + ", ".join(f"m{n}" for n in range(20))}
    files |= {f"m{n}.py": f"import r{n}, m{(n * 7) % 20}" for n in range(20)}
    root = project(files)
    assert analyze(root / "s.py", root=root) == analyze(root / "s.py", root=root)


def test_scripts_together_are_one_set(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {"a.py": "import r1, shared", "b.py": "import tomllib, shared", "shared.py": "import r2"}
    )
    found = analyze_together([root / "a.py", root / "b.py"], root=root)
    assert packages(found) == {"r1", "r2"}
    assert str(found.python) == ">=3.11"
    assert len({file.path for file in found.files}) == len(found.files) == 3


def test_a_project_that_is_a_package_itself_finds_its_own_modules(
    project: Callable[[dict[str, str]], Path],
) -> None:
    root = project(
        {
            "__init__.py": "", "app.py": "from telegram.own import f\nimport r",
            "telegram/__init__.py": "", "telegram/own.py": "from telegram.other import g",
            "telegram/other.py": "", "celery.py": "from celery import Celery",
        }
    )  # fmt: skip
    found = analyze_together(search_scripts([root], modules=True).scripts, root=root)
    assert packages(found) == {"r", "celery"}


def test_finding_scripts(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {
            "b.py": "", "a.ipynb": "{}", "tool": "#!/usr/bin/env python3\n", "sh": "#!/bin/sh\n",
            "data.txt": "", "pkg/__init__.py": "", "pkg/m.py": "", "pkg/__main__.py": "",
            "env/pyvenv.cfg": "", "env/x.py": "", "conda/conda-meta/history": "", "conda/y.py": "",
            "cache/CACHEDIR.TAG": "", "cache/u.py": "", "pkgs/p/info/index.json": "{}",
            "pkgs/p/t.py": "", "info/index.json": "{}",
            "build/z.py": "", "node_modules/w.py": "", "__pycache__/v.py": "", "sub/c.py": "",
            "._b.py": "\0\5\x16\7", "sub/._c.py": "\0\5\x16\7",
        }
    )  # fmt: skip
    names = [it.relative_to(root).as_posix() for it in search_scripts([root]).scripts]
    assert names == ["a.ipynb", "b.py", "pkg/__main__.py", "sub/c.py", "tool"]
    assert search_scripts([root / "pkg"]).scripts == (root / "pkg" / "__main__.py",)
    assert root / "pkg" / "m.py" in search_scripts([root], modules=True).scripts
    for wrong in ("nowhere", "node_modules/none"):
        with pytest.raises(AnalysisError):
            search_scripts([root / wrong])


def test_a_link_starts_where_it_leads(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {
            "real/job.py": "import helper\n", "real/helper.py": "import r1\n",
            "bin/helper.py": "import r2\n",
        }
    )  # fmt: skip
    (root / "bin" / "job.py").symlink_to("../real/job.py")
    (root / "twice.py").symlink_to(root / "bin" / "job.py")
    for link in ("bin/job.py", "twice.py"):
        assert packages(analyze(root / link, root=root)) == {"r1"}
    names = [it.relative_to(root).as_posix() for it in search_scripts([root]).scripts]
    assert names == ["bin/helper.py", "real/helper.py", "real/job.py"]


def test_modules_that_are_run(project: Callable[[dict[str, str]], Path]) -> None:
    root = project(
        {"a.py": "", "p/__init__.py": "", "p/__main__.py": "", "p/m.py": "", "n/__main__.py": ""}
    )
    expected = {"a": "a.py", "p": "p/__main__.py", "p.m": "p/m.py", "n": "n/__main__.py"}
    for module, file in expected.items():
        assert module_file(module, [root]) == root / file
    for missing in ("b", "p.x", "a.b"):
        with pytest.raises(AnalysisError, match=f"no module `{missing}`"):
            module_file(missing, [root])


def test_an_optional_setuptools_brings_no_distutils(analyzed: Callable[..., Analysis]) -> None:
    optional = "import distutils.spawn\ntry:\n    import setuptools\nexcept ImportError:\n"
    optional += "    setuptools = None\n"
    required = "import distutils.spawn, setuptools\n"

    assert str(analyzed({"s.py": optional}).python) == ">=2.7,<3.12"
    assert str(analyzed({"s.py": required}).python) == ">=2.7"
