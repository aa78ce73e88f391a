"""What modules import only when a name is taken from them."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from condavision.analysis.imports.imports import read_statement
from condavision.import_time.facts import LibraryImport

if TYPE_CHECKING:
    from condavision.analysis.source.source import Source

_GETATTR = re.compile(rb"(?m)^(?:def[ \t]+)?__getattr__\b")
_TYPING = re.compile(
    rb"(?m)^if[ \t]+(?:\w+\.)?TYPE_CHECKING[ \t]*:[ \t]*\n(?:[ \t]+.*\n?|\n)*+(?!el(?:se|if)\b)"
)
_FROM = re.compile(rb"(?m)^[ \t]+(from[ \t]+\w[\w.]*[ \t]+import\b[ \t]*(?:\([^)]*\)|.*))")
_LOADER = re.compile(
    rb"(?m)^def \w+\(\).*:\n[ \t]+(from \w[\w.]* import (\w+))[ \t]*\n\n?[ \t]+return \2$"
)


def lazy_imports(source: Source) -> tuple[LibraryImport, ...]:
    """Return what a module imports from other packages once one of its names is taken.

    Its ``__getattr__`` (PEP 562) finds the names, which it imports for type checkers too, or in a
    function that does nothing else.
    """
    text = source.text
    if not _GETATTR.search(text):
        return ()
    typed = (_FROM.finditer(text, *block.span()) for block in _TYPING.finditer(text))
    return tuple(
        LibraryImport(name, text.count(b"\n", 0, match.start(1)) + 1, level, members)
        for match in chain(*typed, _LOADER.finditer(text))
        for name, level, members, _, _ in read_statement(match[1].decode("utf-8", "replace"))
    )
