"""What ``and``, ``or`` and ``not`` make of conditions, whatever these ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.analysis.context.contexts import UNKNOWN, Truth
from condavision.analysis.source.bindings import named_value
from condavision.analysis.source.expressions import Evaluator, operands

if TYPE_CHECKING:
    from tree_sitter import Node

_LONGEST_FLAG = 80  # characters; longer expressions are not names that are checked again


class Conditions(Evaluator[Truth]):
    """The conditions of one source.

    ``flags`` are the names that it gives the outcome of a condition: ``PY2 = ...``. What was
    decided is remembered, so that a chain of thousands is decided link by link.
    """

    def __init__(self, flags: dict[str, Truth] | None = None) -> None:
        super().__init__()
        self.flags = {} if flags is None else flags
        self._decided: dict[int, Truth] = {}

    def of(self, node: Node | None) -> Truth:
        """Return where a condition can be true and where it can be false."""
        if node is None or self.is_deepest:
            return UNKNOWN
        truth = self._decided.get(node.id)
        if truth is None:
            truth = self._decided[node.id] = super().of(node)
        return truth

    def note(self, assignment: Node) -> None:
        """Add the name that an assignment gives a condition to the flags."""
        match named_value(assignment):
            case (name, value) if len(name) < _LONGEST_FLAG:
                truth = self.of(value)
                if truth != UNKNOWN:
                    self.flags[name] = truth
                    self._decided.clear()  # it can decide more of them now

    def _unknown(self, _node: Node | None) -> Truth:
        return UNKNOWN

    def _visit_not_operator(self, node: Node) -> Truth:
        return ~self.of(node.child_by_field_name("argument"))

    def _visit_boolean_operator(self, node: Node) -> Truth:
        left, operator, right = operands(node)
        one, two = self.of(left), self.of(right)
        return one & two if operator == "and" else one | two
