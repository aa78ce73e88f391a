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
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim
    from condavision.core.pythons import Minor

_MOST_USES = 500  # of one method: a file with more is generated
_WORD = re.compile(rb"\w")
_UNION = re.compile(rb"\|(?<!\|\|)=?(?!\|)")
_DICTIONARY = re.compile(rb"(?:[)}]|(?:\A|[^\w.])[A-Za-z_]\w*)[ \t]*\Z")
"""What may precede a ``|`` if that is for dictionaries: no attribute, number or string."""
_CHAINED = re.compile(rb"\|[ \t*]*\w+[ \t]*\Z")
"""What precedes a later ``|`` of ``a | b | c``: the type of its left side is not known."""
_LONGEST_NAME = 80
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


def method_claims(file: NamesOfFile, minors: AbstractSet[Minor]) -> Iterator[Claim]:
    """Yield what methods of plain types say, and ``|`` between dictionaries.

    ``minors`` are the Pythons that are left; what all of them have is not looked for.
    """
    likely = _methods().keys() & file.lexed.words
    has_unions = b"|" in file.lexed.code and _narrows(_SINCE_UNIONS, minors)
    if not (likely or has_unions):
        return
    tops = {"builtins", *(full.partition(".")[0] for _, full in file.aliases())}
    used = sorted(it for it in likely if any(_narrows(has, minors) for has in _spans(it, tops)))
    types = PlainTypes(file, _classes())
    yield from _uses_of(file, types, used)
    if has_unions:
        yield from _unions(file, types)


def _spans(method: bytes, tops: AbstractSet[str]) -> Iterator[PythonRange]:
    """Yield the Pythons of a method in classes of some packages: a file has no others."""
    for kind, known in _methods()[method].items():
        if kind.partition(".")[0] in tops:
            yield from known.values()


def _narrows(pythons: PythonRange, minors: AbstractSet[Minor]) -> bool:
    return not pythons.minors.isdisjoint(minors) and not pythons.minors >= minors


def _uses_of(file: NamesOfFile, types: PlainTypes, methods: Iterable[bytes]) -> Iterator[Claim]:
    code = file.lexed.code
    for method in methods:
        at = code.find(b"." + method)
        for _ in range(_MOST_USES):
            if at < 0:
                break
            end = at + 1 + len(method)
            if not _WORD.match(code, end):
                yield from _use(file, types, method, at + 1)
            at = code.find(b"." + method, end)


def _use(file: NamesOfFile, types: PlainTypes, method: bytes, start: int) -> Iterator[Claim]:
    node = file.root.descendant_for_byte_range(start, start + len(method))
    attribute = None if node is None else node.parent
    if attribute is None or attribute.type != "attribute" or node is None:
        return
    kinds = _methods()[method]
    kind = types.of(attribute.child_by_field_name("object"))
    known = kinds.get(kind)
    guard = file.guards.at(start)
    if known is None or guarded(guard, "AttributeError", "TypeError") or guard.checked:
        return
    if _is_own(attribute, file, method):
        return
    shown = f"{kind.removeprefix('builtins.')}.{method.decode()}"
    if "" in known:
        yield name_claim(start, shown, known[""], guard)
    call = attribute.parent
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if arguments is not None and type_of(call) == "call" and len(known) > ("" in known):
        for word in map(bytes.decode, keywords_of(arguments)):
            if word in known:
                yield name_claim(start, f"{shown}({word}=)", known[word], guard)


def _is_own(attribute: Node, file: NamesOfFile, method: bytes) -> bool:
    """Return whether a class here may define what is used of ``self``."""
    owner = attribute.child_by_field_name("object")
    is_self = owner is not None and owner.text in {b"self", b"cls"}
    return is_self and any(file.bindings(method))


def _unions(file: NamesOfFile, types: PlainTypes) -> Iterator[Claim]:
    """Yield the first ``|`` or ``|=`` on a dictionary."""
    code = file.lexed.code
    for match in islice(_UNION.finditer(code), _MOST_USES):
        at = match.start()
        before = max(0, at - _LONGEST_NAME), at
        if not _DICTIONARY.search(code, *before) or _CHAINED.search(code, *before):
            continue
        node = file.root.descendant_for_byte_range(at, at + 1)
        holder = None if node is None else node.parent
        guard = file.guards.at(at)
        if type_of(holder) not in {"binary_operator", "augmented_assignment"} or holder is None:
            continue
        left = operands(holder)[0]
        if types.of(left) == "builtins.dict" and not guarded(guard, "TypeError"):
            yield name_claim(at, f"dict {match[0].decode()} dict", _SINCE_UNIONS, guard)
            return
