"""The types of expressions where these are plain: literals, constructors, and names for them.

A name has a type if everything that the file binds it to has that type. The rest has none: ``x`` in
``x.removeprefix("a")`` may be anybody's class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.analysis.source.expressions import (
    Evaluator,
    ancestor,
    call_parts,
    operands,
    text_of,
    type_of,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile

_STR, _BYTES, _PATH = "builtins.str", "builtins.bytes", "pathlib.Path"
_BUILTIN_TYPES = {
    "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple",
}  # fmt: skip
_BUILTIN_FUNCTIONS = {"ascii": "str", "chr": "str", "hex": "str", "len": "int", "sorted": "list"}
_SAME = {
    _STR: "capitalize casefold center expandtabs format join ljust lower lstrip replace rjust"
    " rstrip strip swapcase title translate upper zfill",
    _BYTES: "join lower lstrip replace rstrip strip upper",
    _PATH: "absolute cwd expanduser home joinpath parent resolve with_name with_suffix",
    "datetime.datetime": "astimezone fromtimestamp now replace strptime today utcnow",
    "datetime.date": "fromtimestamp replace today",
    "builtins.dict": "copy",
}
"""Methods, class methods and attributes whose value is of the same type."""
_OTHERS = {
    (_STR, "encode"): _BYTES,
    (_STR, "split"): "builtins.list",
    (_STR, "splitlines"): "builtins.list",
    (_BYTES, "decode"): _STR,
    (_PATH, "name"): _STR,
    (_PATH, "read_bytes"): _BYTES,
    (_PATH, "read_text"): _STR,
    (_PATH, "stem"): _STR,
    (_PATH, "suffix"): _STR,
    ("datetime.datetime", "date"): "datetime.date",
    ("datetime.datetime", "isoformat"): _STR,
    ("datetime.datetime", "strftime"): _STR,
    ("xml.etree.ElementTree.ElementTree", "getroot"): "xml.etree.ElementTree.Element",
}
_MEMBERS = {
    **{(kind, name): kind for kind, names in _SAME.items() for name in names.split()},
    **_OTHERS,
}
_FUNCTIONS = {
    "xml.etree.ElementTree.fromstring": "xml.etree.ElementTree.Element",
    "xml.etree.ElementTree.parse": "xml.etree.ElementTree.ElementTree",
}


class PlainTypes(Evaluator[str]):
    """Computes the types of one file's expressions, dotted; empty where they are not plain.

    ``classes`` are those of the standard library that count.
    """

    deepest = 12

    def __init__(self, file: NamesOfFile, classes: frozenset[str]) -> None:
        super().__init__()
        self.file = file
        self.classes = classes
        self.imported = dict(file.aliases())
        self._names: dict[bytes, str] = {}

    def _unknown(self, _node: Node | None) -> str:
        return ""

    def _visit_string(self, node: Node) -> str:
        opening = text_of(node.children[0]).lower() if node.children else ""
        return _BYTES if "b" in opening else _STR

    def _visit_concatenated_string(self, node: Node) -> str:
        return self.of(node.named_children[0])

    def _visit_binary_operator(self, node: Node) -> str:
        left, operator, _ = operands(node)
        kind = self.of(left)
        joins = {"%": {_STR, _BYTES}, "+": {_STR, _BYTES, "builtins.list"}, "/": {_PATH}}
        return kind if kind in joins.get(operator, ()) else ""

    def _visit_attribute(self, node: Node) -> str:
        return self._member(node, self.of(node.child_by_field_name("object")))

    def _visit_call(self, node: Node) -> str:
        function, _ = call_parts(node)
        if function is None:
            return ""
        if function.type == "attribute":
            found = self._named(text_of(function))
            if found:
                return found
            owner = function.child_by_field_name("object")
            return self._member(function, self._named(text_of(owner)) or self.of(owner))
        return self._named(text_of(function))

    def _member(self, attribute: Node, kind: str) -> str:
        return _MEMBERS.get((kind, text_of(attribute.child_by_field_name("attribute"))), "")

    def _named(self, name: str) -> str:
        """Return the class that a name is, or that a function of this name returns."""
        first, dot, rest = name.partition(".")
        full = self.imported.get(first)
        if full is not None:
            dotted = f"{full}{dot}{rest}"
            found = _FUNCTIONS.get(dotted, dotted if dotted in self.classes else "")
            return found if found and not any(self.file.bindings(first.encode())) else ""
        kind = _BUILTIN_FUNCTIONS.get(name, name)
        own = kind in _BUILTIN_TYPES and not any(self.file.bindings(name.encode()))
        return f"builtins.{kind}" if own else ""

    def _visit_identifier(self, node: Node) -> str:
        name = node.text or b""
        if name in {b"self", b"cls"}:
            return self._own_base(node)
        if name.decode("utf-8", "replace") in self.imported:
            return ""
        if name not in self._names:
            self._names[name] = ""  # while it is computed: a name may be bound to itself
            self._names[name] = self._bound_to(name)
        return self._names[name]

    def _bound_to(self, name: bytes) -> str:
        found = ""
        for node in self.file.bindings(name):
            if _is_changed(node):
                continue
            kind = self._bound(node)
            if not kind or found not in {"", kind}:
                return ""
            found = kind
        return found

    def _bound(self, name: Node) -> str:
        holder = name.parent
        if holder is None:
            return ""
        if holder.type == "assignment":
            return self.of(holder.child_by_field_name("right"))
        return ""

    def _own_base(self, node: Node) -> str:
        """Return the class that the class around a method derives from, where it is plain."""
        owner = ancestor(node.parent, {"class_definition"})
        bases = owner.child_by_field_name("superclasses") if owner is not None else None
        if bases is None or bases.named_child_count != 1:
            return ""
        return self._named(text_of(bases.named_children[0]))

    def _visit_integer(self, _node: Node) -> str:
        return "builtins.int"

    def _visit_float(self, _node: Node) -> str:
        return "builtins.float"

    def _visit_list(self, _node: Node) -> str:
        return "builtins.list"

    def _visit_dictionary(self, _node: Node) -> str:
        return "builtins.dict"

    def _visit_set(self, _node: Node) -> str:
        return "builtins.set"

    def _visit_tuple(self, _node: Node) -> str:
        return "builtins.tuple"

    _visit_list_comprehension = _visit_list
    _visit_dictionary_comprehension = _visit_dictionary
    _visit_set_comprehension = _visit_set


def _is_changed(name: Node) -> bool:
    """Return whether a name only gets another value of its type: ``one |= other``."""
    return type_of(name.parent) == "augmented_assignment"
