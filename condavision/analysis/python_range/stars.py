"""What a star needs: parameters, arguments, assignment targets and displays.

Nearly every release from 3.0 to 3.15 let ``*`` and ``**`` stand somewhere new.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import COMPREHENSIONS, rule, since
from condavision.analysis.source.expressions import next_sibling, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from condavision.analysis.python_range.rules import Candidate, Verdict

_UNPACK_COMPREHENSION = since(3, 15, "unpacking in a comprehension (PEP 798)")
_STAR_ANNOTATION = since(3, 11, "unpacking in an annotation (PEP 646)")
_DEF_COMMA = since(3, 6, "trailing comma after *args or **kwargs in a definition")
_UNPACKING = since(3, 5, "unpacking in a display (PEP 448)")
_CALL_UNPACKING = since(3, 5, "argument after unpacking, or several unpackings (PEP 448)")
_CALL_COMMA = since(3, 5, "trailing comma after an unpacked argument")
_KEYWORD_ONLY = since(3, 0, "keyword-only parameters")

_STAR_RETURN = since(3, 8, "unpacking in return or yield without parentheses")
_LISTS = {
    "for_statement": since(3, 9, "unpacking in the iterable of a for statement"),
    "return_statement": _STAR_RETURN,
    "yield": _STAR_RETURN,
}
"""What is unpacked into a list without brackets, by what that stands in."""

_STARRED_TARGET = since(3, 0, "starred assignment target")
_HOLDERS = {
    **dict.fromkeys(COMPREHENSIONS, _UNPACK_COMPREHENSION),
    "subscript": since(3, 11, "unpacking in an index (PEP 646)"),
    **dict.fromkeys(("list", "tuple", "set", "dictionary"), _UNPACKING),
    **dict.fromkeys(("pattern_list", "tuple_pattern", "list_pattern"), _STARRED_TARGET),
}
"""What is unpacked into other nodes, where these alone decide."""

_OPERANDS = frozenset({"attribute", "call", "subscript", "binary_operator", "boolean_operator"})
_TRAILERS = 30  # calls, indexes and operators after one unpacked name
_BEFORE_OPERAND = frozenset(b"([{,=:;\n")
_KEYWORDS_BEFORE = re.compile(rb"(?<![\w.])(?:in|return|yield|for|lambda)\Z")


def _star(found: Candidate) -> Verdict | None:
    """Judge a star that begins an operand or parameter by where it stands."""
    start = found.match.start()
    if not _begins_operand(found.lexed.code, start):
        return None
    node = found.node(start)
    if node is None or node.parent is None:
        return None
    if "keyword_separator" in {node.type, node.parent.type}:
        separator = node if node.type == "keyword_separator" else node.parent
        return _DEF_COMMA if _ends_with_comma(separator.parent) else _KEYWORD_ONLY
    if node.parent.type == "splat_type":
        return _STAR_ANNOTATION
    splat = _splat(node)
    return None if splat is None or splat.parent is None else _in(splat, splat.parent)


def _begins_operand(code: bytes, start: int) -> bool:
    before = start - 1
    while before >= 0 and code[before] in b" \t\r":
        before -= 1
    if before < 0 or code[before] in _BEFORE_OPERAND:
        return True
    return _KEYWORDS_BEFORE.search(code, max(before - 8, 0), before + 1) is not None


def _splat(star: Node) -> Node | None:
    """Return the operand that a star unpacks.

    The parser sometimes reads ``[*a.b()]`` as ``[(*a).b()]``: the whole operand is returned.
    """
    splat = star.parent
    if splat is None or not splat.type.endswith(("_splat", "_splat_pattern")):
        return None
    for _ in range(_TRAILERS):
        holder = splat.parent
        if holder is None or holder.type not in _OPERANDS:
            break
        if holder.start_byte != splat.start_byte:
            break
        splat = holder
    return splat


def _in(splat: Node, holder: Node) -> Verdict | None:
    """Judge an unpacked operand by the node it is in."""
    match holder.type:
        case "expression_list":
            return _LISTS.get(type_of(holder.parent), _UNPACKING)
        case "dictionary" if any(child.type == "ERROR" for child in splat.children):
            return _UNPACK_COMPREHENSION  # the parser does not know it in dictionaries
        case "argument_list":
            return _argument_splat(splat)
        case "typed_parameter":
            return _parameter_splat(holder)
        case "parameters" | "lambda_parameters":
            return _parameter_splat(splat)
    return _HOLDERS.get(holder.type)


def _ends_with_comma(holder: Node | None) -> bool:
    tokens = [] if holder is None else [c.type for c in holder.children if c.type != "comment"]
    closed = bool(tokens) and tokens[-1] == ")"
    return len(tokens) > 1 and tokens[-2 if closed else -1] == ","


def _argument_splat(splat: Node) -> Verdict | None:
    """Judge an unpacked argument by what follows it (2.7 to 3.4 end with ``*args, k=v, **kw``)."""
    argument = next_sibling(splat)
    allowed = {"keyword_argument", "dictionary_splat"}
    if argument is not None and splat.children[0].type == "**":
        return _CALL_UNPACKING
    while argument is not None:
        if argument.type not in allowed:
            return _CALL_UNPACKING
        argument = next_sibling(argument)
    return _CALL_COMMA if _ends_with_comma(splat.parent) else None


def _parameter_splat(splat: Node) -> Verdict | None:
    if _ends_with_comma(splat.parent):
        return _DEF_COMMA
    parameter = next_sibling(splat)
    if parameter is None or parameter.type == "dictionary_splat_pattern":
        return None
    return _KEYWORD_ONLY


STARS = rule(
    (
        *(_STAR_ANNOTATION, _DEF_COMMA, _CALL_UNPACKING, _CALL_COMMA, _KEYWORD_ONLY),
        *_LISTS.values(),
        *_HOLDERS.values(),
    ),
    rb"\*\*?(?=\s*[\w(\[{,\")])",
    _star,
    mark=b"*",
)
