"""Which modules Python includes, and since and until when."""

from __future__ import annotations

from functools import cache

from condavision.analysis.python_range.stdlib_data import MODULES
from condavision.core.pythons import KNOWN, PythonRange

__all__ = ["BACKPORTS", "BUILTIN", "modules", "stdlib_pythons"]

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

BACKPORTS = {
    "asyncio": "trollius",
    "concurrent": "futures",
    "configparser": "configparser",
    "contextvars": "contextvars",
    "dataclasses": "dataclasses",
    "enum": "enum34",
    "faulthandler": "faulthandler",
    "ipaddress": "ipaddress",
    "pathlib": "pathlib",
    "selectors": "selectors34",
    "singledispatch": "singledispatch",
    "statistics": "statistics",
    "typing": "typing",
    "unittest.mock": "mock",
}
"""Modules that a distribution of PyPI brings to Pythons that do not include them."""


@cache
def modules() -> dict[str, PythonRange]:
    """Return the Pythons that have each module of the table."""
    table = {}
    for spans, names in MODULES.items():
        pythons = _range(spans)
        for name in names.split():
            table[name] = pythons
    return table


def _range(spans: str) -> PythonRange:
    minors = set()
    for span in spans.split():
        first, _, last = span.partition("-")
        ends = [tuple(map(int, end.split("."))) for end in (first, last or first)]
        minors |= {minor for minor in KNOWN if ends[0] <= minor <= ends[1]}
    return PythonRange(frozenset(minors))


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
