"""What statements do, by their shape: end a block, catch a failure, hold a condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.source.expressions import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from tree_sitter import Node

_NAME = re.compile(r"[A-Za-z_][\w.]*")
_COMMENT = re.compile(r"#.*")
_CAPITALIZED = re.compile(r"(?:\w+\.)*_*[A-Z]")
_EXIT_CALL = re.compile(
    rb"(?:sys\.exit|exit|quit|os\._exit|os\.abort|[\w.]*\.error|[\w.]*\.exit|die|fail)\s*\("
)
_ENDING = re.compile(
    rb"(?:(?:sys\.exit|exit|quit|os\._exit|\w+\.fail_json)\b"
    rb"|raise[ \t]+(?:SystemExit|ImportError|ModuleNotFoundError)\b)"
)
_SKIP = re.compile(rb"raise\s+(?:[\w.]+\.)?Skip")
_HOLDERS = {
    "assert_statement", "assignment", "boolean_operator", "conditional_expression", "if_statement",
}  # fmt: skip
_QUIET = {"import_statement", "import_from_statement", "pass_statement", "comment", "try_statement"}
_JUMPS = {"break_statement", "continue_statement", "raise_statement", "return_statement"}
BLOCKS = {"module", "block"}
HANDLER = "except_clause"
_CLIMB = 60  # levels from a word to the statement whose condition it is part of


def handlers(statement: Node) -> list[Node]:
    """Return the ``except`` clauses of a ``try`` statement."""
    return [it for it in statement.named_children if it.type == HANDLER]


def failures_caught(handler: Node) -> frozenset[str]:
    """Return the exceptions that an ``except`` clause names; without any, ``BaseException``."""
    values = handler.children_by_field_name("value")
    if not values:
        return frozenset({"BaseException"})
    first, *others = values
    if first.type == "as_pattern":
        first = first.named_children[0]
    # `except A, B` of PEP 758 names two, `except A, e` of Python 2 one
    return names_in(first, *(it for it in others if _CAPITALIZED.match(text_of(it))))


def names_in(*expressions: Node) -> frozenset[str]:
    """Return the names in some expressions, without what they are attributes of."""
    code = (_COMMENT.sub("", text_of(it)) for it in expressions)
    return frozenset(name.rpartition(".")[2] for it in code for name in _NAME.findall(it))


def is_caught(part: Node, statement: Node, failures: AbstractSet[str]) -> bool:
    """Return whether a statement is a ``try`` with this body that catches one of the failures."""
    return (
        statement.type == "try_statement"
        and statement.child_by_field_name("body") == part
        and any(failures_caught(it) & failures for it in handlers(statement))
    )


def holders(text: bytes, root: Node, words: Mapping[bytes, bytes]) -> Iterator[Node]:
    """Yield, each once, the conditional constructs and assignments that words can decide.

    ``words`` are what each begins with, literally, and an expression for what follows that.
    """
    seen: set[int] = set()
    for literal, tail in words.items():
        if literal in text:
            for match in re.finditer(re.escape(literal) + tail, text):
                node = root.descendant_for_byte_range(match.start(), match.end() - 1)
                yield from _holders_of(node, seen)


def _holders_of(node: Node | None, seen: set[int]) -> Iterator[Node]:
    """Yield the conditional constructs around a word whose condition it can stand in.

    It stops at one that was ``seen``: those around it were yielded before.
    """
    for _ in range(_CLIMB):
        if node is None or node.type in BLOCKS:
            return
        if node.type == "elif_clause":
            node = node.parent
        elif node.type in _HOLDERS:
            if node.id in seen:
                return
            seen.add(node.id)
            yield node
            if node.type in {"if_statement", "assert_statement"}:
                return
            node = node.parent
        else:
            node = node.parent


def _last(block: Node) -> Node | None:
    for child in reversed(block.named_children):
        if child.type != "comment":
            return child
    return None


def arms(statement: Node) -> Iterator[tuple[Node | None, Node | None]]:
    """Yield the condition and the block of each arm of an ``if``; ``else`` has no condition."""
    for arm in (statement, *statement.children_by_field_name("alternative")):
        condition = arm.child_by_field_name("condition")
        yield condition, arm.child_by_field_name("consequence" if condition else "body")


def _exits(statement: Node) -> bool:
    is_call = _EXIT_CALL.match(statement.text or b"") is not None
    return statement.type == "expression_statement" and is_call


def ends(block: Node) -> bool:
    """Return whether nothing after the block's statement runs once the block has."""
    last = _last(block)
    return last is not None and (last.type in _JUMPS or _exits(last))


def gives_up(block: Node) -> bool:
    """Return whether a handler ends the script: raises or exits, but does not just skip a test."""
    last = _last(block)
    if last is None:
        return False
    if last.type == "raise_statement":
        return not _SKIP.match(last.text or b"")
    return _exits(last)


def ends_script(block: Node) -> bool:
    """Return whether a block ends the script, or says that a module is missing.

    ``sys.exit()``, ``raise ImportError``: not any failure, which may be caught.
    """
    last = _last(block)
    return last is not None and bool(_ENDING.match(last.text or b""))


def is_quiet(block: Node) -> bool:
    """Return whether a block does nothing but import, set names or pass.

    ``except Exception`` around a whole program says nothing about its imports.
    """
    for child in block.named_children:
        if child.type == "expression_statement":
            inner = child.named_children[0] if child.named_children else child
            if inner.type not in {"assignment", "string"}:
                return False
        elif child.type not in _QUIET:
            return False
    return True
