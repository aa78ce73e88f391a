"""Executing a script and the modules of its project until its command line is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from condavision.analysis.parameters.constants import elements
from condavision.analysis.parameters.functions import bound_arguments, common, documentation
from condavision.analysis.parameters.interface import Unread, UnreadReason
from condavision.analysis.parameters.interpreter import Interpreter
from condavision.analysis.parameters.objects import (
    Class,
    Frame,
    Function,
    Instance,
    Module,
    Super,
    bound,
    unwrapped,
)
from condavision.analysis.parameters.standard import HARMLESS
from condavision.analysis.parameters.statements import EXITED
from condavision.analysis.parameters.values import (
    UNKNOWN,
    Argv,
    Builtin,
    Call,
    Imported,
    Value,
    dotted_name,
)
from condavision.analysis.source.expressions import inner, text_of
from condavision.analysis.source.source import decode, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from condavision.analysis.parameters.interface import Interface
    from condavision.analysis.source.source import Source
    from condavision.core.model import SourceLocation

_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit", "os.abort"})
_TRANSPARENT = frozenset({
    "functools.lru_cache", "functools.cache", "contextlib.contextmanager", "builtins.property",
    "functools.lru_cache()", "typing.no_type_check", "abc.abstractmethod", "typing.overload",
})  # fmt: skip


class CommandLine(Protocol):
    """Something that reads a command line, such as a parser."""

    def interface(self) -> Interface:
        """Return what it takes."""
        ...


class ParserLike(Value):
    """Something that parameters are added to; ``unread`` is what is not known of it."""

    unread: list[Unread]


class FinishedError(Exception):
    """The command line has been read; what the script does afterwards does not matter."""


Known = dict[str, "Callable[[Reader, Call], Any]"]


class Reader(Interpreter):
    """Executes a script; ``known`` are the functions of the libraries that are read here."""

    def __init__(
        self, load: Callable[[str], tuple[Source, Node, bool] | None], known: Known
    ) -> None:
        super().__init__()
        self.load = load
        self.known = known
        self.unread: list[Unread] = []
        self.found: list[tuple[CommandLine, SourceLocation]] = []
        self._modules: dict[str, Module | None] = {}
        self._active: list[Node] = []
        self.main: Module | None = None

    def run(self, source: Source, root: Node, name: str, *, is_package: bool) -> None:
        """Execute a script; ``name`` is the module that it is, empty for a file by itself."""
        self.main = Module(name, lambda node: source.location(node.start_point.row), is_package)
        self.frame = self.main.frame
        self.frame.names["__doc__"] = documentation(root) or None
        self.run_module(self.main, root)

    def note(self, reason: UnreadReason, location: SourceLocation, detail: str = "") -> None:
        """Note what is not known of the command line as a whole."""
        self.unread.append(Unread(reason, location, detail))

    def read_arguments(self, location: SourceLocation) -> None:
        self.note(UnreadReason.ARGV, location)

    def parsed(self, line: CommandLine, call: Call, arguments: Any) -> None:
        """Note that the command line is read; ``arguments`` is what is parsed if not None."""
        if elements(arguments) is not None:
            return  # a fixed list: nothing of the command line
        if arguments is not None and not (isinstance(arguments, Argv) and not arguments.whole):
            self.note(UnreadReason.OTHER_ARGUMENTS, call.location)
        self.found.append((line, call.location))
        if not self.branches:
            raise FinishedError

    def lookup(self, name: str) -> Any:
        if name == "__name__":
            module = self.frame.module
            return "__main__" if module is self.main else module.name
        return super().lookup(name)

    def is_known(self, name: str) -> bool:
        return name in self.known

    def in_frame(self, node: Node, frame: Frame) -> Any:
        """Return the value of an expression among the names of a frame."""
        outer, self.frame = self.frame, frame
        try:
            return self.of(node)
        finally:
            self.frame = outer

    def expression(self, text: str, frame: Frame) -> Any:
        """Return the value of an annotation in a string among the names of a frame."""
        tree = parse(decode(text.encode(), Path(), ""))
        statement = inner(tree.root_node)
        node = None if statement is None else inner(statement)
        return UNKNOWN if node is None or tree.root_node.has_error else self.in_frame(node, frame)

    def located(self, node: Node, frame: Frame) -> SourceLocation:
        """Return the place of a node of a frame's module."""
        return frame.module.locate(node)

    # Modules

    def import_module(self, name: str, level: int) -> Any:
        if level:
            here = self.frame.module
            parts = here.name.split(".") if here.name else []
            parts = parts[: len(parts) - level + (1 if here.is_package else 0)]
            name = ".".join(filter(None, (*parts, name)))
        return self._module(name) or Imported(name)

    def _module(self, name: str) -> Module | None:
        if name not in self._modules:
            self._modules[name] = None
            loaded = self.load(name)
            if loaded is not None:
                source, root, is_package = loaded
                locate = lambda node: source.location(node.start_point.row)  # noqa: E731
                module = self._modules[name] = Module(name, locate, is_package)
                active, self._active = self._active, []
                self.run_module(module, root)
                self._active = active
        return self._modules[name]

    def attribute(self, value: Any, name: str, node: Node) -> Any:
        found = super().attribute(value, name, node)
        if found is UNKNOWN and isinstance(value, Module):
            return self._module(f"{value.name}.{name}") or UNKNOWN
        if isinstance(found, Imported):
            return self._module(found.name) or found
        return found

    # Calls

    def called(self, function: Any, call: Call, node: Node) -> Any:
        name = dotted_name(function)
        if name in self.known:
            return self.known[name](self, call)
        if name in _EXITS:
            return EXITED
        if name == "builtins.super":
            return self._super()
        if name == "functools.partial":
            return self._partial(call, node)
        if function is UNKNOWN or isinstance(function, Imported):
            if name.startswith("builtins.") and name.removeprefix("builtins.") in HARMLESS:
                return UNKNOWN
            return self._passed_on(name or text_of(node.child_by_field_name("function")), call)
        return function.call(call) if isinstance(function, Value) else UNKNOWN

    def _partial(self, first: Call, node: Node) -> Any:
        """Return what calls a function with arguments of now and of then."""
        target, *given = first.positional or (UNKNOWN,)

        def call_both(then: Call) -> Any:
            positional, named = (*given, *then.positional), {**first.named, **then.named}
            both = replace(
                then, positional=positional, named=named, exact=first.exact and then.exact
            )
            return self.called(target, both, node)

        return Builtin(call_both)

    def _super(self) -> Any:
        frame: Frame | None = self.frame
        while frame is not None and frame.this is None:
            frame = frame.enclosing
        if frame is None or not isinstance(frame.this, Instance) or frame.owner is None:
            return UNKNOWN
        return Super(frame.this, frame.owner, self._make)

    def _make(self, name: str) -> Callable[[Call], Any] | None:
        known = self.known.get(name)
        return None if known is None else lambda call: known(self, call)

    def _passed_on(self, name: str, call: Call) -> Any:
        """Note what unknown code may do with the parser or the arguments that it is given."""
        if name in HARMLESS or name.rpartition(".")[2] == "autocomplete":
            return UNKNOWN
        for value in (*call.positional, *call.named.values()):
            parser = unwrapped(value)
            if isinstance(parser, Argv):
                self.read_arguments(call.location)
            elif isinstance(parser, ParserLike):
                parser.unread.append(Unread(UnreadReason.PASSED_ON, call.location, name))
        is_base = name.endswith(".__init__") and call.positional
        if is_base and isinstance(call.positional[0], Instance):
            make = self._make(name.removesuffix(".__init__"))
            rest = Call(call.positional[1:], call.named, call.exact, call.location, call.conditions)
            call.positional[0].base = make(rest) if make else None
        return Imported(f"{name}()") if name else UNKNOWN

    def construct(self, made: Class, call: Call) -> Any:
        instance = Instance(made, call.conditions)
        initialize = made.find("__init__")
        if isinstance(initialize, Function):
            bound(initialize, instance).call(call)
            return instance
        for base in made.imported_bases():
            make = self._make(base)
            if make is not None:
                instance.base = make(call)
        return instance

    def invoke(self, function: Function, call: Call, this: Any, owner: Class | None) -> Any:
        body = function.node.child_by_field_name("body")
        if body is None or any(function.node == it for it in self._active):
            return UNKNOWN
        outer = self.frame
        frame = Frame(function.frame.module, enclosing=function.frame, this=this, owner=owner)
        first = () if this is None else (this,)
        frame.names = bound_arguments(function, (*first, *call.positional), call)
        level, self._level = self._level, 0
        self.frame = frame
        self._active.append(function.node)
        try:
            if function.node.type == "lambda":
                return self.of(body)
            self.block(body.named_children)
        finally:
            self.frame = outer
            self._level = level
            self._active.pop()
        return common(frame.returned)

    def decorated(self, decorator: Any, value: Any, node: Node) -> Any:
        name = dotted_name(decorator)
        target = value if isinstance(value, Function) else None
        if name in {"builtins.staticmethod", "builtins.classmethod"} and target is not None:
            target.is_static = name.endswith("staticmethod")
            target.is_class_method = not target.is_static
            return value
        if name in _TRANSPARENT or isinstance(value, Class):
            return value
        if name in self.known or not (decorator is UNKNOWN or isinstance(decorator, Imported)):
            call = Call((value,), {}, True, self.location(node), self.conditions)
            made = self.called(decorator, call, node)
            if made is not UNKNOWN:
                return made
        holder: list[Any] | None = getattr(value, "attached", None)
        if holder is not None:
            shown = text_of(node).lstrip("@").partition("(")[0].strip()
            holder.append(Unread(UnreadReason.DECORATOR, self.location(node), shown))
        return value
