"""Whether a script works without a module that it imports in a ``try``.

``except ImportError: pass`` says that the import may fail, not that nothing fails later: where the
script later uses the name without checking for it, it needs the module after all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.statements import ends_script, gives_up, names_caught
from condavision.analysis.source.bindings import binds
from condavision.analysis.source.expressions import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from condavision.analysis.source.source import Source

_OCCURRENCES = 400  # looked at of one import; a name that stands there more often is a common word
_CLIMB = 200
_DEFINITIONS = {"function_definition", "class_definition"}
_ABSENT = re.compile(rb"\(?(?:not[ \t]+\w+|\w+[ \t]+(?:is|==)[ \t]+(?:None|False))\)?")
_PART = re.compile(rb"[\w.]")
_DEFERRED = {"function_definition", "lambda"}
_CONDITIONAL = {"if_statement", "elif_clause", "while_statement", "assert_statement"}
_ASKING = {"comparison_operator", "not_operator", "boolean_operator", "conditional_expression"}
_CATCHING = {
    "AttributeError", "BaseException", "Exception", "ImportError", "ModuleNotFoundError",
    "NameError", "TypeError", "UnboundLocalError",
}  # fmt: skip
_BINDING = {"aliased_import", "import_from_statement", "import_statement", "parameters"}
"""Nodes in which every name counts as bound, besides those that are."""


def used_regardless(source: Source, root: Node, start: int, names: Iterable[str]) -> bool:
    """Return whether ``names``, bound by an import at ``start`` in a ``try``, are used unchecked.

    A use counts where it runs with the module, or in a function or class that something which
    runs with the module leads to; none does in a file that asks whether the name is there.
    """
    statement = _module_level_try(root, start)
    wanted = {name.encode() for name in names if name.isidentifier()}
    if statement is None or not wanted or _has_stand_in(statement, wanted):
        return False
    uses = _Uses(source.text, root, statement, wanted, _flags(statement, wanted))
    uses.collect()
    if uses.rebound:
        return False
    if uses.at_once:
        return True
    deferred = uses.demanded if uses.asked else uses.demanded | uses.deferred
    return bool(deferred) and not deferred.isdisjoint(uses.reached())


def _module_level_try(root: Node, start: int) -> Node | None:
    node = root.descendant_for_byte_range(start, start + 1)
    for _ in range(_CLIMB):
        if node is None or node.type in _DEFINITIONS:
            return None
        parent = node.parent
        if node.type == "try_statement":
            return node if parent is not None and parent.type == "module" else None
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


def _flags(statement: Node, wanted: set[bytes]) -> set[bytes]:
    """Return the other names that the ``try`` sets: flags of its outcome."""
    found = re.findall(rb"(?m)^[ \t]+(\w+)[ \t]*=(?!=)", statement.text or b"")
    return {name for name in found if name not in wanted}


@dataclass(slots=True)
class _Uses:
    text: bytes
    root: Node
    statement: Node
    wanted: set[bytes]
    flags: set[bytes]
    rebound: bool = False
    asked: bool = False
    at_once: bool = False
    deferred: set[bytes] = field(default_factory=set)
    demanded: set[bytes] = field(default_factory=set)
    """Definitions that end the script where the name is not there."""

    def collect(self) -> None:
        names = self.wanted | self.flags
        word = rb"(?:" + rb"|".join(re.escape(name) for name in sorted(names)) + rb")"
        if re.search(rb"['\"]" + word + rb"['\"]", self.text):
            self.asked = True  # "np" in globals(), sys.modules, __all__: looked up by name
        for at, match in enumerate(_standing_alone(word, self.text)):
            inside = self.statement.start_byte <= match.start() < self.statement.end_byte
            if inside:
                continue
            if at > _OCCURRENCES or self.rebound:
                self.rebound = True
                return
            node = self.root.descendant_for_byte_range(match.start(), match.end())
            if node is not None and node.type == "identifier":
                self._classify(node)

    def _classify(self, node: Node) -> None:
        if self._is_demand(node):
            return
        if node.text in self.flags:
            self.asked = True
            return
        guarded = False
        child = node
        for ancestor in _ancestors(node):
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
        statement = next((it for it in _ancestors(node) if it.type in _CONDITIONAL), None)
        if statement is None or statement.type != "if_statement":
            return False
        condition = statement.child_by_field_name("condition")
        block = statement.child_by_field_name("consequence")
        if condition is None or block is None or not _ABSENT.fullmatch(condition.text or b""):
            return False
        holder, deferred = _holder(statement)
        if not (ends_script(block) if deferred else gives_up(block)):
            return False
        if deferred:
            self.demanded.add(holder)
        else:
            self.at_once = True
        return True

    def _guards(self, ancestor: Node, child: Node) -> bool:
        """Return whether a statement lets its part run only where the name is there, or catches."""
        if ancestor.type in {"if_statement", "elif_clause", "while_statement"}:
            condition = ancestor.child_by_field_name("condition")
            words = set(re.findall(rb"\w+", (condition.text or b"") if condition else b""))
            return bool(words & (self.wanted | self.flags))
        if ancestor.type != "try_statement" or not _is_field(ancestor, "body", child):
            return False
        return any(
            not caught or caught & _CATCHING
            for clause in ancestor.named_children
            if clause.type in {"except_clause", "except_group_clause"}
            for caught in [names_caught(_header(clause))]
        )

    def reached(self) -> set[bytes]:
        """Return the definitions of the module that its own run leads to."""
        spans = sorted(_definitions(self.root))
        if not spans:
            return set()
        names = sorted({name for _, _, name in spans})
        word = rb"(?:" + rb"|".join(re.escape(name) for name in names) + rb")"
        leads: dict[bytes, set[bytes]] = {}
        for match in _standing_alone(word, self.text):
            holder = b""
            for start, end, name in spans:
                if start <= match.start() < end:
                    holder = name
                    break
            if match[0] != holder and not self._is_quoted(match):
                leads.setdefault(holder, set()).add(match[0])
        found: set[bytes] = set()
        pending = {b""}
        while pending:
            name = pending.pop()
            found.add(name)
            pending |= leads.get(name, set()) - found
        return found

    def _is_quoted(self, match: re.Match[bytes]) -> bool:
        node = self.root.descendant_for_byte_range(match.start(), match.end())
        return node is None or node.type != "identifier"


def _standing_alone(word: bytes, text: bytes) -> Iterator[re.Match[bytes]]:
    """Yield where names stand that are no attributes.

    What precedes is looked at last: an expression is found fast only if it begins with literals.
    """
    for match in re.finditer(word + rb"(?!\w)", text):
        if not _PART.match(text, match.start() - 1 if match.start() else len(text)):
            yield match


def _ancestors(node: Node) -> Iterator[Node]:
    parent = node.parent
    for _ in range(_CLIMB):
        if parent is None or parent.type == "module":
            return
        yield parent
        parent = parent.parent


def _holder(node: Node) -> tuple[bytes, bool]:
    """Return the outermost definition around a node, and whether the node waits for a call."""
    holder, deferred = b"", False
    for ancestor in _ancestors(node):
        deferred = deferred or ancestor.type in _DEFERRED
        if ancestor.type in _DEFINITIONS:
            holder = text_of(ancestor.child_by_field_name("name")).encode()
        elif ancestor.type == "lambda" and not holder:
            holder = b"lambda"  # no definition of that name is ever reached
    return holder, deferred


def _is_field(parent: Node, name: str, child: Node) -> bool:
    return parent.child_by_field_name(name) == child


def _header(clause: Node) -> str:
    header = (clause.text or b"").partition(b"\n")[0].removeprefix(b"except")
    return header.rpartition(b":")[0].decode("utf-8", "replace")


def _definitions(root: Node) -> Iterator[tuple[int, int, bytes]]:
    for child in root.named_children:
        inner = child
        if child.type == "decorated_definition":
            inner = child.child_by_field_name("definition") or child
        name = inner.child_by_field_name("name") if inner.type in _DEFINITIONS else None
        if name is not None:
            yield child.start_byte, child.end_byte, name.text or b""
