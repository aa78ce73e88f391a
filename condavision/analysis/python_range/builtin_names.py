"""Builtins that only some Pythons have: ``unicode``, ``xrange``, ``breakpoint``, ``anext``.

They narrow only where the source neither binds nor checks for them. A line that silences a linter
says that its author knows the name is missing somewhere.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import (
    admitted,
    bindings,
    guarded,
    names_of,
    phrase_of,
)
from condavision.analysis.python_range.rules import Claim, Verdict
from condavision.analysis.python_range.stdlib import modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.records import RawImport
    from condavision.analysis.source.lexing import Lexed

_SILENCED = re.compile(
    rb"noqa|undefined-variable|type:[ \t]*ignore|F821|\bpy(?:thon)?[ \t]?[23]\b", re.IGNORECASE
)
_MOST_USES = 200  # of one name: a file with more is generated


@cache
def _words() -> frozenset[bytes]:
    names = names_of("builtins").keys() - {"exec", "print"}  # syntax in Python 2
    return frozenset(name.encode() for name in names if "." not in name)


def builtin_claims(
    lexed: Lexed, root: Node, guards: Guards, imports: Sequence[RawImport]
) -> Iterator[Claim]:
    """Yield what the builtins used in a source say."""
    candidates = _words() & lexed.words
    if not candidates:
        return
    imported = {name.encode() for statement in imports for name in statement.binds}
    if brings_anything(imports):
        return
    for word in sorted(candidates - imported):
        yield from _uses(word, lexed, root, guards)


def brings_anything(imports: Sequence[RawImport]) -> bool:
    """Return whether a star import may hide any builtin."""
    return any(statement.star and _unknown(statement) for statement in imports)


def _unknown(statement: RawImport) -> bool:
    """Return whether a star import may bring anything: only other modules than Python's can."""
    top = statement.name.partition(".")[0]
    return bool(statement.level) or top in {"builtins", "__builtin__"} or top not in modules()


def _uses(word: bytes, lexed: Lexed, root: Node, guards: Guards) -> Iterator[Claim]:
    """Yield the first use of a builtin, if the source has no name like it of its own."""
    name = word.decode()
    pythons = names_of("builtins")[name]
    if next(bindings(word, lexed, root), None) is not None:
        return
    for count, place in enumerate(re.finditer(rb"%b\b(?<![\w.]%b)" % (word, word), lexed.code)):
        node = root.descendant_for_byte_range(place.start(), place.end())
        if count > _MOST_USES:
            return
        if node is None or node.type != "identifier" or not _evaluated(node):
            continue
        guard = guards.at(place.start())
        silenced = _SILENCED.search(_line(lexed.source, place.start())) is not None
        if guarded(guard, "NameError") or silenced or _checked(name, guard.checked):
            continue
        yield Claim(place.start(), Verdict(phrase_of(name, pythons), admitted(pythons, guard)))
        return


def _checked(name: str, checked: frozenset[str]) -> bool:
    return any(asked.rpartition(".")[2] == name for asked in checked)


def _line(source: bytes, offset: int) -> bytes:
    end = source.find(b"\n", offset)
    return source[source.rfind(b"\n", 0, offset) + 1 : end if end >= 0 else len(source)]


def _evaluated(node: Node) -> bool:
    """Return whether a name is looked up whenever the statement around it runs."""
    parent = node.parent
    if parent is None or parent.type in {"ERROR", "dotted_name"}:
        return False
    if parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
        return False
    while parent is not None and parent.type in {"tuple", "parenthesized_expression", "as_pattern"}:
        parent = parent.parent
    return parent is not None and parent.type not in {"except_clause", "type"}
