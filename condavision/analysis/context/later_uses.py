"""Whether a script works without a module that it imports in a ``try``.

``except ImportError: pass`` says that the import may fail, not that nothing fails later: where the
script later uses the name without checking for it, it needs the module after all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.availability import FOUND, SearchConditions
from condavision.analysis.context.contexts import UNKNOWN, Truth
from condavision.analysis.context.reached import (
    DEFINITIONS,
    ancestors,
    reached,
    standing_alone,
)
from condavision.analysis.context.statements import (
    HANDLER,
    arms,
    ends,
    ends_script,
    gives_up,
    handlers,
    is_caught,
)
from condavision.analysis.source.bindings import binds
from condavision.analysis.source.expressions import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tree_sitter import Node

    from condavision.analysis.source.source import Source

_OCCURRENCES = 400  # uses checked of one import; a name that occurs more often is a common word
_CLIMB = 200
_SET = re.compile(rb"(?m)^[ \t]+(\w+)[ \t]*(?::[^=\n]*)?=(?!=)[ \t]*([^\n]*)")
_FALSE = re.compile(rb"(?:None|False|0|''|\"\"|\[\]|\(\)|\{\})[ \t]*(?:#|\Z)")
_TRUE = re.compile(
    rb"True\b|1\b|['\"][^'\"]|(?:e|err|error|ex|exc|exception|(?:str|repr)\(\w+\))[ \t]*(?:#|\Z)"
)
_INSTALLING = re.compile(rb"\b(?:pip3?|conda|mamba|pixi)[ \t]+(?:install|add)\b|\buv[ \t]+add\b")
_RUN_THROUGH = {
    HANDLER, "finally_clause", "for_statement", "try_statement", "while_statement",
    "with_statement",
}  # fmt: skip
"""Statements whose blocks are not a choice: what follows them runs as well."""
_DEFERRED = {"function_definition", "lambda"}
_CONDITIONAL = {"if_statement", "elif_clause", "while_statement", "assert_statement"}
_ASKING = {"comparison_operator", "not_operator", "boolean_operator", "conditional_expression"}
_CATCHING = {
    "AttributeError", "BaseException", "Exception", "ImportError", "ModuleNotFoundError",
    "NameError", "TypeError", "UnboundLocalError",
}  # fmt: skip
_BINDING = {"aliased_import", "import_from_statement", "import_statement", "parameters"}
"""Nodes in which every name counts as bound, besides those that are."""


@dataclass(slots=True)
class LaterUses:
    """What one source does later with what it imports in its ``try`` statements."""

    source: Source
    root: Node
    _reached: frozenset[bytes] | None = None

    def regardless(self, start: int, names: Iterable[str]) -> bool:
        """Return whether names that an import at ``start`` in a ``try`` binds are used unchecked.

        A use counts in the block around the ``try``, where it runs with the module, or in a
        function or class that code which runs with the module leads to; in any, if a handler says
        how to install the module. None counts where the block checks whether the name is defined,
        or a handler leaves it.
        """
        found = _try_and_scope(self.root, start)
        wanted = {name.encode() for name in names if name.isidentifier()}
        if found is None or not wanted:
            return False
        statement, scope = found
        if _has_stand_in(statement, wanted) or _leaves(statement):
            return False
        uses = _Uses(self.source.text, self.root, statement, scope, _outcomes(statement, wanted))
        uses.wanted = wanted
        uses.collect()
        if uses.rebound:
            return False
        if uses.at_once:
            return True
        deferred = uses.demanded if uses.asked else uses.demanded | uses.deferred
        if not deferred or _tells_to_install(statement):
            return bool(deferred)
        if self._reached is None:
            self._reached = reached(self.source.text, self.root)
        return not deferred.isdisjoint(self._reached)


def _try_and_scope(root: Node, start: int) -> tuple[Node, Node] | None:
    """Return the outermost ``try`` around an import, and what it always runs in."""
    node = root.descendant_for_byte_range(start, start + 1)
    statement: Node | None = None
    for _ in range(_CLIMB):
        if node is None:
            return None
        parent = node.parent
        if node.type == "try_statement":
            statement = node
        if parent is None or (node.type == "block" and parent.type not in _RUN_THROUGH):
            return (statement, node) if statement is not None else None
        node = parent
    return None


def _has_stand_in(statement: Node, wanted: set[bytes]) -> bool:
    """Return whether a handler defines one of the names as more than nothing."""
    word = rb"(?:" + rb"|".join(re.escape(name) for name in sorted(wanted)) + rb")"
    nothing = rb"[ \t]*(?:\w+[ \t]*=[ \t]*)*(?:None|False|NotImplemented)\b"
    named = rb"(?:def|class|import|as)[ \t]+" + word + rb"\b"
    assigned = rb"(?<![\w.])" + word + rb"[ \t]*(?::[^=\n]*)?=(?!=)(?!" + nothing + rb")"
    defined = re.compile(named + rb"|" + assigned)
    return any(
        defined.search(clause.text or b"")
        for clause in statement.named_children
        if clause.type != "block"
    )


def _leaves(statement: Node) -> bool:
    """Return whether a handler leaves the block around the ``try``: nothing after it runs then."""
    return any(ends(it.named_children[-1]) for it in handlers(statement))


def _tells_to_install(statement: Node) -> bool:
    """Return whether a handler says how to install what is missing: nothing works without it."""
    return any(_INSTALLING.search(it.text or b"") for it in handlers(statement))


def _gives_up_for_good(block: Node) -> bool:
    """Return whether a block ends the script, or its caller with word of how to install."""
    says_how = _INSTALLING.search(block.text or b"") is not None
    return ends_script(block) or (says_how and gives_up(block))


def _outcomes(statement: Node, wanted: set[bytes]) -> dict[str, Truth]:
    """Return what the names that a ``try`` sets say where the module is missing."""
    outcomes: dict[str, Truth] = {}
    for arm in statement.named_children:
        for name, value in _SET.findall(arm.text or b""):
            is_handler = arm.type == HANDLER
            if is_handler and _TRUE.match(value):
                outcomes[name.decode()] = ~FOUND
            elif _FALSE.match(value) if is_handler else value.startswith(b"True"):
                outcomes[name.decode()] = FOUND
            else:
                outcomes.setdefault(name.decode(), UNKNOWN)
    return outcomes | {name.decode("utf-8", "replace"): FOUND for name in wanted}


@dataclass(slots=True)
class _Uses:
    text: bytes
    root: Node
    statement: Node
    scope: Node
    outcomes: dict[str, Truth]
    wanted: set[bytes] = field(default_factory=set)
    rebound: bool = False
    asked: bool = False
    at_once: bool = False
    deferred: set[bytes] = field(default_factory=set)
    demanded: set[bytes] = field(default_factory=set)
    """Definitions that end the script where the name is not there."""

    def collect(self) -> None:
        text = self.text[self.scope.start_byte : self.scope.end_byte]
        names = sorted(name.encode() for name in self.outcomes)
        word = rb"(?:" + rb"|".join(map(re.escape, names)) + rb")"
        if re.search(rb"['\"]" + word + rb"['\"]", text):
            self.asked = True  # "np" in globals(), sys.modules, __all__: looked up by name
        for at, match in enumerate(standing_alone(word, text)):
            start = self.scope.start_byte + match.start()
            if self.statement.start_byte <= start < self.statement.end_byte:
                continue
            if at > _OCCURRENCES or self.rebound:
                self.rebound = True
                return
            node = self.root.descendant_for_byte_range(start, start + len(match[0]))
            if node is not None and node.type == "identifier":
                self._classify(node)

    def _classify(self, node: Node) -> None:
        if self._is_demand(node):
            return
        if node.text not in self.wanted:
            self.asked = True
            return
        guarded = False
        child = node
        for ancestor in ancestors(node):
            kind = ancestor.type
            if kind == "type" or (kind == "keyword_argument" and _is_field(ancestor, "name", node)):
                return
            if kind in _BINDING or (child == node and binds(node)):
                self.rebound = True
                return
            tested = kind in _CONDITIONAL and _is_field(ancestor, "condition", child)
            if tested or kind in _ASKING:
                self.asked = True
                return
            guarded = guarded or self._guards(ancestor, child)
            child = ancestor
        holder, deferred = _holder(node)
        if guarded:
            self.asked = True
        elif deferred:
            self.deferred.add(holder)
        else:
            self.at_once = True

    def _is_demand(self, node: Node) -> bool:
        """Note ``if not HAS_NUMPY: sys.exit()``: the code there requires the module."""
        statement = next((it for it in ancestors(node) if it.type in _CONDITIONAL), None)
        if statement is not None and statement.type == "elif_clause":
            statement = statement.parent
        if statement is None or statement.type == "while_statement":
            return False
        holder, deferred = _holder(statement)
        if not self._fails(statement, _gives_up_for_good if deferred else gives_up):
            return False
        if deferred:
            self.demanded.add(holder)
        else:
            self.at_once = True
        return True

    def _fails(self, statement: Node, is_end: Callable[[Node], bool]) -> bool:
        """Return whether a statement surely ends the script where the module is missing."""
        conditions = SearchConditions(flags=self.outcomes)
        if statement.type == "assert_statement":
            return not conditions.of(statement.named_children[0]).true
        for condition, block in arms(statement):
            truth = Truth(false=0) if condition is None else conditions.of(condition)
            if truth.true:
                return not truth.false and block is not None and is_end(block)
        return False

    def _guards(self, ancestor: Node, child: Node) -> bool:
        """Return whether a statement lets its part run only where the name is there, or catches."""
        if ancestor.type in {"if_statement", "elif_clause", "while_statement"}:
            condition = ancestor.child_by_field_name("condition")
            words = set(re.findall(rb"\w+", (condition.text or b"") if condition else b""))
            return any(word.decode() in self.outcomes for word in words)
        return is_caught(child, ancestor, _CATCHING)


def _holder(node: Node) -> tuple[bytes, bool]:
    """Return the outermost definition around a node, and whether the node waits for a call."""
    holder, deferred = b"", False
    for ancestor in ancestors(node):
        deferred = deferred or ancestor.type in _DEFERRED
        if ancestor.type in DEFINITIONS:
            holder = text_of(ancestor.child_by_field_name("name")).encode()
        elif ancestor.type == "lambda" and not holder:
            holder = b"lambda"  # no definition of that name is ever reached
    return holder, deferred


def _is_field(parent: Node, name: str, child: Node) -> bool:
    return parent.child_by_field_name(name) == child
