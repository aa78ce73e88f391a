"""Builtins that only some Pythons have: ``unicode``, ``xrange``, ``breakpoint``, ``anext``.

They narrow only where the source neither binds nor checks for them. A line that silences a linter
says that its author knows the name is missing somewhere.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import guarded, name_claim, names_of
from condavision.analysis.python_range.stdlib import modules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim
    from condavision.analysis.records import RawImport

_SILENCED = re.compile(
    rb"noqa|undefined-variable|type:[ \t]*ignore|F821|\bpy(?:thon)?[ \t]?[23]\b", re.IGNORECASE
)
_MOST_USES = 200  # of one name: a file with more is generated


@cache
def _words() -> frozenset[bytes]:
    names = names_of("builtins").keys() - {"exec", "print"}  # syntax in Python 2
    return frozenset(name.encode() for name in names if "." not in name)


def builtin_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield what the builtins used in a source say."""
    candidates = _words() & file.lexed.words
    if candidates and not brings_anything(file.imports):
        imported = {name.encode() for statement in file.imports for name in statement.binds}
        for word in sorted(candidates - imported):
            yield from _uses(word, file)


def brings_anything(imports: Sequence[RawImport]) -> bool:
    """Return whether a star import may hide any builtin."""
    return any(statement.star and _unknown(statement) for statement in imports)


def _unknown(statement: RawImport) -> bool:
    """Return whether a star import may bring anything: only other modules than Python's can."""
    top = statement.name.partition(".")[0]
    return bool(statement.level) or top in {"builtins", "__builtin__"} or top not in modules()


def _uses(word: bytes, file: NamesOfFile) -> Iterator[Claim]:
    """Yield the first use of a builtin, if the source has no name like it of its own."""
    name = word.decode()
    if any(file.bindings(word)):
        return
    uses = re.finditer(rb"%b\b(?<![\w.]%b)" % (word, word), file.lexed.code)
    for place in islice(uses, _MOST_USES):
        node = file.root.descendant_for_byte_range(place.start(), place.end())
        if node is None or node.type != "identifier" or not _evaluated(node):
            continue
        guard = file.guards.at(place.start())
        silenced = _SILENCED.search(_line(file.lexed.source, place.start())) is not None
        checked = any(asked.rpartition(".")[2] == name for asked in guard.checked)
        if not (guarded(guard, "NameError") or silenced or checked):
            yield name_claim(place.start(), name, names_of("builtins")[name], guard)
            return


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
