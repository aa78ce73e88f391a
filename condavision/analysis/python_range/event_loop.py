"""``asyncio.get_event_loop()`` where no loop runs: it makes none since Python 3.14.

In a coroutine it returns the running loop as ever. A function may be called from one, so there it
counts only if it then runs the loop, which no coroutine can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import guarded, name_claim
from condavision.analysis.python_range.calls import calls_of
from condavision.analysis.source.expressions import ancestor, text_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim

_MADE = re.compile(rb"\b(?:set_event_loop|set_event_loop_policy|uvloop|nest_asyncio)\b")
_BEFORE = PythonRange.below(3, 14)


def event_loop_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield the first call that fails since Python 3.14."""
    if b"get_event_loop" not in file.lexed.words or _MADE.search(file.lexed.code):
        return
    for call in calls_of(file, "asyncio.get_event_loop"):
        guard = file.guards.at(call.start_byte)
        if not guarded(guard, "RuntimeError") and _runs_alone(call):
            yield name_claim(
                call.start_byte, "asyncio.get_event_loop without a loop", _BEFORE, guard
            )
            return


def _runs_alone(call: Node) -> bool:
    function = ancestor(call.parent, {"function_definition", "lambda"})
    if function is None:
        return True
    if function.type == "lambda" or text_of(function.children[0]) == "async":
        return False
    holder = ancestor(call.parent, {"assignment"}, levels=2)
    loop = text_of(holder.child_by_field_name("left")) if holder is not None else text_of(call)
    runs = rf"{re.escape(loop)}\s*\.\s*run_(?:until_complete|forever)\b"
    return re.search(runs, text_of(function)) is not None
