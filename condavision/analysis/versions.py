"""The Python range of one source file, with a reason for each narrowing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.lexing import lex
from condavision.analysis.rules import Finding, before, since
from condavision.analysis.syntax import Narrowing, syntax_findings
from condavision.model import PythonReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Tree

    from condavision.analysis.source import Source

__all__ = ["syntax_reasons"]

_UNDECLARED = since(3, 0, "non-ASCII characters without a declared encoding")
_UNDECODABLE = before(3, 0, "bytes that contradict the declared encoding")


def syntax_reasons(source: Source, tree: Tree) -> tuple[PythonReason, ...]:
    """Return what the syntax of a file says, narrowest reasons first; each narrows further."""
    narrowing = Narrowing()
    lexed = lex(source.text, tree.root_node)
    findings = [*_encoding(source, narrowing), *syntax_findings(lexed, tree.root_node, narrowing)]
    return tuple(
        PythonReason(
            source.location(lexed.line(found.offset) - 1),
            found.verdict.phrase,
            found.verdict.pythons,
        )
        for found in findings
    )


def _encoding(source: Source, narrowing: Narrowing) -> Iterator[Finding]:
    if source.text.isascii():
        return
    verdict = _UNDECLARED
    if source.undecodable is not None and source.declared:
        verdict = _UNDECODABLE
    elif source.declared:
        return
    place = re.search(rb"[\x80-\xff]", source.text)
    if place is not None and narrowing.by(verdict):
        yield Finding(place.start(), verdict)
