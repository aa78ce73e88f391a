"""The modules, functions, classes and objects of a script."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.values import UNKNOWN, Builtin, Imported, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from condavision.analysis.parameters.values import Call, Conditions
    from condavision.core.model import SourceLocation


@dataclass(eq=False)
class Frame:
    """The names of a module, a class or a call; ``stars`` are modules whose names are all here."""

    module: Module
    names: dict[str, Any] = field(default_factory=dict)
    enclosing: Frame | None = None
    globals: set[str] = field(default_factory=set)
    returned: list[Any] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)
    this: Any = None
    """The instance whose method it is, and the class that has the method."""
    owner: Class | None = None


@dataclass(eq=False)
class Module(Value):
    """A module of the project, executed as far as it is known."""

    name: str
    locate: Callable[[Node], SourceLocation]
    is_package: bool = False
    frame: Frame = field(init=False)

    def __post_init__(self) -> None:
        self.frame = Frame(self)

    def attribute(self, name: str) -> Any:
        return self.frame.names.get(name, UNKNOWN)


@dataclass(eq=False)
class Function(Value):
    """A function of the script, and what frameworks have attached to it."""

    node: Node
    frame: Frame
    name: str
    defaults: dict[str, Any]
    invoke: Callable[[Function, Call, Any, Class | None], Any]
    owner: Class | None = None
    is_static: bool = False
    is_class_method: bool = False
    attached: list[Any] = field(default_factory=list)
    wrapped: Function | None = None
    """The function that ``functools.wraps`` makes it look like."""

    @property
    def shown(self) -> Function:
        """The function that it looks like."""
        return self if self.wrapped is None else self.wrapped.shown

    def call(self, call: Call) -> Any:
        return self.invoke(self, call, None, None)


@dataclass(eq=False)
class Class(Value):
    """A class of the script."""

    name: str
    bases: tuple[Any, ...]
    names: dict[str, Any]
    construct: Callable[[Class, Call], Any]

    def find(self, name: str) -> Any:
        """Return an attribute, its own or an inherited one; None where there is none known."""
        if name in self.names:
            return self.names[name]
        for base in self.bases:
            found = base.find(name) if isinstance(base, Class) else None
            if found is not None:
                return found
        return None

    def imported_bases(self) -> list[str]:
        """Return the dotted names of the classes it is derived from that are not followed."""
        found = []
        for base in self.bases:
            if isinstance(base, Imported):
                found.append(base.name)
            elif isinstance(base, Class):
                found += base.imported_bases()
        return found

    @property
    def is_enum(self) -> bool:
        """Whether it is an enumeration."""
        return any(name.startswith("enum.") for name in self.imported_bases())

    def members(self) -> list[Member]:
        """Return the members of an enumeration."""
        return [
            Member(self, name, value)
            for name, value in self.names.items()
            if not name.startswith("_") and not isinstance(value, (Function, Class))
        ]

    def attribute(self, name: str) -> Any:
        found = self.find(name)
        if self.is_enum and name in self.names and not isinstance(found, (Function, Class)):
            return Member(self, name, found)
        return UNKNOWN if found is None else bound(found, self if _is_class_method(found) else None)

    def call(self, call: Call) -> Any:
        return self.construct(self, call)


@dataclass(frozen=True)
class Member(Value):
    """A member of an enumeration."""

    owner: Class
    name: str
    value: Any

    def attribute(self, name: str) -> Any:
        return {"name": self.name, "value": self.value}.get(name, UNKNOWN)


@dataclass(eq=False)
class Instance(Value):
    """An object of a class of the script; ``base`` is what it is besides: a parser."""

    owner: Class
    conditions: Conditions = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    base: Value | None = None

    def attribute(self, name: str) -> Any:
        if name in self.attributes:
            return self.attributes[name]
        found = self.owner.find(name)
        if found is not None:
            return bound(found, self.owner if _is_class_method(found) else self)
        return UNKNOWN if self.base is None else self.base.attribute(name)


@dataclass(eq=False)
class Super(Value):
    """``super()``: an object as the class after ``owner`` has it."""

    instance: Instance
    owner: Class
    known: Callable[[str], Callable[[Call], Any] | None]

    def attribute(self, name: str) -> Any:
        for base in self.owner.bases:
            found = base.find(name) if isinstance(base, Class) else None
            if found is not None:
                return bound(found, self.instance)
            make = self.known(base.name) if isinstance(base, Imported) else None
            if make is not None and name == "__init__":
                return Builtin(lambda call, make=make: self._initialize(make(call)))  # type: ignore[misc]
        base_value = self.instance.base
        return UNKNOWN if base_value is None else base_value.attribute(name)

    def _initialize(self, made: Value) -> None:
        self.instance.base = made


@dataclass(eq=False)
class Method(Value):
    """A function of a class with the object it is called on."""

    function: Function
    this: Any

    def call(self, call: Call) -> Any:
        return self.function.invoke(self.function, call, self.this, self.function.owner)


def bound(found: Any, this: Any) -> Any:
    """Return an attribute of a class as an object has it."""
    if isinstance(found, Function) and this is not None and not found.is_static:
        return Method(found, this)
    return found


def _is_class_method(found: Any) -> bool:
    return isinstance(found, Function) and found.is_class_method


def unwrapped(value: Any) -> Any:
    """Return what an object of a class of the script is besides."""
    return value.base if isinstance(value, Instance) and value.base is not None else value
