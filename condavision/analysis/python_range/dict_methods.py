"""Methods of Python 2's dictionaries, where the receiver can only be one.

``iteritems`` and ``has_key`` are methods of other libraries' classes too, so only displays, the
``**`` parameter of the function, ``__dict__``, ``globals()`` and their like are believed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import admitted, guarded
from condavision.analysis.python_range.rules import Claim, Verdict
from condavision.analysis.source.expressions import ancestor, text_of, type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile

_CALL = re.compile(rb"\.\s*(has_key|(?:iter|view)(?:items|keys|values))[ \t]*\(")
_DICT_FUNCTIONS = frozenset({"dict", "globals", "locals", "vars"})
_DICT_ATTRIBUTES = frozenset({"os.environ", "sys.modules"})
_PYTHON_2 = PythonRange.below(3, 0)


def dict_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield the first call of a method that no dictionary of Python 3 has."""
    for call in _CALL.finditer(file.lexed.code):
        node = file.root.descendant_for_byte_range(call.start(1), call.end(1))
        attribute = None if node is None else node.parent
        receiver = None if attribute is None else attribute.child_by_field_name("object")
        guard = file.guards.at(call.start())
        if receiver is None or guarded(guard, "AttributeError") or guard.checked:
            continue
        if _is_dict(receiver, file):
            method = call[1].decode()
            phrase = f"dict.{method} (Python 2 only)"
            yield Claim(call.start(1), Verdict(phrase, admitted(_PYTHON_2, guard)))
            return


def _is_dict(receiver: Node, file: NamesOfFile) -> bool:
    match receiver.type:
        case "dictionary" | "dictionary_comprehension":
            return True
        case "attribute":
            attribute = text_of(receiver.child_by_field_name("attribute"))
            return text_of(receiver) in _DICT_ATTRIBUTES or attribute == "__dict__"
        case "call":
            return text_of(receiver.child_by_field_name("function")) in _DICT_FUNCTIONS
        case "identifier":
            return _is_keyword_parameter(receiver) or _is_only_dict(receiver, file)
    return False


def _is_keyword_parameter(name: Node) -> bool:
    """Return whether a name is the ``**name`` of the function around it."""
    function = ancestor(name.parent, {"function_definition", "lambda"})
    parameters = None if function is None else function.child_by_field_name("parameters")
    if parameters is None:
        return False
    return any(
        parameter.type == "dictionary_splat_pattern"
        and parameter.named_children[0].text == name.text
        for parameter in parameters.named_children
        if parameter.named_children
    )


def _is_only_dict(name: Node, file: NamesOfFile) -> bool:
    """Return whether every binding of a name in the source is a dictionary display."""
    holders = [node.parent for node in file.bindings(name.text or b"")]
    return bool(holders) and all(
        it is not None and it.type == "assignment" and _is_display(it.child_by_field_name("right"))
        for it in holders
    )


def _is_display(value: Node | None) -> bool:
    if value is None or value.type != "call":
        return type_of(value) == "dictionary"
    return text_of(value.child_by_field_name("function")) == "dict"
