"""The classes of a file, and which metaclasses drop ``__classcell__``.

A class whose methods have ``super`` or ``__class__`` hands its metaclass a ``__classcell__``, which
has to reach ``type.__new__`` (https://docs.python.org/3/reference/datamodel.html#creating-the-class-object).
A ``__new__`` from before Python 3.6 that makes the class of a few names alone, and adds the others
later, drops it: a RuntimeError since Python 3.8.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.source.expressions import call_parts, string_parts, text_of, type_of
from condavision.analysis.source.source import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tree_sitter import Node

    from condavision.analysis.source.source import Source

_NEW = re.compile(r"super\([^()]*\)\.__new__|type\.__new__")
_ROOT = re.compile(r"not (\w+)")
_PARENTS = re.compile(r"\[(\w+) for \1 in (\w+) if isinstance\(\1, (\w+)\)\]")
_CELL = ("super", "__class__")


@dataclass(frozen=True, slots=True)
class LibraryClass:
    """A class at the top level of a module; names are dotted, as they are spelt there.

    ``metaclass`` is its own, not that of a base. ``has_cell``: a method of it has ``super`` or
    ``__class__``. ``drops_cell``: it is a metaclass that drops that of a class whose base is of it.
    """

    name: str
    line: int
    bases: tuple[str, ...] = ()
    metaclass: str = ""
    has_cell: bool = False
    drops_cell: bool = False


def drops_cells(source: Source) -> bool:
    """Return whether a file has a metaclass that drops ``__classcell__``."""
    is_likely = b"__new__" in source.text and b"__classcell__" not in source.text
    return is_likely and any(it.drops_cell for it in library_classes(source))


def library_classes(source: Source) -> tuple[LibraryClass, ...]:
    """Return the classes at the top level of a file, wherever that runs."""
    if b"class" not in source.text:
        return ()
    return tuple(map(_library_class, _definitions(parse(source).root_node)))


def dump_classes(classes: Iterable[LibraryClass]) -> list[object]:
    """Return classes as JSON has them, for :func:`load_classes`."""
    return [astuple(it) for it in classes]


def load_classes(rows: list[Any]) -> tuple[LibraryClass, ...]:
    """Read what :func:`dump_classes` returned."""
    return tuple(LibraryClass(name, line, (*bases,), *rest) for name, line, bases, *rest in rows)


def _definitions(root: Node) -> Iterator[tuple[Node, str]]:
    """Yield the classes of a module, and what ``add_metaclass`` gives each."""
    for node in root.named_children:
        definition, added = node, ""
        if node.type == "decorated_definition":
            definition = node.child_by_field_name("definition") or node
            added = next(filter(None, map(_added, node.named_children)), "")
        if definition.type == "class_definition":
            yield definition, added


def _added(decorator: Node) -> str:
    """Return the argument of ``@six.add_metaclass(Meta)``."""
    call = decorator.named_children[0] if decorator.type == "decorator" else None
    if call is None or call.type != "call":
        return ""
    function, arguments = call_parts(call)
    is_it = text_of(function).rpartition(".")[2] == "add_metaclass" and arguments
    return text_of(arguments[0]) if is_it else ""


def _library_class(found: tuple[Node, str]) -> LibraryClass:
    node, metaclass = found
    bases = []
    superclasses = node.child_by_field_name("superclasses")
    for argument in superclasses.named_children if superclasses is not None else ():
        match argument.type:
            case "identifier" | "attribute":
                bases.append(text_of(argument))
            case "keyword_argument" if text_of(argument.child_by_field_name("name")) == "metaclass":
                metaclass = text_of(argument.child_by_field_name("value"))
            case "call":
                function, arguments = call_parts(argument)
                if text_of(function).rpartition(".")[2] == "with_metaclass" and arguments:
                    metaclass, *others = map(text_of, arguments)
                    bases += others
    body = node.child_by_field_name("body")
    methods = [] if body is None else [*_methods(body)]
    name = text_of(node.child_by_field_name("name"))
    return LibraryClass(
        name,
        node.start_point[0] + 1,
        tuple(bases),
        metaclass,
        any(map(_has_cell, methods)),
        any(_drops_cell(it, name) for it in methods),
    )


def _methods(body: Node) -> Iterator[Node]:
    for it in body.named_children:
        node = it.child_by_field_name("definition") if it.type == "decorated_definition" else it
        if node is not None and node.type == "function_definition":
            yield node


def _has_cell(method: Node) -> bool:
    """Return whether a name in a method makes the cell; classes in it have their own."""
    waiting = method.named_children
    while waiting:
        node = waiting.pop()
        if node.type in {"attribute", "keyword_argument"}:
            waiting.append(node.named_children[0 if node.type == "attribute" else -1])
        elif node.type == "identifier" and text_of(node) in _CELL:
            return True
        elif node.type not in {"class_definition", "parameters"}:
            waiting += node.named_children
    return False


def _drops_cell(method: Node, metaclass: str) -> bool:
    """Return whether ``__new__`` makes a class whose base is of the metaclass of other names alone.

    Before that it may only return where no base is of it, or for the name of one class.
    """
    names = [text_of(it) for it in (_field(method, "parameters") or method).named_children]
    body = _field(method, "body")
    is_new = text_of(_field(method, "name")) == "__new__" and len(names) >= 4
    if not is_new or body is None or "__classcell__" in text_of(body):
        return False
    makers: set[str] = set()
    parents: set[str] = set()
    for statement in body.named_children:
        inner = statement.named_children[0] if statement.named_children else None
        if statement.type == "return_statement":
            return _makes(inner, names[0], makers)
        if statement.type == "expression_statement" and type_of(inner) == "assignment":
            left, right = _field(inner, "left"), _field(inner, "right")
            if _makes(right, names[0], makers):
                return True
            if _NEW.fullmatch(text_of(right)):
                makers.add(text_of(left))
            elif _are_parents(right, names[2], metaclass):
                parents.add(text_of(left))
        elif not _is_passed(statement, names[1], parents):
            return False
    return False


def _field(node: Node | None, name: str) -> Node | None:
    return None if node is None else node.child_by_field_name(name)


def _makes(call: Node | None, first: str, makers: set[str]) -> bool:
    """Return whether a class is made of nothing but names that are spelt out."""
    if call is None or call.type != "call":
        return False
    function, arguments = call_parts(call)
    called = text_of(function)
    is_new = called in makers or _NEW.fullmatch(called) is not None
    if not is_new or len(arguments) != 4 or text_of(arguments[0]) != first:
        return False
    names = arguments[3]
    keys = [_field(it, "key") for it in names.named_children if it.type != "comment"]
    return names.type == "dictionary" and all(
        it is not None
        and it.type == "string"
        and all(isinstance(part, str) for part in string_parts(it))
        for it in keys
    )


def _are_parents(value: Node | None, bases: str, metaclass: str) -> bool:
    """Return whether a value is the list of those bases that are of the metaclass."""
    listed = _PARENTS.fullmatch(text_of(value))
    return listed is not None and (listed[2], listed[3]) == (bases, metaclass)


def _is_passed(statement: Node, name: str, parents: set[str]) -> bool:
    """Return whether a class with a base of the metaclass comes past a statement.

    It may return where there is no such base, or for the name of one class.
    """
    if statement.type != "if_statement":
        return statement.type in {"comment", "expression_statement"}
    if "return" not in text_of(statement) and "raise" not in text_of(statement):
        return True
    condition = text_of(_field(statement, "condition"))
    root = _ROOT.fullmatch(condition)
    is_named = condition.startswith(f"{name} == ") and " or " not in condition
    return (root is not None and root[1] in parents) or is_named
