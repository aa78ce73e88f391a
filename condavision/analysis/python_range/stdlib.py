"""Which modules Python includes, and since and until when."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from condavision.core.pythons import PythonRange

_TABLES = Path(__file__).parents[1] / "data"

BUILTIN = frozenset(
    {
        "__builtin__", "_abc", "_ast", "_codecs", "_collections", "_functools", "_imp", "_io",
        "_operator", "_signal", "_sre", "_stat", "_string", "_symtable", "_thread", "_tracemalloc",
        "_warnings", "_weakref", "atexit", "builtins", "errno", "exceptions", "faulthandler", "gc",
        "imp", "itertools", "marshal", "nt", "posix", "signal", "sys", "thread", "time",
        "zipimport", "_frozen_importlib", "_frozen_importlib_external", "__main__",
    }
)  # fmt: skip
"""Modules compiled into the interpreter: no file on ``sys.path`` is found instead of them."""


def table_rows(name: str) -> list[list[str]]:
    """Return the columns of each row of a generated table."""
    lines = (_TABLES / f"{name}.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


BACKPORTS = dict(table_rows("backports"))
"""Modules that a distribution of PyPI brings to Pythons that do not include them."""


def backport_of(module: str) -> str | None:
    """Return the distribution that brings a module to Pythons that do not include it."""
    while module and module not in BACKPORTS:
        module = module.rpartition(".")[0]
    return BACKPORTS.get(module)


@cache
def modules() -> dict[str, PythonRange]:
    """Return the Pythons that have each module of the table."""
    return {module: PythonRange.from_spans(spans) for module, spans in table_rows("stdlib")}


def stdlib_pythons(module: str) -> PythonRange | None:
    """Return the Pythons that include a dotted module, or None if none does.

    A submodule that the table does not name is taken to be as old as the package it lies in.
    """
    table = modules()
    while module not in table:
        module = module.rpartition(".")[0]
        if not module:
            return None
    return table[module]
