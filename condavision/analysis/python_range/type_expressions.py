"""Type expressions that older Pythons cannot evaluate: ``list[int]`` (PEP 585), ``X | None`` (604).

Annotations of functions are evaluated where they are defined, those of variables in modules and
classes only; with ``from __future__ import annotations`` none is, and strings never are.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import admitted, guarded
from condavision.analysis.python_range.rules import Claim, Verdict, since
from condavision.analysis.source.expressions import ancestor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.records import RawImport

_MOST_CANDIDATES = 3000  # each costs the tree's depth, and real files have hundreds
_CLIMB = 40  # levels of one type expression
_BAR = re.compile(rb"\|(?![=|])(?<!\|\|)")

_SUBSCRIPTED = since(3, 9, "subscripted standard collection (PEP 585)")
_UNION = since(3, 10, "union of types with | (PEP 604)")

_BUILTIN_GENERICS = frozenset({b"list", b"dict", b"tuple", b"set", b"frozenset", b"type"})
_BUILTIN_TYPES = _BUILTIN_GENERICS | {b"int", b"str", b"float", b"bool", b"bytes", b"complex"}

_GENERICS = {
    "collections.abc": None,  # every class of it
    "collections": {"deque", "defaultdict", "OrderedDict", "Counter", "ChainMap"},
    "contextlib": {"AbstractContextManager", "AbstractAsyncContextManager"},
    "re": {"Pattern", "Match"},
    "os": {"PathLike"},
    "queue": {"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"},
    "asyncio": {"Future", "Task", "Queue"},
    "subprocess": {"Popen", "CompletedProcess"},
    "functools": {"partial", "partialmethod", "cached_property"},
    "weakref": {"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "ReferenceType"},
}
"""Classes of PEP 585's list; ``None`` means all."""

_STATEMENTS = frozenset(
    {"module", "block", "expression_statement", "if_statement", "return_statement"}
)


def type_claims(
    file: NamesOfFile, possible: Callable[[Verdict], bool], *, deferred: bool
) -> Iterator[Claim]:
    """Yield what evaluated type expressions need.

    ``deferred``: the source has ``from __future__ import annotations``. ``possible`` returns
    whether a verdict can still narrow.
    """
    code = file.lexed.code
    if possible(_UNION) and b"|" in code:
        for bar in islice(_BAR.finditer(code), _MOST_CANDIDATES):
            if not possible(_UNION):
                break
            if _is_union(bar.start(), file, deferred=deferred):
                yield from _unless_guarded(bar.start(), _UNION, file)
    if possible(_SUBSCRIPTED):
        for name in sorted(_generic_names(file.imports, file.lexed.words)):
            for use in islice(_subscripted(name).finditer(code), _MOST_CANDIDATES):
                if not possible(_SUBSCRIPTED):
                    return
                if _is_generic(name, use, file, deferred=deferred):
                    yield from _unless_guarded(use.start(), _SUBSCRIPTED, file)


@cache
def _subscripted(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"%b\[(?<![\w.]%b\[)" % (re.escape(name), re.escape(name)))


def _unless_guarded(offset: int, verdict: Verdict, file: NamesOfFile) -> Iterator[Claim]:
    guard = file.guards.at(offset)
    if not guarded(guard, "TypeError"):
        yield Claim(offset, Verdict(verdict.phrase, admitted(verdict.pythons, guard)))


def _generic_names(imports: Sequence[RawImport], words: frozenset[bytes]) -> set[bytes]:
    names = set(_BUILTIN_GENERICS & words)
    for statement in imports:
        if statement.name not in _GENERICS or statement.level:
            continue
        generic = _GENERICS[statement.name]
        for member, name in zip(statement.members, statement.binds, strict=False):
            if generic is None or member in generic:
                names.add(name.encode())
        if not statement.members and generic is not None:
            alias = statement.binds[0].encode() if statement.binds else b""
            names.update(b"%b.%b" % (alias, member.encode()) for member in generic)
    return names


def _is_generic(name: bytes, use: re.Match[bytes], file: NamesOfFile, *, deferred: bool) -> bool:
    start, end = use.span()
    node = file.root.descendant_for_byte_range(start, start + 1)
    if node is None:
        return False
    evaluated = _annotation_evaluated(node, deferred=deferred)
    if evaluated is not None:
        return evaluated
    subscript = file.root.descendant_for_byte_range(end - 1, end)
    subscript = None if subscript is None else subscript.parent
    if subscript is None or subscript.type != "subscript":
        return False
    index = subscript.child_by_field_name("subscript")
    if index is None or index.type in {"integer", "slice", "string", "unary_operator"}:
        return False
    return not file.rebound(name.partition(b".")[0], start)


def _is_union(offset: int, file: NamesOfFile, *, deferred: bool) -> bool:
    node = file.root.descendant_for_byte_range(offset, offset + 1)
    operator = None if node is None else node.parent
    if node is None or operator is None or operator.type not in {"binary_operator", "union_type"}:
        return False
    operands = [child for child in operator.named_children if child.type != "comment"]
    if any(operand.type in {"string", "concatenated_string"} for operand in operands):
        return False
    evaluated = _annotation_evaluated(node, deferred=deferred)
    if evaluated is not None:
        return evaluated
    return any(_is_type(operand, file) for operand in operands[:2]) and not any(
        operand.type in {"integer", "call", "true", "false"} for operand in operands
    )


def _is_type(operand: Node, file: NamesOfFile) -> bool:
    """Return whether an operand of ``|`` outside an annotation can only be a type."""
    name: Node | None = operand
    if operand.type == "none":
        return True
    if operand.type == "subscript":
        name = operand.child_by_field_name("value")
    if name is None or name.type != "identifier" or name.text not in _BUILTIN_TYPES:
        return False
    return not file.rebound(name.text, name.start_byte)


def _annotation_evaluated(node: Node | None, *, deferred: bool) -> bool | None:
    """Return whether the annotation around a node is evaluated; None: it stands in none."""
    outermost = None
    for _ in range(_CLIMB):
        if node is None or node.type in _STATEMENTS:
            break
        if node.type == "type":
            outermost = node
        node = node.parent
    if outermost is None or outermost.parent is None:
        return None
    holder = outermost.parent
    if deferred or holder.type in {"type_alias_statement", "type_parameter"}:
        return False
    if holder.type != "assignment":
        return True
    scope = ancestor(holder, {"function_definition", "class_definition"})
    return scope is None or scope.type == "class_definition"
