"""Write condavision/analysis/data/keywords.tsv: which Pythons accept which keyword argument.

    pip install typeshed-client vermin
    python tools/generate_keywords.py

Sources, in order of trust: the reviewed corrections below, the signatures of the CPythons found on
this machine (functions written in C often have none, ``**kwargs`` hides what is passed on), and
vermin's rules, which are taken from the documentation's "Changed in version". Only functions and
classes of a module are written, no methods: the class of a called method is seldom certain.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import vermin  # type: ignore[import-not-found]
import vermin.rules  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy_pythons import interpreters
from condavision.analysis.python_range.stdlib import BACKPORTS
from condavision.core.pythons import KNOWN, Minor
from tools.generate_pythons import IMPORTED, ask, stub_modules, write_table
from tools.generate_pythons import TARGET as ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = ATTRIBUTES.with_name("keywords.tsv")

Rule = tuple[Minor | None, Minor | None]

OLDEST: Minor = (3, 6)
"""The oldest 3.x that is usually installed."""

LAST_BACKPORTED: Minor = (3, 8)
"""The last Python whose standard library was backported to Python 2."""

RENAMED = "future"
"""The distribution whose modules are those of Python 2, under their new names."""

PYTHON_2 = frozenset({(2, 7)})
PYTHON_3 = frozenset(KNOWN) - PYTHON_2


def _from(first: Minor, last: Minor = KNOWN[-1]) -> frozenset[Minor]:
    return frozenset(minor for minor in KNOWN if first <= minor <= last)


# What no signature shows, from "What's New" and the documentation.
CORRECTIONS: dict[tuple[str, str, str], frozenset[Minor]] = {
    ("builtins", "sorted", "cmp"): PYTHON_2,
    **dict.fromkeys(
        [
            ("builtins", "open", name)
            for name in ("encoding", "errors", "newline", "closefd")
        ]
        + [("builtins", "str", name) for name in ("encoding", "errors")]
        + [("builtins", "bytes", name) for name in ("encoding", "errors")],
        PYTHON_3,
    ),
    ("builtins", "open", "file"): PYTHON_3,
    ("builtins", "open", "name"): PYTHON_2,
    **{
        ("logging", "basicConfig", name): PYTHON_2 | _from(first)  # Python 2 ignores the unknown
        for name, first in {
            "style": (3, 2),
            "handlers": (3, 3),
            "force": (3, 8),
            "encoding": (3, 9),
            "errors": (3, 9),
        }.items()
    },
    ("importlib.resources", "files", "package"): frozenset(KNOWN),  # warns, and takes it
    ("builtins", "open", "opener"): _from((3, 3)),
    ("builtins", "print", "flush"): _from((3, 3)),
    ("builtins", "zip", "strict"): _from((3, 10)),
    ("builtins", "map", "strict"): _from((3, 14)),
    ("builtins", "sum", "start"): _from((3, 8)),
    ("builtins", "min", "default"): _from((3, 4)),
    ("builtins", "max", "default"): _from((3, 4)),
    ("builtins", "compile", "optimize"): _from((3, 2)),
    **dict.fromkeys(
        [
            ("asyncio", name, "loop")
            for name in (
                "BoundedSemaphore", "Condition", "Event", "LifoQueue", "Lock", "PriorityQueue",
                "Queue", "Semaphore", "create_subprocess_exec", "create_subprocess_shell",
                "open_connection", "open_unix_connection", "start_server", "start_unix_server",
            )
        ],
        _from((2, 7), (3, 9)),
    ),
    ("json", "loads", "encoding"): _from((2, 7), (3, 8)),
    ("json", "load", "encoding"): _from((2, 7), (3, 8)),
    ("json", "dumps", "encoding"): PYTHON_2,
    ("json", "dump", "encoding"): PYTHON_2,
}  # fmt: skip

# Only builtins show which arguments are accepted, or the rule is for another function.
SKIPPED = frozenset({"hashlib", "ssl", "tkinter", "curses"})

LISTER = f"""
import json, sys, warnings, importlib, inspect
warnings.simplefilter("ignore")
out = {{}}
def arguments(value):
    if hasattr(inspect, "signature"):
        parameters = inspect.signature(value).parameters.values()
        named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        return named, any(p.kind is p.VAR_KEYWORD for p in parameters)
    if inspect.isclass(value):
        value = value.__init__
    spec = inspect.getargspec(value)
    return spec.args, bool(spec.keywords)
for module_name in json.load(sys.stdin):{IMPORTED}
    for name in dir(module):
        if name.startswith("_"):
            continue
        try:
            value = getattr(module, name)
            if inspect.ismodule(value) or not callable(value):
                continue
            if isinstance(value, type) and issubclass(value, BaseException):
                continue
            if "Enum" in type(value).__name__:
                continue
            home = getattr(value, "__module__", None) or actual
            public = getattr(module, "__all__", ())
            if home.lstrip("_") != actual and name not in public:
                continue
            out[module_name + ":" + name] = None
            out[module_name + ":" + name] = arguments(value)
        except BaseException:
            pass
sys.stdout.write("\\n" + json.dumps(out))
"""

Signatures = dict[Minor, dict[str, tuple[list[str], bool] | None]]


def signatures(modules: list[str]) -> Signatures:
    """Return from every interpreter the keyword arguments of a module's functions and classes.

    That is their names and whether there may be more; None if unknown.
    """
    found: Signatures = {}
    for minor, executable in interpreters().items():
        found[minor] = ask(executable, LISTER, modules)
    return found


def vermin_rules(modules: set[str]) -> Iterator[tuple[str, str, str, Rule]]:
    """Yield vermin's first 2.x and first 3.x for the keyword arguments of functions and classes."""
    rules: dict[tuple[str, str], Rule] = vermin.rules.KWARGS_REQS(vermin.Config())
    for (dotted, keyword), rule in rules.items():
        module, _, name = dotted.rpartition(".")
        module = module or "builtins"
        if module in modules:
            yield module, name, keyword, rule


def collect() -> Iterator[tuple[str, str, frozenset[Minor]]]:
    """Yield (module, function:keyword, Pythons) for each that can narrow."""
    modules = [name for name in stub_modules() if name.partition(".")[0] not in SKIPPED]
    rules: dict[tuple[str, str, str], Rule] = {
        (module, name, keyword): rule for module, name, keyword, rule in vermin_rules(set(modules))
    }
    found = signatures(modules)
    candidates = {*rules, *CORRECTIONS}
    for listed in found.values():
        for key, known in listed.items():
            module, _, name = key.partition(":")
            candidates |= {(module, name, keyword) for keyword in (known[0] if known else ())}
    for rule in sorted(candidates):
        module, name, keyword = rule
        if keyword.startswith("_") or keyword in {"self", "cls"}:
            continue
        function = f"{module}:{name}"
        having = {minor: listed[function] for minor, listed in found.items() if function in listed}
        taken = {
            minor: keyword in known[0]
            for minor, known in having.items()
            if known is not None and (keyword in known[0] or not known[1])
        }
        admitted = CORRECTIONS.get(rule) or _admitted(module, taken, {*having}, rules.get(rule))
        if admitted is not None and admitted != frozenset(KNOWN):
            yield module, f"{name}:{keyword}", admitted


def _admitted(
    module: str, taken: dict[Minor, bool], callable_on: set[Minor], rule: Rule | None
) -> frozenset[Minor] | None:
    """Return the Pythons that accept a keyword; None if it came and went or nothing is known.

    Pythons older than the function are admitted if the keyword is as old as the function, and newer
    ones if it was removed with the function: the function's own rule covers them.
    """
    having = sorted(minor for minor in taken if minor >= (3, 0) and taken[minor])
    lacking = {minor for minor in taken if minor >= (3, 0) and not taken[minor]}
    ours = sorted(minor for minor in callable_on if minor >= (3, 0))
    ruled = rule[1] if rule is not None else None
    if having:
        first = having[0]
        if not any(minor < first for minor in lacking):
            first = min(ruled, first) if ruled is not None else (3, 0)
    elif ruled is not None:
        first = ruled
    else:  # Python 2 has it, and its 3.x signature is known
        return PYTHON_2 if taken.get((2, 7)) and lacking else None
    later = sorted(minor for minor in lacking if minor > first)
    last = max(minor for minor in KNOWN if minor < later[0]) if later else KNOWN[-1]
    if first in lacking or (having and having[-1] > last):
        return None
    admitted = set(_from(first, last))
    younger = first > (3, 0) and not (ours and ours[0] > OLDEST and first <= ours[0])
    if not younger:
        admitted |= _from((3, 0), first)
    if (2, 7) in taken:
        on_2 = taken[2, 7]
    elif (2, 7) in callable_on:
        on_2 = rule is None or rule[0] is not None
    else:
        backport = BACKPORTS.get(module, RENAMED)
        on_2 = not younger or (backport != RENAMED and first <= LAST_BACKPORTED)
    return frozenset(admitted | PYTHON_2 if on_2 else admitted)


if __name__ == "__main__":
    columns = "module, Pythons that take the keyword (or lack the function), function:keyword"
    write_table(TARGET, collect(), columns, ("vermin",))
