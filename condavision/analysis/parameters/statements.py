"""Simple statements: assignments, imports, and what ends a block."""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import elements, forget
from condavision.analysis.parameters.expressions import Expressions
from condavision.analysis.parameters.objects import Frame, Instance, Module
from condavision.analysis.parameters.values import UNKNOWN, Argv, Imported, holds, is_concrete
from condavision.analysis.source.expressions import inner, text_of, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_STEPS = 50_000
_DEEPEST = 60  # blocks and calls in each other


EXITED = Imported("sys.exit()")
"""The value of a call that does not return."""


class Flow(Flag):
    """How a statement may end."""

    NEXT = auto()
    BREAK = auto()
    CONTINUE = auto()
    RETURN = auto()
    EXIT = auto()


class Statements(Expressions):
    """Executes simple statements."""

    def import_module(self, _name: str, _level: int) -> Any:
        """Return a module of the project, or the name of another one."""
        raise NotImplementedError

    def _do_expression_statement(self, node: Node) -> Flow:
        for child in node.named_children:
            if child.type == "assignment":
                self._assign(child)
            elif child.type == "augmented_assignment":
                self._augment(child)
            elif self.of(child) is EXITED:
                return Flow.EXIT
        return Flow.NEXT

    def _assign(self, node: Node) -> Any:
        right = node.child_by_field_name("right")
        if right is None:
            return UNKNOWN  # an annotation alone
        value = self._assign(right) if right.type == "assignment" else self.of(right)
        self.assign(node.child_by_field_name("left"), value)
        return value

    def _augment(self, node: Node) -> None:
        left = node.child_by_field_name("left")
        value, right = self.of(left), self.of(node.child_by_field_name("right"))
        if isinstance(value, list):
            more = elements(right)
            reached = holds(getattr(value, "conditions", ()), self.conditions)
            value.extend(more) if more is not None and reached else forget(value)
            return
        both = isinstance(value, (str, int, float, tuple)) and type(value) is type(right)
        is_sum = text_of(node.child_by_field_name("operator")) == "+=" and is_concrete(
            (value, right)
        )
        known = both and is_sum and len(str(value)) < 10_000
        self.assign(left, value + right if known else UNKNOWN)

    def assign(self, target: Node | None, value: Any) -> None:
        match type_of(target), target:
            case "identifier", node:
                self._frame_of(text_of(node)).names[text_of(node)] = value
            case (("pattern_list" | "tuple_pattern" | "list_pattern" | "expression_list"), node):
                targets = [it for it in node.named_children if it.type != "comment"] if node else []
                if isinstance(value, Argv):
                    self.read_arguments(self.location(targets[0]))
                values = elements(value) or []
                known = len(values) == len(targets)
                for at, one in enumerate(targets):
                    self.assign(one, values[at] if known else UNKNOWN)
            case (("list_splat_pattern" | "as_pattern_target"), node):
                self.assign(
                    inner(node) if node else None, value if "as" in type_of(node) else UNKNOWN
                )
            case "attribute", node if node is not None:
                self._assign_attribute(node, value)
            case "subscript", node if node is not None:
                self._assign_item(node, value)

    def _frame_of(self, name: str) -> Frame:
        frame = self.frame
        return frame.module.frame if name in frame.globals else frame

    def _assign_attribute(self, node: Node, value: Any) -> None:
        owner = self.of(node.child_by_field_name("object"))
        name = text_of(node.child_by_field_name("attribute"))
        if isinstance(owner, Instance):
            known = name not in owner.attributes or holds(owner.conditions, self.conditions)
            owner.attributes[name] = value if known else UNKNOWN
        elif isinstance(owner, Imported) and f"{owner.name}.{name}" == "sys.argv":
            self.read_arguments(self.location(node))
        elif hasattr(owner, "assign"):
            owner.assign(name, value)

    def _assign_item(self, node: Node, value: Any) -> None:
        owner = self.of(node.child_by_field_name("value"))
        key = self.of(node.child_by_field_name("subscript"))
        if isinstance(owner, (dict, list)):
            plain = is_concrete(key) and holds(getattr(owner, "conditions", ()), self.conditions)
            if not plain:
                forget(owner)
                return
            try:
                owner[key] = value
            except (TypeError, LookupError):
                forget(owner)

    def _do_import_statement(self, node: Node) -> None:
        for name in node.children_by_field_name("name"):
            if name.type == "aliased_import":
                full, alias = name.child_by_field_name("name"), name.child_by_field_name("alias")
                self.assign(alias, self.import_module(text_of(full), 0))
            else:
                self.import_module(text_of(name), 0)
                top = text_of(name).partition(".")[0]
                self.frame.names[top] = self.import_module(top, 0)

    def _do_import_from_statement(self, node: Node) -> None:
        source = node.child_by_field_name("module_name")
        text = text_of(source)
        module = self.import_module(text.lstrip("."), len(text) - len(text.lstrip(".")))
        for name in node.children_by_field_name("name"):
            first = name.child_by_field_name("name") or name
            bound = name.child_by_field_name("alias") or first
            member = module.attribute(text_of(first))
            if member is UNKNOWN and isinstance(module, Module):
                member = self.import_module(f"{module.name}.{text_of(first)}", 0)
            self.frame.names[text_of(bound)] = member
        if any(it.type == "wildcard_import" for it in node.named_children):
            if isinstance(module, Module):
                self.frame.names.update(module.frame.names)
                self.frame.stars += module.frame.stars
            elif isinstance(module, Imported):
                self.frame.module.frame.stars.append(module.name)

    def _do_global_statement(self, node: Node) -> None:
        self.frame.globals.update(map(text_of, node.named_children))

    def _do_return_statement(self, node: Node) -> Flow:
        value = inner(node)
        self.frame.returned.append(None if value is None else self.of(value))
        return Flow.RETURN

    def _do_raise_statement(self, node: Node) -> Flow:
        for child in node.named_children:
            self.of(child)
        return Flow.EXIT

    def _do_break_statement(self, _node: Node) -> Flow:
        return Flow.BREAK

    def _do_continue_statement(self, _node: Node) -> Flow:
        return Flow.CONTINUE

    def _do_assert_statement(self, node: Node) -> None:
        self.of(inner(node))

    def _do_print_statement(self, node: Node) -> None:
        for child in node.children_by_field_name("argument"):
            self.of(child)
