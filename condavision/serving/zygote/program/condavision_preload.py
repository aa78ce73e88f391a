"""Imports what the script will import first, and looks whether a fork is safe after it.

Those are the imports that a run of the script reaches before it does anything else: the import
statements at the top of its file, followed into the script's own modules, up to the first statement
that may have an effect (``os.environ["X"] = "1"`` may decide what the next import does). The
script's own modules are read, never imported.

After each import the process must be one that a fork copies whole: see
:mod:`condavision_checks`.
"""

import os
import sys
from _frozen_importlib_external import PathFinder

from condavision_checks import Checks, Refused
from condavision_leaving import OpenSSLFinder

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
IMPORTS = ("Import", "ImportFrom")
HARMLESS = frozenset(
    """Assign AnnAssign Expr Pass FunctionDef AsyncFunctionDef If Try Global Raise ExceptHandler
    arguments arg Name Constant Num Str Bytes NameConstant Ellipsis Attribute Subscript Index Slice
    Tuple List Dict Set Starred JoinedStr FormattedValue BinOp UnaryOp BoolOp Compare IfExp Lambda
    Load Store alias""".split()
)
"""Statements and expressions that change nothing an import could depend on, if all in them are."""
OPERATORS = ("operator", "unaryop", "boolop", "cmpop")


class Effect(Exception):
    """A statement that may have an effect."""


class State:
    """What preloading leaves for the children.

    ``changed`` are the variables that the interpreter and modules set, and their values; ``local``
    the folders of the script's own modules; ``folder`` that of ``sys.path[0]`` under ``python -m``.
    """

    def __init__(self, changed, local, folder):
        self.changed, self.local, self.folder = changed, local, folder


def run(order, send, control):
    """Preload as ordered: ``source`` (the script's file), ``skipped`` (modules), ``local``.

    Ends the process if a module is refused, which has left its traces: the next zygote skips it.
    """
    local = [os.fsdecode(folder) for folder in order["local"]]
    safe = getattr(sys.flags, "safe_path", False)  # 3.11: PYTHONSAFEPATH
    local = local[1:] if safe else local
    first = local[:1] if order["script"] and not safe else []  # the interpreter adds it later
    sys.path[:0] = first
    before = dict(os.environb)
    sys.meta_path.insert(0, OpenSSLFinder)
    loader = Loader(order, send, local, Checks(control, local))
    try:
        loader.follow_target(os.fsdecode(order["source"]), os.fsdecode(order["package"]))
    except (Effect, OSError, SyntaxError, ValueError):
        pass  # the script itself meets what comes here
    except Refused as refused:
        name, *why = refused.args
        send("refuse", name, *why)
        import atexit

        atexit._run_exitfuncs()  # modules remove the temporary files they have made
        os._exit(0)
    del sys.path[: len(first)]
    sys.meta_path.remove(OpenSSLFinder)
    after = dict(os.environb)
    changed = list(order["coerced"])
    changed += [
        (it, after.get(it)) for it in {**before, **after} if before.get(it) != after.get(it)
    ]
    return State(changed, local, "" if order["script"] or safe else os.getcwd())


class Loader:
    """Goes through a script and its modules in the order in which they run."""

    def __init__(self, order, send, local, checks):
        self.skipped = {os.fsdecode(name) for name in order["skipped"]}
        self.send, self.local, self.checks = send, local, checks
        self.seen = set()

    def follow_target(self, file, package):
        """Preload for a script, or for a module and the packages it is in."""
        parts = package.split(".") if package else []
        for count in range(1, len(parts) + 1):
            self.follow_module(parts[:count])
        self.follow(file, package)

    def follow(self, file, package):
        """Preload what a file imports; raise Effect where it does something else first."""
        if file in self.seen:
            return
        self.seen.add(file)
        with open(file, "rb") as source:
            tree = compile(source.read(), file, "exec", ONLY_AST, True)
        for node in tree.body:
            kind = type(node).__name__
            if kind == "Import":
                for alias in node.names:
                    self.need(alias.name, ())
            elif kind == "ImportFrom":
                self.need(absolute(node, package), [alias.name for alias in node.names])
            elif not is_harmless(node):
                raise Effect(node.lineno)

    def need(self, name, members):
        """Preload a module as an import statement does, or follow one of the script's own."""
        parts = name.split(".")
        if parts[0] in sys.modules or not self.find(parts[:1]):
            self.load(name, members)
            return
        for count in range(1, len(parts) + 1):
            self.follow_module(parts[:count])
        for member in members:
            if self.find([*parts, member]):
                self.follow_module([*parts, member])

    def follow_module(self, parts):
        spec = self.find(parts)
        if spec is None:
            raise Effect(".".join(parts))
        if spec.origin in (None, "namespace"):
            return
        if not spec.has_location or not spec.origin.endswith(".py"):
            raise Effect(spec.origin)
        self.follow(spec.origin, ".".join(parts if spec.submodule_search_locations else parts[:-1]))

    def find(self, parts):
        """Return the spec of one of the script's own modules."""
        path = self.local
        for count in range(1, len(parts) + 1):
            spec = PathFinder.find_spec(".".join(parts[:count]), path)
            path = spec and spec.submodule_search_locations
            if spec is None or (path is None and count < len(parts)):
                return None
        return spec

    def load(self, name, members):
        """Import a module that is not the script's, if that leaves a process to fork."""
        if name in self.skipped or name == "__future__":
            return
        self.send("preload", name)
        self.checks.begin()
        try:
            __import__(name, {}, {}, members, 0)
        except BaseException as error:
            raise Refused(name, "fails", type(error).__name__)
        self.checks.check(name)


def absolute(node, package):
    """Return the module that a ``from`` statement in a package names."""
    if not node.level:
        return node.module
    parts = package.split(".")
    if not package or node.level > len(parts):
        raise Effect(node.lineno)
    parts = parts[: len(parts) - node.level + 1]
    return ".".join(parts + ([node.module] if node.module else []))


def is_harmless(node):
    """Return whether running a statement, or not yet running it, changes no later import."""
    kind = type(node).__name__
    if kind in IMPORTS:
        return True  # conditional: left to the script
    if kind not in HARMLESS and not any(it.__name__ in OPERATORS for it in type(node).__mro__):
        return False
    if kind in ("Attribute", "Subscript") and type(node.ctx).__name__ != "Load":
        return False
    body = ("body",) if kind in ("FunctionDef", "AsyncFunctionDef", "Lambda") else ()
    for field in node._fields:
        value = getattr(node, field, None)
        if field not in body:
            for part in value if isinstance(value, list) else [value]:
                if hasattr(part, "_fields") and not is_harmless(part):
                    return False
    return True
