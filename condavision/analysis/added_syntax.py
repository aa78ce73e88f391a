"""Rules for syntax that came after Python 2.7, newest first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.rules import Candidate, Verdict, rule, since

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

__all__ = ["ADDED"]

_SCOPES = frozenset({"function_definition", "class_definition", "lambda", "module"})
_COMPREHENSIONS = frozenset(
    {
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "generator_expression",
    }
)

_OPERANDS = frozenset({"attribute", "call", "subscript", "binary_operator", "boolean_operator"})

_UNPACK_COMPREHENSION = since(3, 15, "unpacking in a comprehension (PEP 798)")
_TYPE_DEFAULT = since(3, 13, "default of a type parameter (PEP 696)")
_TYPE_PARAMETERS = since(3, 12, "type parameters (PEP 695)")
_STAR_INDEX = since(3, 11, "unpacking in an index (PEP 646)")
_STAR_ANNOTATION = since(3, 11, "unpacking in an annotation (PEP 646)")
_ASYNC_GENERATOR_EXPRESSION = since(
    3, 7, "asynchronous generator expression outside an async function"
)
_NESTED_ASYNC = since(3, 11, "asynchronous comprehension inside a comprehension")
_MATCH = since(3, 10, "match statement")
_INDEX_WALRUS = since(3, 10, "assignment expression without parentheses in an index")
_SET_WALRUS = since(3, 9, "assignment expression without parentheses in a set")
_WITH = since(3, 9, "parenthesized context managers")
_DECORATOR = since(3, 9, "decorator that is not a dotted name or a call of one (PEP 614)")
_STAR_FOR = since(3, 9, "unpacking in the iterable of a for statement")
_WALRUS = since(3, 8, "assignment expression")
_POSITIONAL_ONLY = since(3, 8, "positional-only parameters")
_STAR_RETURN = since(3, 8, "unpacking in return or yield without parentheses")
_CONTINUE = since(3, 8, "continue inside finally")
_ANNOTATED_TUPLE = since(3, 8, "annotated assignment of a tuple or yield without parentheses")
_ANNOTATED_GLOBAL = since(3, 8, "annotation of a name that a function above declares global")
_VARIABLE_ANNOTATION = since(3, 6, "variable annotation")
_DEF_COMMA = since(3, 6, "trailing comma after *args or **kwargs in a definition")
_ASYNC_COMPREHENSION = since(3, 6, "asynchronous comprehension")
_ASYNC_GENERATOR = since(3, 6, "asynchronous generator")
_MATMUL = since(3, 5, "matrix multiplication operator")
_UNPACKING = since(3, 5, "unpacking in a display (PEP 448)")
_CALL_UNPACKING = since(3, 5, "argument after unpacking, or several unpackings (PEP 448)")
_CALL_COMMA = since(3, 5, "trailing comma after an unpacked argument")
_ASYNC = since(3, 5, "async function")
_YIELD_FROM = since(3, 3, "yield from")
_GENERATOR_RETURN = since(3, 3, "return with a value in a generator")
_NONLOCAL = since(3, 0, "nonlocal statement")
_STARRED_TARGET = since(3, 0, "starred assignment target")
_KEYWORD_ONLY = since(3, 0, "keyword-only parameters")
_ANNOTATION = since(3, 0, "function annotation")
_RAISE_FROM = since(3, 0, "raise ... from")
_CLASS_ARGUMENTS = since(3, 0, "keyword argument in a class statement")
_ELLIPSIS = since(3, 0, "... outside an index")
_PRINT_FUNCTION = since(3, 0, "print used as a function")
_EXEC_NAME = since(3, 0, "exec used as a name")


def _type(node: Node | None) -> str:
    return "" if node is None else node.type


def _ancestor(node: Node | None, types: frozenset[str]) -> Node | None:
    while node is not None and node.type not in types:
        node = node.parent
    return node


def _parent_is(*types: str, verdict: Verdict) -> Callable[[Candidate], Verdict | None]:
    """Accept a match whose last byte lies in a node below one of these types."""
    accepted = frozenset(types)

    def judge(found: Candidate) -> Verdict | None:
        node = found.node()
        return verdict if node is not None and _type(node.parent) in accepted else None

    return judge


def _is(*types: str, verdict: Verdict) -> Callable[[Candidate], Verdict | None]:
    """Accept a match whose last byte lies in a node of one of these types or right below it."""
    accepted = frozenset(types)

    def judge(found: Candidate) -> Verdict | None:
        node = found.node()
        if node is None:
            return None
        return verdict if node.type in accepted or _type(node.parent) in accepted else None

    return judge


def _splat(found: Candidate, offset: int | None = None) -> Node | None:
    """Return the unpacked expression whose star is at ``offset``, by default the match's end.

    The parser sometimes reads ``[*a.b()]`` as ``[(*a).b()]``: the whole operand is returned.
    """
    node = found.node(offset)
    splat = None if node is None else node.parent
    if splat is None or not splat.type.endswith(("_splat", "_splat_pattern")):
        return None
    while (
        splat.parent is not None
        and splat.parent.type in _OPERANDS
        and splat.parent.start_byte == splat.start_byte
    ):
        splat = splat.parent
    return splat


def _unpack_comprehension(found: Candidate) -> Verdict | None:
    splat = _splat(found, found.match.end("star") - 1)
    if splat is None or splat.parent is None:
        return None
    if splat.parent.type in _COMPREHENSIONS:
        return _UNPACK_COMPREHENSION
    broken = splat.type == "dictionary_splat" and any(c.type == "ERROR" for c in splat.children)
    return _UNPACK_COMPREHENSION if broken else None


def _type_default(found: Candidate) -> Verdict | None:
    code, depth = found.lexed.code, 0
    for token in re.finditer(rb"[\[({]|[\])}]|(?<![=:<>!])=(?!=)", code[found.match.end() - 1 :]):
        if token.group() in b"[({":
            depth += 1
        elif token.group() in b"])}":
            depth -= 1
            if not depth:
                return _TYPE_PARAMETERS
        elif depth == 1:
            return _TYPE_DEFAULT
    return _TYPE_PARAMETERS


def _index_splat(found: Candidate) -> Verdict | None:
    splat = _splat(found)
    return _STAR_INDEX if splat is not None and _type(splat.parent) == "subscript" else None


def _walrus(found: Candidate) -> Verdict | None:
    node = found.node()
    named = None if node is None else node.parent
    if named is None or named.type != "named_expression":
        return _WALRUS
    bare = {"subscript": _INDEX_WALRUS, "set": _SET_WALRUS, "set_comprehension": _SET_WALRUS}
    return bare.get(_type(named.parent), _WALRUS)


def _with(found: Candidate) -> Verdict | None:
    """Accept ``with (a as b, c):``; the parenthesis of an expression is the expression's."""
    node = found.node()
    clause = None if node is None else node.parent
    if clause is None:
        return None
    if clause.type == "with_clause":
        items = [child for child in clause.children if child.type == "with_item"]
        aliased = any(_type(item.named_child(0)) == "as_pattern" for item in items)
        return _WITH if len(items) > 1 or aliased or clause.children[-2].type == "," else None
    if clause.type in {"parenthesized_expression", "tuple"}:
        return _WITH if any(child.type == "as_pattern" for child in clause.children) else None
    return None


def _decorator(found: Candidate) -> Verdict | None:
    node = found.node()
    decorator = None if node is None else node.parent
    if decorator is None or decorator.type != "decorator" or not decorator.named_children:
        return None
    expression: Node | None = decorator.named_children[0]
    if _type(expression) == "call" and expression is not None:
        expression = expression.child_by_field_name("function")
    while expression is not None and expression.type == "attribute":
        expression = expression.child_by_field_name("object")
    return None if _type(expression) in {"identifier", "ERROR"} else _DECORATOR


def _statement_splat(found: Candidate) -> Verdict | None:
    """Judge a star in ``return``, ``yield`` or the iterable of ``for``."""
    splat = _splat(found)
    if splat is None or _type(splat.parent) != "expression_list" or splat.parent is None:
        return None
    statement = _type(splat.parent.parent)
    if statement == "for_statement":
        return _STAR_FOR
    return _STAR_RETURN if statement in {"return_statement", "yield"} else None


def _continue(found: Candidate) -> Verdict | None:
    stops = frozenset({"for_statement", "while_statement", "finally_clause"}) | _SCOPES
    return _CONTINUE if _type(_ancestor(found.node(), stops)) == "finally_clause" else None


def _annotation(found: Candidate) -> Verdict | None:
    node = found.node()
    if node is None or node.parent is None:
        return None
    if node.type == ":" and node.parent.type == "assignment":
        right = node.parent.child_by_field_name("right")
        bare = _type(right) in {"expression_list", "yield"}
        return _ANNOTATED_TUPLE if bare else _VARIABLE_ANNOTATION
    return None


def _annotated_global(found: Candidate) -> Verdict | None:
    code, end = found.lexed.code, found.match.end()
    for name in found.match["names"].replace(b",", b" ").split():
        if re.search(rb"\n%b[ \t]*:(?=[ \t]*[^\s:=])" % name, code[end:]):
            return _ANNOTATED_GLOBAL
    return None


def _async(found: Candidate) -> Verdict | None:
    node = found.node()
    clause = _ancestor(node, frozenset({"for_in_clause"}) | _SCOPES)
    if found.match["kind"] != b"for" or _type(clause) != "for_in_clause" or clause is None:
        return _ASYNC
    comprehension = clause.parent
    function = _ancestor(comprehension, _SCOPES)
    if (
        _type(function) != "function_definition"
        or function is None
        or (function.children[0].type != "async")
    ):
        return _ASYNC_GENERATOR_EXPRESSION
    outer = None if comprehension is None else comprehension.parent
    outer = _ancestor(outer, _COMPREHENSIONS | _SCOPES)
    if (
        _type(comprehension) != "generator_expression"
        and outer is not None
        and (outer.type in _COMPREHENSIONS)
    ):
        asynchronous = any(
            child.type == "for_in_clause" and child.children[0].type == "async"
            for child in outer.children
        )
        if not asynchronous:
            return _NESTED_ASYNC
    return _ASYNC_COMPREHENSION


def _yield(found: Candidate) -> Verdict | None:
    function = _ancestor(found.node(), _SCOPES)
    if function is not None and function.type == "function_definition":
        return _ASYNC_GENERATOR if function.children[0].type == "async" else None
    return None


def _splats(found: Candidate) -> Verdict | None:
    """Judge what unpacking or a star parameter needs by where it stands."""
    node = found.node()
    if node is not None and "keyword_separator" in {node.type, _type(node.parent)}:
        separator = node if node.type == "keyword_separator" else node.parent
        trailing = separator is not None and _ends_with_comma(separator.parent)
        return _DEF_COMMA if trailing else _KEYWORD_ONLY
    splat = _splat(found)
    if splat is None or splat.parent is None:
        return None
    holder = splat.parent
    if holder.type in {"list", "tuple", "set", "dictionary", "expression_list"}:
        return _UNPACKING
    if holder.type in {"pattern_list", "tuple_pattern", "list_pattern"}:
        return _STARRED_TARGET
    if holder.type == "argument_list":
        return _argument_splat(splat)
    if holder.type == "typed_parameter":
        splat, holder = holder, holder.parent or holder
    if holder.type in {"parameters", "lambda_parameters"}:
        return _parameter_splat(splat)
    return None


def _ends_with_comma(holder: Node | None) -> bool:
    tokens = [] if holder is None else [c.type for c in holder.children if c.type != "comment"]
    closed = bool(tokens) and tokens[-1] == ")"
    return len(tokens) > 1 and tokens[-2 if closed else -1] == ","


def _next_item(item: Node) -> Node | None:
    following = item.next_named_sibling
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    return following


def _argument_splat(splat: Node) -> Verdict | None:
    """Judge an unpacked argument by what follows it (2.7 to 3.4 end with ``*args, k=v, **kw``)."""
    argument = _next_item(splat)
    allowed = {"keyword_argument", "dictionary_splat"}
    if argument is not None and splat.children[0].type == "**":
        return _CALL_UNPACKING
    while argument is not None:
        if argument.type not in allowed:
            return _CALL_UNPACKING
        argument = _next_item(argument)
    return _CALL_COMMA if _ends_with_comma(splat.parent) else None


def _parameter_splat(splat: Node) -> Verdict | None:
    if _ends_with_comma(splat.parent):
        return _DEF_COMMA
    parameter = _next_item(splat)
    if parameter is None or parameter.type == "dictionary_splat_pattern":
        return None
    return _KEYWORD_ONLY


def _generator_return(found: Candidate) -> Verdict | None:
    """Find a ``return value`` in the function of a ``yield`` (an error before 3.3)."""
    function = _ancestor(found.node(), _SCOPES)
    if function is None or function.type != "function_definition":
        return None
    code, start, end = found.lexed.code, function.start_byte, function.end_byte
    for value in re.finditer(rb"\breturn\b[ \t]*[^\s;]", code[start:end]):
        node = found.node(start + value.start())
        owner = _ancestor(node, _SCOPES)
        if owner is not None and owner.id == function.id:
            return _GENERATOR_RETURN
    return None


def _class_arguments(found: Candidate) -> Verdict | None:
    node = found.node()
    arguments = None if node is None else node.parent
    if arguments is None or _type(arguments.parent) != "class_definition":
        return None
    extended = {"keyword_argument", "list_splat", "dictionary_splat"}
    return _CLASS_ARGUMENTS if any(c.type in extended for c in arguments.children) else None


def _print_argument(found: Candidate) -> Verdict | None:
    """Accept an argument that the print statement has no place for."""
    node = found.node()
    arguments = _ancestor(node, frozenset({"argument_list"}) | _SCOPES)
    call = None if arguments is None else arguments.parent
    if arguments is None or call is None or call.type != "call" or node is None:
        return None
    special = node.parent
    if special is None or special.parent is None or special.parent.id != arguments.id:
        return None
    if special.type not in {"keyword_argument", "list_splat", "dictionary_splat"}:
        return None
    function = call.child_by_field_name("function")
    return _PRINT_FUNCTION if function is not None and function.text == b"print" else None


def _ellipsis(found: Candidate) -> Verdict | None:
    node = found.node()
    if node is None or node.type != "ellipsis" or node.parent is None:
        return None
    return None if node.parent.type in {"subscript", "slice"} else _ELLIPSIS


_DELETED = since(3, 2, "del of a variable that an inner function uses")


def _deleted(found: Candidate) -> Verdict | None:
    """Find a deleted local that a function defined inside reads (an error before 3.2)."""
    node = found.node(found.match.start())
    function = _ancestor(node, _SCOPES)
    if function is None or function.type != "function_definition":
        return None
    code, start, end = found.lexed.code, function.start_byte, function.end_byte
    body = function.child_by_field_name("body")
    start = start if body is None else body.start_byte
    for name in filter(bytes.isalnum, map(bytes.strip, found.match["names"].split(b","))):
        for use in re.finditer(rb"(?<![\w.])" + name + rb"(?!\w|[ \t]*=(?!=))", code[start:end]):
            inner = _ancestor(found.node(start + use.start()), _SCOPES | {"generator_expression"})
            if inner is None or inner.id == function.id or inner.type == "class_definition":
                continue
            if not _binds(inner, name):
                return _DELETED
    return None


def _binds(scope: Node, name: bytes) -> bool:
    """Tell whether a function, lambda or generator expression has a variable of its own."""
    text = scope.text or b""
    word = rb"(?<![\w.])" + name + rb"\b"
    if scope.type == "generator_expression":
        return re.search(rb"\bfor\b[^:]*?" + word + rb"[^:]*?\bin\b", text) is not None
    parameters = scope.child_by_field_name("parameters")
    if parameters is not None and re.search(word, parameters.text or b""):
        return True
    bound = word + rb"[ \t]*(?:=(?!=)|,)|\b(?:for|as|import|def|class)\b[^\n:=]*" + word
    return re.search(bound, text) is not None


ADDED = (
    rule(
        since(3, 15, "lazy import (PEP 810)"),
        rb"(?:\A|[\n;])[ \t]*lazy[ \t]+(?:import|from)\b",
        words="lazy",
    ),
    rule(
        _UNPACK_COMPREHENSION,
        rb"[\[({]\s*(?P<star>\*\*?)[^\n,*]*?\bfor\b",
        _unpack_comprehension,
        words="for",
        mark=b"*",
    ),
    rule(
        (_TYPE_DEFAULT, _TYPE_PARAMETERS),
        rb"\b(?:def|class)[ \t]+\w+[ \t]*\[",
        _type_default,
        mark=b"[",
    ),
    rule(
        (_TYPE_DEFAULT, _TYPE_PARAMETERS),
        rb"(?:\A|[\n;:])[ \t]*type[ \t]+\w+[ \t]*\[",
        _type_default,
        words="type",
    ),
    rule(
        since(3, 12, "type alias statement"),
        rb"(?:\A|[\n;:])[ \t]*type[ \t]+\w+[ \t]*=(?!=)",
        words="type",
    ),
    rule(since(3, 11, "except*"), rb"\bexcept[ \t]*\*", words="except", mark=b"*"),
    rule(_STAR_INDEX, rb"\[\s*\*(?!\*)|\[[^\[\]\n]*,\s*\*(?!\*)", _index_splat, mark=b"*"),
    rule(
        _STAR_ANNOTATION,
        rb":\s*\*(?!\*)",
        _parent_is("splat_type", verdict=_STAR_ANNOTATION),
        mark=b"*",
    ),
    rule(
        _MATCH,
        rb"(?:\A|\n)[ \t]*match\b[^\n]",
        _is("match_statement", verdict=_MATCH),
        words="case",
    ),
    rule((_INDEX_WALRUS, _SET_WALRUS, _WALRUS), rb":=", _walrus, mark=b":="),
    rule(_WITH, rb"\bwith[ \t]*\(", _with, words="with"),
    rule(
        _DECORATOR,
        rb"(?:\A|\n)[ \t]*@(?![ \t]*[\w.]+[ \t]*(?:\n|\((?:[^()\n]|\([^()\n]*\))*\)[ \t]*\n))",
        _decorator,
        mark=b"@",
    ),
    rule(
        (_STAR_FOR, _STAR_RETURN),
        rb"\b(?:in|return|yield)\b[ \t]*(?:[^\n:]*?[,\s])??\*(?!\*)",
        _statement_splat,
        mark=b"*",
    ),
    rule(
        _POSITIONAL_ONLY, rb"/(?=\s*[,):])", _is("positional_separator", verdict=_POSITIONAL_ONLY)
    ),
    rule(_CONTINUE, rb"\bcontinue\b", _continue, words="finally"),
    rule(
        (_ANNOTATED_TUPLE, _VARIABLE_ANNOTATION),
        rb"(?:\A|[\n;])[ \t]*(?!else\b|try\b|finally\b|lambda\b)[A-Za-z_(][\w.)]*[ \t]*"
        rb"(?:\[[^\n]*\])?[ \t]*:(?=[ \t]*[^\s:=])(?!=)",
        _annotation,
    ),
    rule(
        _ANNOTATED_GLOBAL,
        rb"\n[ \t]+global[ \t]+(?P<names>[\w, \t]+)",
        _annotated_global,
        words="global",
    ),
    rule(
        (_NESTED_ASYNC, _ASYNC_GENERATOR_EXPRESSION, _ASYNC_COMPREHENSION, _ASYNC),
        rb"(?<!\w)async[ \t]+(?P<kind>def|for|with)\b",
        _async,
        words="async",
    ),
    rule(_ASYNC_GENERATOR, rb"\byield\b", _yield, words="async"),
    rule(
        _MATMUL,
        rb"[\w)\]\"][ \t]*@=?(?=[ \t]*[\w(\[\"-])",
        _is("@", "@=", "binary_operator", "augmented_assignment", verdict=_MATMUL),
        mark=b"@",
    ),
    rule(
        (_DEF_COMMA, _UNPACKING, _CALL_UNPACKING, _CALL_COMMA, _STARRED_TARGET, _KEYWORD_ONLY),
        rb"(?:[(\[{,=\n:;]|\b(?:in|return|yield|for|lambda))[ \t\r\n]*\*\*?(?=\s*[\w(\[{,\")])",
        _splats,
        mark=b"*",
    ),
    rule(_DELETED, rb"\bdel[ \t]+(?P<names>[^\n;]+)", _deleted, words="del"),
    rule(_YIELD_FROM, rb"\byield[ \t]+from\b", words="yield"),
    rule(_GENERATOR_RETURN, rb"\byield\b", _generator_return, words="return"),
    rule(_NONLOCAL, rb"\bnonlocal[ \t]+\w", words="nonlocal"),
    rule(_ANNOTATION, rb"\)[ \t]*->", mark=b"->"),
    rule(
        _ANNOTATION,
        rb"[(,]\s*\*{0,2}\s*\w+\s*:(?!=)",
        _parent_is("typed_parameter", "typed_default_parameter", verdict=_ANNOTATION),
        words="def",
    ),
    rule(
        _RAISE_FROM,
        rb"[^\s;:][ \t]*\bfrom\b",
        _parent_is("raise_statement", verdict=_RAISE_FROM),
        words="raise",
    ),
    rule(
        _CLASS_ARGUMENTS,
        rb"\bclass[ \t]+\w+[ \t]*\((?!\s*[\w.]*\s*\))",
        _class_arguments,
        words="class",
    ),
    rule(_ELLIPSIS, rb"\.\.\.", _ellipsis, mark=b"..."),
    rule(
        _EXEC_NAME,
        rb"\.[ \t]*exec\b|\b(?:def|class|import|as|lambda|return|not|and|or|else)[ \t]+exec\b"
        rb"|[=(\[,{+][ \t]*exec\b(?![ \t]*=)",
        words="exec",
    ),
)
"""Newest first, so that the older ones are skipped where they cannot narrow."""

PRINT_FUNCTION = (
    rule(
        _PRINT_FUNCTION,
        rb"[(,]\s*(?:end|file|sep|flush)\b",
        _print_argument,
        words="end file sep flush",
    ),
    rule(_PRINT_FUNCTION, rb"(?<![\w.])print[ \t]*\([^()\n]*\*", _print_argument, mark=b"*"),
    rule(
        _PRINT_FUNCTION,
        rb"\.[ \t]*print\b|\blambda\b[^\n:]*:[ \t]*print\b|[=(\[,{+][ \t]*print\b(?![ \t]*=[^=])"
        rb"|\b(?:def|class|import|as|return|not|and|or|else|in|await|yield)[ \t]+print\b"
        rb"|\bprint[ \t]*(?:=(?!=)|[.,)\]])",
        words="print",
    ),
)
"""For files with ``print`` and no ``from __future__ import print_function``."""
