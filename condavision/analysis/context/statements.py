"""What statements do, by their shape: end a block, catch a failure, hold a condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

_NAME = re.compile(r"[A-Za-z_][\w.]*")
_COMMENT = re.compile(r"#.*")
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
_CLIMB = 60  # levels from a word to the statement whose condition it is part of


def names_caught(header: str) -> frozenset[str]:
    """Return the exceptions that the text between ``except`` and its block names."""
    header = _COMMENT.sub("", header).partition(" as ")[0].rstrip(": \t\\\n")
    if not header.lstrip().startswith("("):  # `except ImportError, e` of Python 2, or PEP 758
        header = header if re.search(r",\s*[A-Z]", header) else header.partition(",")[0]
    return frozenset(name.rpartition(".")[2] for name in _NAME.findall(header))


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
