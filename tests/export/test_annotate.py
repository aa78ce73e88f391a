"""``annotate``: the block declares what was inferred, and nothing else in the file changes."""

from __future__ import annotations

import ast
import codecs
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.source.source import read_source
from condavision.export.annotate import annotate
from condavision.export.block import Additions, with_additions
from condavision.inference.coverage import coverage
from condavision.inference.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.command_line import CommandLine

SCRIPTS: dict[str, str] = {
    "packages": "import yaml, bs4\nfrom google.cloud import storage\n",
    "nothing": "import sys\n",
    "a newer Python": "import requests, tomllib\nmatch 1:\n    case _: pass\n",
    "Python 2": "import urllib2, simplejson\nprint 'x'\n",
    "an older Python at most": "import asyncore, attr\n",
    "platforms": (
        "import sys\nif sys.platform == 'win32':\n    import win32api\n"
        "elif sys.platform == 'darwin':\n    import yaml\nelse:\n    import yaml, psutil\n"
    ),
    "some Pythons": "try:\n    import tomllib\nexcept ImportError:\n    import tomli\nimport cv2\n",
    "implied": "import pandas\npandas.read_excel('x')\npandas.read_parquet('y')\n",
    "optional": "import yaml\ntry:\n    import attr\nexcept ImportError:\n    attr = None\n",
    "unknown": "import nobody_has_this_module, yaml\n",
    "overridden": "import special, other, yaml\n",
    "declared": "# /// script\n# dependencies = ['flask']\n# ///\nimport pandas, yaml, flask\n",
    "declared for conda": (
        "# /// script\n# [tool.conda]\n# dependencies = ['pyyaml', 'libfoo >=2']\n# ///\n"
        "import yaml, attr\n"
    ),
    "declared for pixi": (
        "# /// script\n# [tool.pixi.dependencies]\n# pyyaml = '*'\n# ///\nimport yaml, attr\n"
    ),
    "channels": (
        "# /// script\n# [tool.condavision]\n# channels = ['bioconda']\n# ///\nimport yaml\n"
    ),
    "Pythons": "# /// script\n# requires-python = '>=3.8.1,<4'\n# ///\nimport tomllib, yaml\n",
    "narrower Pythons": "# /// script\n# requires-python = '==3.12.*'\n# ///\nimport yaml\n",
    "local modules": "import helper\n",
}
CONFIGURATION = '[imports]\nspecial = "libspecial >=2"\nother = "pypi:other-thing[x]>=1,<3"\n'


@pytest.fixture
def script(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> Callable[..., Path]:
    def make(text: str) -> Path:
        files = {"condavision.toml": CONFIGURATION, "helper.py": "import yaml, attr\n"}
        return make_project({**files, "s.py": text}) / "s.py"

    return make


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_what_is_required_stays_the_same(text: str, script: Callable[..., Path]) -> None:
    path = script(text)
    before = coverage(path, Workspace())
    made = annotate(path, Workspace())
    made.write()
    after = coverage(path, Workspace())
    assert after.inference.hash == before.inference.hash
    assert after.complete
    assert [it.name for it in after.inferred] == [it.name for it in before.inferred]
    assert not annotate(path, Workspace()).changed, "once is enough"
    assert path.read_text().endswith(text.rpartition("# ///\n")[2])


PYTHONS: dict[str, tuple[str, str]] = {
    "any": ("import yaml\n", ""),
    "below the floor too": ("def f(*, a): import yaml\n", ">=3.10"),
    "above the floor": ("import yaml, tomllib\n", ">=3.11"),
    "below the floor only": (
        "import yaml, asyncore, imp\ndef f(*, a): match = a.x\n",
        ">=3.10,<3.12",
    ),
    "too many declared": (
        "# /// script\n# requires-python = '>=3.2,<4'\n# ///\nimport enum, yaml\n",
        ">=3.10,<4",
    ),
    "fewer declared": (
        "# /// script\n# requires-python = '>=3.12'\n# ///\nimport enum\n",
        ">=3.12",
    ),
    "older declared": ("# /// script\n# requires-python = '>=3.7'\n# ///\nimport enum\n", ">=3.7"),
}


@pytest.mark.parametrize(("text", "declared"), PYTHONS.values(), ids=PYTHONS)
def test_the_pythons_that_are_solved_for_are_declared(
    text: str, declared: str, script: Callable[..., Path]
) -> None:
    path = script(text)
    annotate(path, Workspace()).write()
    found = coverage(path, Workspace())
    assert (found.inference.metadata.requires_python or "", found.python) == (declared, None)


def test_what_only_conda_has(script: Callable[..., Path]) -> None:
    path = script(SCRIPTS["overridden"])
    annotate(path, Workspace()).write()
    assert path.read_text() == (
        "# /// script\n"
        "# dependencies = [\n"
        '#     "other-thing[x]<3,>=1",\n'
        '#     "pyyaml",\n'
        "# ]\n"
        "#\n"
        "# [tool.condavision]\n"
        "# dependencies = [\n"
        '#     "libspecial >=2",\n'
        "# ]\n"
        "# ///\n"
        "\n" + SCRIPTS["overridden"]
    )


ACCEPTED = f"""\
"gidgetlab": {{"version": "1.0", "files": {{"gidgetlab-1.0.zip": "{"a" * 64}"}}}}
"""
ADDED = Additions(">=3.9", ("pyyaml",), ())
BLOCK = (
    '# /// script\n# requires-python = ">=3.9"\n# dependencies = [\n#     "pyyaml",\n# ]\n# ///\n'
)
PLACES: dict[str, tuple[bytes, bytes]] = {
    "at the top": (b"import yaml\n", f"{BLOCK}\nimport yaml\n".encode()),
    "an empty file": (b"", BLOCK.encode()),
    "below a shebang": (
        b"#!/usr/bin/env python\nx\n",
        f"#!/usr/bin/env python\n{BLOCK}\nx\n".encode(),
    ),
    "a shebang alone": (b"#!/bin/env python", f"#!/bin/env python\n{BLOCK}".encode()),
    "below an encoding": (
        b"#!/x/python\n# -*- coding: latin-1 -*-\n'\xe9'\n",
        f"#!/x/python\n# -*- coding: latin-1 -*-\n{BLOCK}\n".encode() + b"'\xe9'\n",
    ),
    "above a docstring": (b'"""Doc."""\nx\n', f'{BLOCK}\n"""Doc."""\nx\n'.encode()),
    "above a licence": (b"# (c) me\n\nx\n", f"{BLOCK}\n# (c) me\n\nx\n".encode()),
    "above an empty line": (b"\nx", f"{BLOCK}\nx".encode()),
    "after a byte order mark": (
        codecs.BOM_UTF8 + b"x\n",
        codecs.BOM_UTF8 + f"{BLOCK}\nx\n".encode(),
    ),
    "DOS line ends": (b"x\r\ny\r\n", f"{BLOCK}\nx\ny\n".replace("\n", "\r\n").encode()),
    "old Mac line ends": (b"x\ry\r", f"{BLOCK}\nx\ny\n".replace("\n", "\r").encode()),
    "mixed line ends stay": (
        b"# /// script\r\n#\n# dependencies = []  # mine\r\n# ///\nx\r\n",
        (
            b'# /// script\r\n#\n# dependencies = ["pyyaml"]  # mine\r\n'
            b'# requires-python = ">=3.9"\r\n# ///\nx\r\n'
        ),
    ),
    "comments, order and spaces": (
        (
            b"x\n# /// script\n# # about Python\n# requires-python = '>=3.6,<4'  # because\n#\n"
            b"# dependencies = [\n#   'flask', # web\n#   # later: 'attrs',\n# ]\n# [tool.uv]\n"
            b"# index = [ 1,2 ]\n# ///\n\n# ///\n"
        ),
        (
            b'x\n# /// script\n# # about Python\n# requires-python = ">=3.9,<4"  # because\n#\n'
            b"# dependencies = [\n#   'flask', # web\n#   # later: 'attrs',\n#   \"pyyaml\"\n# ]\n"
            b"# [tool.uv]\n# index = [ 1,2 ]\n# ///\n\n# ///\n"
        ),
    ),
    "bytes of another encoding": (
        b"# coding: latin-1\n# /// script\n# dependencies = ['a']  # caf\xe9\n# ///\n'\xe9'\n",
        (
            b"# coding: latin-1\n# /// script\n# dependencies = ['a', \"pyyaml\"]  # caf\xe9\n"
            b"# requires-python = \">=3.9\"\n# ///\n'\xe9'\n"
        ),
    ),
}


@pytest.mark.parametrize(("before", "after"), PLACES.values(), ids=PLACES)
def test_all_else_keeps_its_bytes(before: bytes, after: bytes) -> None:
    source = read_source(Path("s.py"), "s.py", before)
    assert with_additions(source, before, ADDED) == after


def test_the_docstring_stays_one(script: Callable[..., Path]) -> None:
    path = script('#!/usr/bin/env python3\n"""Doc."""\nimport yaml\n')
    annotate(path, Workspace()).write()
    assert ast.get_docstring(ast.parse(path.read_text())) == "Doc."


def test_a_link_and_permissions_stay(script: Callable[..., Path]) -> None:
    path = script("import yaml\n")
    path.chmod(0o750)
    link = path.with_name("link.py")
    link.symlink_to(path.name)
    annotate(link, Workspace()).write()
    assert link.is_symlink()
    assert "pyyaml" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o750


REFUSED: dict[str, tuple[str, str, str]] = {
    "another format": (
        "s.py",
        "# conda execute\n# env:\n#  - pyyaml\nimport attr\n",
        "another way",
    ),
    "no TOML": ("s.py", "# /// script\n# x = \n# ///\nimport yaml\n", "not valid TOML"),
    "no Python": ("s.py", "print 'x'\nasync def f(): pass\n", "no Python runs"),
    "a notebook": ("n.ipynb", '{"cells": [], "metadata": {}, "nbformat": 4}', "is a notebook"),
}


@pytest.mark.parametrize(("name", "text", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_stays_as_it_is(
    name: str, text: str, said: str, command: CommandLine
) -> None:
    (command.folder / name).write_text(text)
    failed = command("annotate", name)
    assert failed.code != 0
    assert said in failed.err
    assert (command.folder / name).read_text() == text


def test_names_that_nobody_vouches_for_are_not_declared(command: CommandLine) -> None:
    """A declared name counts as accepted by its author, who has not seen this one."""
    (command.folder / "s.py").write_text("import yaml, nobody_has_this_module, gidgetlab\n")
    (made,) = command("annotate", "--json", "s.py").ok().json()
    assert made["pypi"] == ["pyyaml"]
    assert {it["name"] for it in made["inferred"]} == {"nobody_has_this_module", "gidgetlab"}
    (command.folder / "locks").mkdir(exist_ok=True)
    (command.folder / "locks" / "accepted.yml").write_text(ACCEPTED)
    assert (
        command("annotate", "s.py")
        .ok()
        .out.startswith("s.py: added gidgetlab; no known package: nobody_has")
    )


def test_checked_or_shown_only(command: CommandLine) -> None:
    path = command.folder / "s.py"
    path.write_text("import yaml\n")
    assert (checked := command("annotate", "--check", "s.py")).code == 1
    assert checked.out == "s.py: to add: pyyaml\n"
    shown = command("annotate", "--diff", ".").ok().out
    assert '+#     "pyyaml",' in shown.splitlines()
    assert path.read_text() == "import yaml\n"
    assert command("annotate", "s.py").ok().out == "s.py: added pyyaml\n"
    again = command("annotate", "--check", "s.py").ok()
    assert again.out == "s.py: nothing to add\n"
    again = command("annotate", "--diff", "s.py").ok()
    assert (again.out, again.err) == ("", "s.py: nothing to add\n")


def test_whether_what_is_declared_covers_the_imports(command: CommandLine) -> None:
    (command.folder / "s.py").write_text(
        "# /// script\n# requires-python = '>=3.8'\n# dependencies = [\n#   'flask',\n"
        "#   'attrs',\n# ]\n# ///\nimport attr, yaml, tomllib\n"
    )
    (command.folder / "t.py").write_text("import sys\n")
    (command.folder / "u.py").write_text("import yaml, tomllib\n")
    assert command("check", "--declared", "u.py").ok().out.splitlines()[1].split()[1] == "none"
    assert command("check", "--declared", "u.py", "--json").ok().json()[0]["state"] == "none"
    (command.folder / "u.py").unlink()
    checked = command("check", "--declared", ".")
    assert checked.code == 1
    rows = [it.split(maxsplit=2) for it in checked.out.splitlines()]
    assert rows[2:] == [["t.py", "ok"]]
    assert rows[1] == [
        "s.py",
        "incomplete",
        (
            "missing: pyyaml (s.py:8); requires-python should be >=3.11;"
            " nothing imports flask (s.py:4)"
        ),
    ]
    found = command("check", "--declared", "--json", "s.py").json()[0]
    assert found["missing"] == [{"name": "pyyaml", "manager": "pypi", "file": "s.py", "line": 8}]
    assert (found["state"], found["python"], found["code"]) == ("incomplete", ">=3.11", 1)
    command("annotate", "s.py").ok()
    assert "nothing imports flask" in command("check", "--declared", "s.py").ok().out
