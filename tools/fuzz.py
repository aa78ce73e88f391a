"""Run the readers on inputs of atheris, a coverage-guided fuzzer based on libFuzzer.

    pip install -e . atheris
    python tools/fuzz.py -max_total_time=60

Every reader of a file that others write is called: the analysis of scripts and notebooks, their
metadata blocks, locks, ``scripts.yml``, environments, the configuration. Whatever the bytes, each
must return a result or raise a ``CondavisionError`` within ``SECONDS``; libFuzzer writes an input
that violates this to ``crash-*`` or ``timeout-*``, and ``python tools/fuzz.py FILE`` reads it
again. Half of the inputs are used as they are, the others as numbers of fragments, which get past
the first line of a grammar.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

sys.path.insert(0, str(Path(__file__).parent.parent))

with atheris.instrument_imports(include=["condavision"]):
    from condavision.analysis.analyze import analyze
    from condavision.analysis.declared.metadata import read_metadata
    from condavision.analysis.facts.facts import read_facts
    from condavision.analysis.source.source import decode
    from condavision.compile_stage.preferred_versions import read_agreement
    from condavision.errors import CondavisionError
    from condavision.inference.requirements import derive, requirement_hash
    from condavision.locks.index import parse_index
    from condavision.locks.lockfile import parse_lock
    from condavision.mapping.import_map import ImportMap
    from condavision.project.settings_files import SettingsFiles

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 20

PYTHON = (
    "import a", "import tomllib", "from . import b", "from a import (", "from .. import *", ")",
    "try:", "except ImportError:", "except A, b:", "except* A:", "else:", "finally:", "\n",
    "\n    ", "\n        ", "\t", "\r\n", "\f", "\\\n", "if sys.version_info < (3, 11):",
    "if PY2:", "elif sys.platform == 'win32':", "if __name__ == '__main__':", "if HAS_X:",
    "HAS_X = find_spec('a')", "'", '"""', "#", "# coding: latin-1\n",
    "#!/usr/bin/env python2.7\n", "print 'x'", "f'{x!r:{y}}'", "é", "(", "[", "{", "]", "}", ",",
    "lambda:", "async def f():", "await", "match x:", "case _:", ";", ":",
    "sys.path.insert(0, __file__)", "os.path.join(", "__import__('a')", "import_module('a')",
    "hasattr(a, 'b')", "raise", "sys.exit()", "return 1, *b", "with (a, b):", "0777", "1_0",
    "0xZ", "x = y if PY3 else z", "assert sys.version_info >= (3,)", "exec a in b", "`a`", "<>",
    "lazy import q", "class A:", "def f(a, /, *, b):", "*", "**", "@", "->", "\x00", "\ufeff",
    "%", "/", "...", ":=", "type X = int", "def g[T](x: T): pass", "open(1, encoding='a')",
    "subprocess.run(text=True)", "d = {}", "d.iteritems()", "unicode", "xrange(1)",
    "pandas.read_excel('a')", "create_engine('mysql://')", "INSTALLED_APPS = ['a']",
    "from __future__ import annotations", "def h(x: int | None): pass",
    "import os, asyncio, pandas\n", "%matplotlib inline\n", "!pip install a\n", "global a",
    "nonlocal b",
)  # fmt: skip

DECLARED = (
    "# /// script\n", "# ///\n", "# dependencies = [", "'a'", '"a; python_version < \'3.9\'"',
    "]\n", '"a; sys_platform == \'win32\'"', '"a>=1,<2"', "# requires-python = ", "'>=3.9'",
    "'~=x'", ",", "# [tool.condavision]\n", "# channels = ", "# imports = ",
    "# [tool.pixi.dependencies]\n", "\n", "# [tool.conda]\n", "# conda execute\n", "# env:\n",
    "#  - python >=3\n", "#  - a\n", "# ", "= ", "# run_with: python\n",
    "# [tool.pixi.target.win-64.dependencies]\n", "{", "}", "a", "1", "import a",
    '"a; extra == \'b\'"', '"a; os_name ~= \'b\'"', '"a @ https://b"', "# platforms = ",
    "'linux-64'",
)  # fmt: skip

WRITTEN = (
    "version: 1\n", "metadata:\n", "package:\n", "dependencies:\n", "channels:\n", "platforms:\n",
    "  custom_metadata:\n", "  document_sha256: a\n", "  requirement_hash: a\n",
    "  channels: []\n", "  platforms: [linux-64]\n", "- name: a\n", "  version: '1'\n",
    "  manager: conda\n", "  hash: {}\n", "  manager: pip\n", "  platform: linux-64\n",
    "  url: https://a/a-1-0.conda\n", "  - a=1\n", "\n", "  - pip:\n", "    - a==1\n",
    "    - -e .\n", "{", "}", "[", "]", ",", ": ", '"lock": "a"', "null", '"digest": "b"',
    '"web.py"', '"channels": ["a"]', '"paths": [1]', "&a ", "*a ", "!!python/name:a", "1", "'",
    '"', "- ", "  ", "\t", "<<: ", "2026-01-01", "~", "\x85", "\ufeff", "#", "<<<<<<< a\n", "0x",
    "é",
)  # fmt: skip

SETTINGS = (
    "channels = ", "platforms = ", "paths = ", "locks = ", "imports = ", "[imports]\n", "cv2 = ",
    "\n", "python-floor = ", "exclude-newer = ", "virtual-packages = ", "[virtual-packages]\n",
    "__glibc = ", "[tool.condavision]\n", '"conda-forge"', '"3.10"', '"7d"', '"2026-01-01"',
    "2026-01-01", "1.5", "true", "[", "]", "{", "}", ",", "=", '"', "'", "a", '""', '"pypi:a"',
    "engine = ", "trusted-channels = ", "allow-sdist = ", "offline = ", "[[a]]\n", "a.b = ",
    "1e400", '"\\ud800"', "nan", '"../.."', "#", "é",
)  # fmt: skip


def text_of(data: bytes, fragments: tuple[str, ...]) -> bytes:
    """Use an input as it is, or its bytes as numbers of fragments."""
    if not data or data[0] % 2:
        return data[1:]
    return "".join(fragments[byte % len(fragments)] for byte in data[1:]).encode()


def read_source(data: bytes, name: str) -> None:
    facts = read_facts(decode(text_of(data, PYTHON), Path(name), name))
    places = [*(it.location for it in facts.imports), *(it.location for it in facts.reasons)]
    assert all(place.line >= 1 for place in places), places


def read_script(data: bytes, folder: Path) -> None:
    script = folder / "script.py"
    script.write_bytes(text_of(data, PYTHON))
    analysis = analyze(script, root=folder)
    requirements, _ = derive(analysis, SettingsFiles().config(folder), ImportMap.bundled())
    assert len(requirement_hash(requirements)) == 16


def read_block(data: bytes) -> None:
    read_metadata(decode(text_of(data, DECLARED), Path("s.py"), "s.py"))


def read_lock(data: bytes) -> None:
    parse_lock(text_of(data, WRITTEN).decode("utf-8", "replace"), Path("a.conda-lock.yml"))


def read_index(data: bytes) -> None:
    parse_index(text_of(data, WRITTEN).decode("utf-8", "replace"), Path("scripts.yml"))


def read_environment(data: bytes, folder: Path) -> None:
    path = folder / "environment.yml"
    path.write_bytes(text_of(data, WRITTEN))
    read_agreement(path)


def read_settings(data: bytes, folder: Path) -> None:
    (folder / "condavision.toml").write_bytes(text_of(data, SETTINGS))
    try:
        SettingsFiles().config(folder)
    finally:
        (folder / "condavision.toml").unlink()


def readers(folder: Path) -> tuple[Callable[[bytes], None], ...]:
    return (
        lambda data: read_source(data, "s.py"),
        lambda data: read_source(data, "s.ipynb"),
        lambda data: read_script(data, folder),
        read_block,
        read_lock,
        read_index,
        lambda data: read_environment(data, folder),
        lambda data: read_settings(data, folder),
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:  # libFuzzer ends the process: one may stay behind
        os.environ["CONDAVISION_HOME"] = f"{name}/home"
        (Path(name) / "project").mkdir()
        every = readers(Path(name) / "project")

        def read(data: bytes) -> None:
            if data:
                with suppress(CondavisionError):
                    every[data[0] % len(every)](data[1:])

        defaults = [f"-timeout={SECONDS}", "-max_len=400", "-len_control=0", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], *defaults, *sys.argv[1:]], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
