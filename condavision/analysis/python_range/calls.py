"""Calls of functions that a source cannot mean otherwise."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.builtin_names import brings_anything
from condavision.analysis.source.expressions import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile

_MOST_CALLS = 500  # of one function: a file with more is generated


def calls_of(file: NamesOfFile, function: str) -> Iterator[Node]:
    """Yield the calls of a function of the standard library; a builtin has no dot in its name."""
    if function.rpartition(".")[2].encode() not in file.lexed.words:
        return
    for name in _spellings(file, function):
        alias = name.partition(".")[0].encode()
        for match in islice(call_of(name).finditer(file.lexed.code), _MOST_CALLS):
            if file.rebound(alias, match.start()):
                continue
            bracket = file.root.descendant_for_byte_range(match.end() - 1, match.end())
            arguments = None if bracket is None else bracket.parent
            call = None if arguments is None else arguments.parent
            if type_of(call) == "call" and call is not None and not call.has_error:
                yield call


def _spellings(file: NamesOfFile, function: str) -> Iterator[str]:
    if "." not in function:
        imported = {name for statement in file.imports for name in statement.binds}
        if function not in imported and not brings_anything(file.imports):
            yield function
        return
    for alias, target in file.aliases():
        if target == function:
            yield alias
        elif target and function.startswith(f"{target}."):
            yield alias + function[len(target) :]


@cache
def call_of(name: str) -> re.Pattern[bytes]:
    """Return an expression for a call, up to its bracket, as far as its dotted name says it."""
    dotted = rb"\s*\.\s*".join(re.escape(part.encode()) for part in name.split("."))
    alias = re.escape(name.partition(".")[0].encode())
    start = rb"%b\b(?<![\w.]%b)" % (alias, alias)
    return re.compile(start + dotted[len(alias) :] + rb"[ \t]*\(")
