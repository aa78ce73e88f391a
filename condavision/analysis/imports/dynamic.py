"""Modules that a source imports by a call: ``import_module("x")``, ``__import__("x")``.

The name has to be written in the source: as the argument, as a variable's only value, or in the
list that a loop goes through.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.imports.literal_names import LiteralNames
from condavision.analysis.records import RawImport
from condavision.analysis.source.expressions import ancestor, call_parts, text_of, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.source.source import Source

_FUNCTIONS = ("import_module", "__import__", "importorskip", "run_module")
_FULL = {"importlib.import_module", "pytest.importorskip", "runpy.run_module"}
_MOST = 1000  # calls of one file
LITERALS = {
    "comment", "concatenated_string", "string", "string_content", "string_end", "string_start",
}  # fmt: skip
"""The nodes that contain no code."""


def dynamic_imports(
    source: Source, guards: Guards, statements: Sequence[RawImport]
) -> Iterator[RawImport]:
    """Yield the modules that calls name; ``statements`` are what the source imports otherwise."""
    words = set(_FUNCTIONS)
    for statement in statements:
        words.update(name for name, full in statement.meanings() if full in _FULL)
    present = sorted(word.encode() for word in words if word.encode() in source.text)
    if not present:
        return
    root = guards.tree.root_node
    names = LiteralNames(source.text, root)
    calls = re.compile(rb"\b(?:%b)(?=\s*[(,)\s])" % b"|".join(map(re.escape, present)))
    for match in islice(calls.finditer(source.text), _MOST):
        node = root.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.type in LITERALS:
            continue
        callee = node.parent if type_of(node.parent) == "attribute" else node
        for call, argument in _named(callee):
            yield from _imported(source, guards, names, node, call, argument)


def _named(callee: Node | None) -> Iterator[tuple[Node, Node | None]]:
    """Yield the call of a function and what it is asked for; of ``map``, None for the first."""
    holder = callee.parent if callee is not None else None
    if callee is None or holder is None:
        return
    if holder.type == "assignment" and holder.child_by_field_name("right") == callee:
        return
    if holder.type == "call" and holder.child_by_field_name("function") == callee:
        _, arguments = call_parts(holder)
        named = (it for it in arguments if text_of(it).startswith("name"))
        first = next(named, arguments[0] if arguments else None)
        if first is not None and first.type == "keyword_argument":
            first = first.child_by_field_name("value")
        if first is not None:
            yield holder, first
        return
    call = holder.parent
    if holder.type == "argument_list" and call is not None and call.type == "call":
        function, arguments = call_parts(call)
        if text_of(function) == "map" and len(arguments) == 2 and arguments[0] == callee:
            yield call, None


def _imported(
    source: Source,
    guards: Guards,
    names: LiteralNames,
    word: Node,
    call: Node,
    argument: Node | None,
) -> Iterator[RawImport]:
    function = text_of(word)
    start = word.start_byte
    asked = names.items(call_parts(call)[1][1]) if argument is None else names.of(argument)
    guard = guards.at(start)
    if function == "importorskip":
        guard = replace(guard, optional=True)
    bound = _assigned(word) if len(asked) == 1 else ""
    for text in dict.fromkeys(asked):
        if text.startswith(".") and function == "__import__":
            continue
        level, name = _absolute(text, call, names)
        if is_dotted(name):
            yield RawImport(
                name,
                source.location(word.start_point.row),
                guard,
                level,
                binds=(bound,) if bound else (),
                dynamic=True,
                start=start,
                lazy=True,
            )


def _absolute(text: str, call: Node, names: LiteralNames) -> tuple[int, str]:
    """Return what a call names, and its dots where these start from the file's own package.

    The name is empty where dots start from an unknown package.
    """
    tail = text.lstrip(".")
    level = len(text) - len(tail)
    if not level:
        return 0, text
    arguments = call_parts(call)[1]
    given = next((it for it in arguments if text_of(it).startswith("package")), None)
    if given is not None and given.type == "keyword_argument":
        given = given.child_by_field_name("value")
    elif len(arguments) > 1:
        given = arguments[1]
    if text_of(given) in {"__package__", "__name__"}:
        return level, tail
    package = names.of(given)
    if len(package) != 1:
        return 0, ""
    parts = package[0].split(".")
    above = parts[: len(parts) - level + 1]
    return 0, ".".join((*above, tail)) if above else ""


def _assigned(node: Node) -> str:
    assignment = ancestor(node.parent, {"assignment"}, levels=4)
    return text_of(assignment and assignment.child_by_field_name("left"))


def is_dotted(name: str, *, empty: bool = False) -> bool:
    """Return whether a text is a module's name; ``empty`` is the answer for an empty one."""
    if not name:
        return empty
    return all(part.isidentifier() for part in name.split("."))
