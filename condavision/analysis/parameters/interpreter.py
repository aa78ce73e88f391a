"""Executing a script as far as its text decides what happens: statements, functions, classes.

Where only a run decides, both branches are taken, and what is done there is conditional.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.objects import Class, Frame, Function, Module
from condavision.analysis.parameters.statements import Flow, Statements
from condavision.analysis.parameters.values import UNKNOWN, Argv, same
from condavision.analysis.source.expressions import inner, text_of, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tree_sitter import Node

_MOST_STEPS = 10_000
_DEEPEST = 60  # blocks and calls in each other


class TooMuchError(Exception):
    """A script does more than is looked at."""


class Interpreter(Statements):
    """Executes statements; what frameworks add is in its subclass."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(1)
        self._steps = 0
        self._depth = 0
        self.branches = 0
        """How many of the branches taken at the moment a run may not take."""

    def decorated(self, decorator: Any, value: Any, node: Node) -> Any:
        """Return what a decorator makes of a function or a class."""
        raise NotImplementedError

    def run_module(self, module: Module, root: Node) -> None:
        """Execute the statements of a module in its frame."""
        outer, self.frame = self.frame, module.frame
        try:
            self.block(root.named_children)
        finally:
            self.frame = outer

    @contextmanager
    def condition(self) -> Iterator[None]:
        """Do something that only a run decides about."""
        outer = self.conditions
        self.conditions = (*outer, next(self._numbers))
        self.branches += 1
        try:
            yield
        finally:
            self.conditions = outer
            self.branches -= 1

    def block(self, statements: Sequence[Node]) -> Flow:
        """Execute statements one after the other, and return how they may end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TooMuchError
        outer, left = self.conditions, Flow(0)
        try:
            for statement in statements:
                flow = self.execute(statement)
                left |= flow & ~Flow.NEXT
                if Flow.NEXT not in flow:
                    return left
                if left & (Flow.RETURN | Flow.BREAK | Flow.CONTINUE) and self.conditions == outer:
                    self.conditions = (*outer, next(self._numbers))
        finally:
            self.conditions = outer
            self._depth -= 1
        return left | Flow.NEXT

    def execute(self, node: Node) -> Flow:
        """Execute a statement."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooMuchError
        run: Callable[[Node], Flow | None] | None = getattr(self, f"_do_{node.type}", None)
        return (run(node) if run is not None else None) or Flow.NEXT

    def _body(self, node: Node | None, name: str = "body") -> Flow:
        body = None if node is None else node.child_by_field_name(name)
        return Flow.NEXT if body is None else self.block(body.named_children)

    def _do_if_statement(self, node: Node) -> Flow:
        branches = [node, *node.children_by_field_name("alternative")]
        return self._branch(branches)

    def _branch(self, branches: list[Node]) -> Flow:
        if not branches:
            return Flow.NEXT
        first, *rest = branches
        if first.type == "else_clause":
            return self._body(first)
        truth = self.truth(self.of(first.child_by_field_name("condition")))
        if truth is not None:
            return self._body(first, "consequence") if truth else self._branch(rest)
        return self.either(lambda: self._body(first, "consequence"), lambda: self._branch(rest))

    def either(self, *ways: Callable[[], Flow]) -> Flow:
        """Take several branches, one of which a run takes, and merge the values of names."""
        frames = {id(it): it for it in (self.frame, self.frame.module.frame)}.values()
        before = [dict(it.names) for it in frames]
        after: list[list[dict[str, Any]]] = []
        flows = Flow(0)
        for way in ways:
            for frame, names in zip(frames, before, strict=True):
                frame.names = dict(names)
            with self.condition():
                flow = way()
            flows |= flow
            if Flow.NEXT in flow:
                after.append([it.names for it in frames])
        for at, frame in enumerate(frames):
            frame.names = _merged([it[at] for it in after] or [before[at]])
        return flows

    def _do_for_statement(self, node: Node) -> Flow:
        target = node.child_by_field_name("left")
        iterated = self.of(node.child_by_field_name("right"))
        if isinstance(iterated, Argv):
            self.read_arguments(self.location(node))
        values = elements(iterated)
        if values is None:
            return self._unknown_loop(node, target)
        outer, left = self.conditions, Flow(0)
        for value in values:
            self.assign(target, value)
            flow = self._body(node)
            left |= flow & (Flow.RETURN | Flow.EXIT)
            if not flow & (Flow.NEXT | Flow.CONTINUE):
                self.conditions = outer
                return left | (Flow.NEXT if Flow.BREAK in flow else Flow(0))
            if flow & (Flow.BREAK | Flow.RETURN) and self.conditions == outer:
                self.conditions = (*outer, next(self._numbers))
        self.conditions = outer
        return left | self._body(node.child_by_field_name("alternative"))

    def _do_while_statement(self, node: Node) -> Flow:
        truth = self.truth(self.of(node.child_by_field_name("condition")))
        return Flow.NEXT if truth is False else self._unknown_loop(node, None)

    def _unknown_loop(self, node: Node, target: Node | None) -> Flow:
        def once() -> Flow:
            self.assign(target, UNKNOWN)
            flow = self._body(node)
            return (flow & ~(Flow.BREAK | Flow.CONTINUE)) | Flow.NEXT

        return self.either(once, lambda: Flow.NEXT)

    def _do_with_statement(self, node: Node) -> Flow:
        for clause in node.named_children:
            for item in clause.named_children if clause.type == "with_clause" else ():
                value = item.child_by_field_name("value")
                if type_of(value) == "as_pattern" and value is not None:
                    self.of(inner(value))
                    self.assign(value.child_by_field_name("alias"), UNKNOWN)
                else:
                    self.of(value)
        return self._body(node)

    def _do_try_statement(self, node: Node) -> Flow:
        flow = self._body(node)
        handlers = [it for it in node.named_children if it.type.startswith("except")]
        if handlers:
            flow |= self.either(*[lambda it=it: self._handler(it) for it in handlers], lambda: flow)
        for clause in node.named_children:
            if clause.type == "else_clause":
                flow |= self._body(clause)
            elif clause.type == "finally_clause":
                body = inner(clause)
                flow |= self.block(body.named_children) if body is not None else Flow(0)
        return flow

    def _handler(self, node: Node) -> Flow:
        block = next((it for it in node.named_children if it.type == "block"), None)
        return Flow.NEXT if block is None else self.block(block.named_children)

    def _do_match_statement(self, node: Node) -> Flow:
        self.of(node.child_by_field_name("subject"))
        body = node.child_by_field_name("body")
        cases = [] if body is None else body.children_by_field_name("alternative")
        ways = [lambda it=it: self._body(it, "consequence") for it in cases]
        return self.either(*ways, lambda: Flow.NEXT)

    # Definitions

    def _do_function_definition(self, node: Node) -> None:
        self._define(node, ())

    _do_class_definition = _do_function_definition

    def _do_decorated_definition(self, node: Node) -> None:
        decorators = [it for it in node.named_children if it.type == "decorator"]
        definition = node.child_by_field_name("definition")
        if definition is not None:
            self._define(definition, decorators)

    def _define(self, node: Node, decorators: Sequence[Node]) -> None:
        made = [self.of(inner(it)) for it in decorators]
        name = text_of(node.child_by_field_name("name"))
        is_class = node.type == "class_definition"
        value: Any = self._class(node, name) if is_class else self.function(node, name)
        for decorator, at in zip(reversed(made), reversed(decorators), strict=True):
            value = self.decorated(decorator, value, at)
        self._frame_of(name).names[name] = value

    def _class(self, node: Node, name: str) -> Class:
        bases = node.child_by_field_name("superclasses")
        given = [] if bases is None else bases.named_children
        found = tuple(self.of(it) for it in given if it.type not in {"comment", "keyword_argument"})
        outer = self.frame
        self.frame = Frame(outer.module, enclosing=outer)
        made = Class(name, found, self.frame.names, self.construct)
        self.frame.owner = made
        try:
            self._body(node)
            made.names = self.frame.names
        finally:
            self.frame = outer
        return made

    def construct(self, made: Class, call: Any) -> Any:
        """Return an object of a class of the script."""
        raise NotImplementedError

    def function(self, node: Node, name: str) -> Function:
        defaults = {}
        for child in _parameters(node):
            value = child.child_by_field_name("value")
            if value is not None:
                defaults[text_of(child.child_by_field_name("name"))] = self.of(value)
        owner = self.frame.owner
        enclosing = self.frame
        while enclosing.owner is not None and enclosing.enclosing is not None:
            enclosing = enclosing.enclosing  # a method does not see the names of its class
        return Function(node, enclosing, name, defaults, self.invoke, owner)

    def invoke(self, function: Function, call: Any, this: Any, owner: Class | None) -> Any:
        """Call a function of the script."""
        raise NotImplementedError


def _parameters(node: Node) -> list[Node]:
    parameters = node.child_by_field_name("parameters")
    return [] if parameters is None else parameters.named_children


def _merged(ways: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the values of names after one of several branches: unknown where they differ."""
    first, *others = ways
    found = dict(first)
    for other in others:
        for name, value in other.items():
            if name not in found:
                found[name] = value
            elif not same(found[name], value):
                found[name] = UNKNOWN
    return found
