"""Which Pythons have the methods and operators that values of plain types are used with.

``"a".removeprefix("b")`` needs 3.9, ``Path("a").exists(follow_symlinks=True)`` 3.12,
``Thread().isAlive()`` fails since 3.9. They are looked up in a generated table
(tools/generate_methods.py).
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import guarded, name_claim
from condavision.analysis.python_range.keywords import keywords_of
from condavision.analysis.python_range.plain_types import PlainTypes
from condavision.analysis.python_range.stdlib import table_rows
from condavision.analysis.source.expressions import operands, type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim

_MOST_USES = 500  # of one method: a file with more is generated
_UNION = re.compile(rb"(?<=[\w)\]}\"])[ \t]*\|=?(?!\|)")
_SINCE_UNIONS = PythonRange.at_least(3, 9)


@cache
def _methods() -> Mapping[bytes, Mapping[str, Mapping[str, PythonRange]]]:
    """Return by method and class the Pythons that have it, and that take each keyword."""
    found: dict[bytes, dict[str, dict[str, PythonRange]]] = {}
    for kind, spans, names in table_rows("methods"):
        for name in names.split():
            method, _, keyword = name.partition(":")
            kinds = found.setdefault(method.encode(), {})
            kinds.setdefault(kind, {})[keyword] = PythonRange.from_spans(spans)
    return found


@cache
def _classes() -> frozenset[str]:
    return frozenset(kind for kinds in _methods().values() for kind in kinds)


def method_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield what methods of plain types say, and ``|`` between dictionaries."""
    used = _methods().keys() & file.lexed.words
    types = PlainTypes(file, _classes()) if used or b"|" in file.lexed.code else None
    if types is None:
        return
    if used:
        words = b"|".join(sorted(used))
        for use in islice(re.finditer(rb"\.\s*(%b)\b" % words, file.lexed.code), _MOST_USES):
            yield from _uses(file, types, use)
    if b"|" in file.lexed.code:
        yield from _unions(file, types)


def _uses(file: NamesOfFile, types: PlainTypes, use: re.Match[bytes]) -> Iterator[Claim]:
    node = file.root.descendant_for_byte_range(use.start(1), use.end(1))
    attribute = None if node is None else node.parent
    if attribute is None or attribute.type != "attribute" or node is None:
        return
    kinds = _methods()[use[1]]
    kind = types.of(attribute.child_by_field_name("object"))
    known = kinds.get(kind)
    guard = file.guards.at(use.start())
    if known is None or guarded(guard, "AttributeError", "TypeError") or guard.checked:
        return
    if _is_own(attribute, file, use[1]):
        return
    shown = f"{kind.removeprefix('builtins.')}.{use[1].decode()}"
    if "" in known:
        yield name_claim(use.start(1), shown, known[""], guard)
    call = attribute.parent
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if arguments is not None and type_of(call) == "call" and len(known) > ("" in known):
        for word in map(bytes.decode, keywords_of(arguments)):
            if word in known:
                yield name_claim(use.start(1), f"{shown}({word}=)", known[word], guard)


def _is_own(attribute: Node, file: NamesOfFile, method: bytes) -> bool:
    """Return whether a class here may define what is asked of ``self``."""
    owner = attribute.child_by_field_name("object")
    is_self = owner is not None and owner.text in {b"self", b"cls"}
    return is_self and any(file.bindings(method))


def _unions(file: NamesOfFile, types: PlainTypes) -> Iterator[Claim]:
    """Yield the first ``|`` or ``|=`` on a dictionary."""
    for match in islice(_UNION.finditer(file.lexed.code), _MOST_USES):
        at = match.start() + match[0].index(b"|")
        node = file.root.descendant_for_byte_range(at, at + 1)
        holder = None if node is None else node.parent
        guard = file.guards.at(at)
        if type_of(holder) not in {"binary_operator", "augmented_assignment"} or holder is None:
            continue
        left = operands(holder)[0]
        if types.of(left) == "builtins.dict" and not guarded(guard, "TypeError"):
            operator = match[0].strip().decode()
            yield name_claim(at, f"dict {operator} dict", _SINCE_UNIONS, guard)
            return
