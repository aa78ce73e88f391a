"""The Python range of one source file, with a reason for each narrowing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import NamesOfFile, attribute_claims
from condavision.analysis.python_range.builtin_names import builtin_claims
from condavision.analysis.python_range.dict_methods import dict_claims
from condavision.analysis.python_range.event_loop import event_loop_claims
from condavision.analysis.python_range.keywords import keyword_claims
from condavision.analysis.python_range.literals import future_features
from condavision.analysis.python_range.methods import method_claims
from condavision.analysis.python_range.rules import Claim, before, since
from condavision.analysis.python_range.syntax import Narrowing, syntax_claims
from condavision.analysis.python_range.type_expressions import type_claims
from condavision.analysis.python_range.values import value_claims
from condavision.analysis.source.lexing import lex
from condavision.core.model import PythonReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tree_sitter import Tree

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.records import RawImport
    from condavision.analysis.source.lexing import Lexed
    from condavision.analysis.source.source import Source

_UNDECLARED = since(3, 0, "non-ASCII characters without a declared encoding")
_NOT_UTF_8 = before(3, 0, "bytes that are not UTF-8, without a declared encoding")
_UNDECODABLE = before(3, 0, "bytes that contradict the declared encoding")


_CLAIMS = (
    attribute_claims,
    builtin_claims,
    keyword_claims,
    dict_claims,
    value_claims,
    event_loop_claims,
)


def python_reasons(
    source: Source,
    tree: Tree,
    guards: Guards,
    imports: Sequence[RawImport],
    names: Sequence[tuple[str, str]] = (),
) -> tuple[PythonReason, ...]:
    """Return what a file says about the Pythons that run it; each reason narrows further.

    Syntax comes first and is certain. Names of the standard library and builtins follow: they fail
    when they are reached, and never leave less than one Python. ``imports`` are those of the file,
    ``names`` what it has from elsewhere, and what each means.
    """
    narrowing = Narrowing()
    lexed = lex(source.text, tree.root_node)
    certain = list(_syntax(source, lexed, tree, narrowing))
    file = NamesOfFile(lexed, tree.root_node, guards, imports, names)
    likely = (
        found
        for found in _names(file, narrowing)
        if not narrowing.minors.isdisjoint(found.verdict.pythons.minors)
        and narrowing.by(found.verdict)
    )
    return _reasons(source, lexed, (*certain, *likely))


def syntax_reasons(source: Source, tree: Tree) -> tuple[PythonReason, ...]:
    """Return what the syntax of a file alone says; each reason narrows further."""
    lexed = lex(source.text, tree.root_node)
    return _reasons(source, lexed, _syntax(source, lexed, tree, Narrowing()))


def _reasons(source: Source, lexed: Lexed, claims: Iterable[Claim]) -> tuple[PythonReason, ...]:
    return tuple(
        PythonReason(
            source.location(lexed.line(found.offset) - 1),
            found.verdict.phrase,
            found.verdict.pythons,
        )
        for found in claims
    )


def _syntax(source: Source, lexed: Lexed, tree: Tree, narrowing: Narrowing) -> Iterator[Claim]:
    yield from _encoding(source, narrowing)
    yield from syntax_claims(lexed, tree.root_node, narrowing)


def _names(file: NamesOfFile, narrowing: Narrowing) -> Iterator[Claim]:
    for claims in _CLAIMS:
        yield from claims(file)
    yield from method_claims(file, narrowing.minors)
    deferred = b"annotations" in future_features(file.lexed)
    yield from type_claims(file, narrowing.worthwhile, deferred=deferred)


def _encoding(source: Source, narrowing: Narrowing) -> Iterator[Claim]:
    if source.text.isascii():
        return
    verdict = _UNDECLARED
    if source.undecodable is not None and source.declared:
        verdict = _UNDECODABLE
    elif source.declared:
        return
    place = re.search(rb"[\x80-\xff]", source.text)
    if place is None:
        return
    if narrowing.by(verdict):
        yield Claim(place.start(), verdict)
    if source.undecodable is not None and not source.declared and narrowing.by(_NOT_UTF_8):
        yield Claim(place.start(), _NOT_UTF_8)
