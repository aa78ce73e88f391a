"""The lines of IPython and Databricks that are not Python, each turned into one that is.

What they hold, run or import is kept: ``%time import a`` is ``import a``, ``%run b.py`` runs a
file, ``%matplotlib qt`` imports matplotlib and has it use that backend, a cell after
``%%writefile c.py`` is the module ``c``. The rest becomes a comment.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HOLDING_CODE = {
    "capture", "chime", "debug", "heat", "ipytest", "local", "lprun", "manim", "memit", "mprun",
    "notify", "prun", "px", "pyinstrument", "python", "python3", "scalene", "snakeviz", "time",
    "timeit", "wandb",
}  # fmt: skip
_OPTIONS = {
    "capture": "", "lprun": "DTfmrsu", "memit": "cit", "mprun": "Tcf", "prun": "Dlst",
    "timeit": "nrp",
}  # fmt: skip
"""Options of these that take a value, a letter each."""
_NO_CODE_IN_HEADER = {"capture", "chime", "local", "manim", "px", "python", "python3", "wandb"}
_WRITING = {"file", "writefile"}
_PYTHON_FILE = re.compile(r"(?:\./)?(?P<module>[^\W\d]\w*(?:/[^\W\d]\w*)*)\.py")
_ASSIGNED = re.compile(r"^(?P<left>\s*[\w.,\s\[\]'\"]+=\s*)(?P<sign>[!%])(?P<rest>(?!=).*)$")
_MAGIC = re.compile(r"^(?P<indent>\s*)(?P<rest>(?:[!%]|\?\??\s*\w).*)$")
_HELP = re.compile(r"^(?P<indent>\s*)(?P<rest>[\w.*]+\?\??\s*)$")
_EXTENSION = re.compile(r"%(?:load_ext|reload_ext)\s+([\w.]+)")
_OWN_EXTENSIONS = {"autoreload", "storemagic"}
_PLOTTING = re.compile(
    r"%(?P<name>matplotlib|pylab)\b(?:[ \t]+(?:--?[\w-]+[ \t]+)*(?P<backend>[\w:/.]+))?"
)
_PLOTTING_CODE = {
    "matplotlib": ("import matplotlib", "matplotlib.use"),
    "pylab": ("import numpy as np, matplotlib.pyplot as plt", "plt.switch_backend"),
}
_CYTHON_IMPORT = re.compile(r"\s*(?:from\s+[\w.]+\s+)?c?import\s")
_CYTHON_OWN = re.compile(r"\s*(?:from|c?import)\s+(?:libc|libcpp|cpython|cython|posix)\b")
DATABRICKS = b"# Databricks notebook source"
"""The first line of a notebook that Databricks keeps as a Python file."""

_DATABRICKS_MAGIC = re.compile(rb"(?m)^# MAGIC ?(?P<line>%(?:run|pip|conda|sh|fs)\b[^\n]*)$")
_DATABRICKS_CODE = re.compile(rb"(?m)^# MAGIC %python[^\n]*\n(?:# MAGIC[^\n]*\n?)*")
_WRITTEN = re.compile(rb"(?m)^#%%(?:write)?file[ \t]+(?:-a[ \t]+)?(?P<path>[^\s#]+)")


def cell_lines(lines: list[str]) -> Iterator[str]:
    """Yield a cell's lines as Python, one for each."""
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is None or not lines[first].startswith("%%"):
        yield from _without_magics(lines)
        return
    header = lines[first]
    name, _, rest = header[2:].strip().partition(" ")
    if name.lower() == "cython":
        yield from (f"#{line}" for line in lines[:first])
        yield f"import Cython  #{header}"
        yield from map(_cython_line, lines[first + 1 :])
    elif name in _HOLDING_CODE or (name in _WRITING and written_module(rest)):
        code = _code_of(name, rest) if name not in {*_NO_CODE_IN_HEADER, *_WRITING} else ""
        yield from lines[:first]
        yield f"{code}  #{header}" if code else f"#{header}"
        yield from _without_magics(lines[first + 1 :])
    else:
        yield from (f"#{line}" for line in lines)


def written_module(rest: str) -> str:
    """Return the module that ``%%writefile`` writes, dotted; empty where it writes another file."""
    words = [word for word in rest.split() if word != "-a"]
    found = _PYTHON_FILE.fullmatch(words[0]) if words else None
    return found["module"].replace("/", ".").removesuffix(".__init__") if found else ""


def written_modules(text: bytes) -> frozenset[str]:
    """Return the modules that the cells of a notebook's text write."""
    names = (
        written_module(it["path"].decode("utf-8", "replace")) for it in _WRITTEN.finditer(text)
    )
    return frozenset(filter(None, names))


def databricks_text(text: bytes) -> bytes:
    """Return the source of a notebook that Databricks keeps as a Python file, with its magics."""
    if not text.startswith(DATABRICKS):
        return text
    text = _DATABRICKS_CODE.sub(_uncommented, text)
    return _DATABRICKS_MAGIC.sub(lambda it: _statement(it["line"].decode()).encode(), text)


def _uncommented(cell: re.Match[bytes]) -> bytes:
    first, _, rest = cell[0].partition(b"\n")
    return first + b"\n" + re.sub(rb"(?m)^# MAGIC ?", b"", rest)


def _without_magics(lines: Iterable[str]) -> Iterator[str]:
    continued = False  # a command that a backslash carries on to this line
    for line in lines:
        magic = _MAGIC.match(line) or _HELP.match(line)
        assigned = _ASSIGNED.match(line)
        if continued:
            yield f"#{line}"
        elif magic:
            yield f"{magic['indent']}{_statement(magic['rest'])}"
        elif assigned:
            code = _held(assigned["rest"]) if assigned["sign"] == "%" else ""
            yield f"{assigned['left']}{code or 'None'}  #!{assigned['rest']}"
        else:
            yield line
            continue
        continued = line.endswith("\\")


def _statement(magic: str) -> str:
    """Return what a line's magic runs, with the magic behind it as a comment."""
    extension = _EXTENSION.match(magic)
    if extension and extension[1] not in _OWN_EXTENSIONS:
        return f'__import__("{extension[1]}")  #{magic}'
    plotting = _PLOTTING.match(magic)
    if plotting:
        code, use = _PLOTTING_CODE[plotting["name"]]
        chosen = f'; {use}("{plotting["backend"]}")' if plotting["backend"] else ""
        return f"{code}{chosen}  #{magic}"
    code = _held(magic[1:]) if magic.startswith("%") and not magic.startswith("%%") else ""
    return f"{code or 'pass'}  #{magic}"


def _held(magic: str) -> str:
    """Return the Python that a line magic holds, without its sign; empty where it holds none."""
    name, _, rest = magic.strip().partition(" ")
    if name == "run":
        return _run(rest)
    if name not in _HOLDING_CODE - _NO_CODE_IN_HEADER:
        return ""
    code = _code_of(name, rest)
    if code.startswith("%"):
        return _held(code[1:])
    return "" if code.startswith("!") else code


def _code_of(name: str, rest: str) -> str:
    """Return what stands behind the options of a magic."""
    valued = _OPTIONS.get(name, "")
    while option := re.match(r"\s*-(-?)(\w[\w-]*)\s*", rest):
        rest = rest[option.end() :]
        if not option[1] and option[2] in valued:
            rest = rest.partition(" ")[2]
    return rest.strip() if name != "capture" else ""


def shell_words(text: str) -> list[str]:
    """Return the words of a shell command, without a comment behind them."""
    try:
        return shlex.split(text, comments=True)
    except ValueError:  # a quote that nothing closes
        return text.split()


def _run(rest: str) -> str:
    module = False
    for word in shell_words(rest):
        if word == "-m":
            module = True
        elif not word.startswith("-"):
            if any(sign in word for sign in '${}"\\'):
                return ""
            return f'runpy.run_{"module" if module else "path"}("{word}")'
    return ""


def _cython_line(line: str) -> str:
    """Return a line of Cython, if it imports from a package, as the import; else a comment."""
    if not _CYTHON_IMPORT.match(line) or _CYTHON_OWN.match(line):
        return f"#{line}"
    return line.replace("cimport", "import", 1).lstrip()
