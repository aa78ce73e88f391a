"""Write condavision/analysis/data/methods.tsv: which Pythons have which methods of plain types.

    pip install typeshed-client vermin
    python tools/generate_methods.py

Sources: the CPythons found on this machine, which list the members of each class and the keyword
arguments of its methods; typeshed's stubs for the members in releases that are not installed;
vermin's rules for the release within 3.0 to 3.5.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.accuracy_pythons import interpreters
from condavision.core.pythons import KNOWN, Minor
from tools.generate_pythons import TARGET as ATTRIBUTES
from tools.generate_pythons import ask, stub_names, vermin_rules, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = ATTRIBUTES.with_name("methods.tsv")

CLASSES = [
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.dict",
    "builtins.float",
    "builtins.frozenset",
    "builtins.int",
    "builtins.list",
    "builtins.set",
    "builtins.str",
    "builtins.tuple",
    "argparse.ArgumentParser",
    "array.array",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.deque",
    "configparser.ConfigParser",
    "configparser.RawConfigParser",
    "datetime.date",
    "datetime.datetime",
    "datetime.time",
    "datetime.timedelta",
    "decimal.Decimal",
    "email.message.Message",
    "fractions.Fraction",
    "html.parser.HTMLParser",
    "http.client.HTTPConnection",
    "http.client.HTTPSConnection",
    "logging.Logger",
    "pathlib.Path",
    "pathlib.PurePath",
    "queue.Queue",
    "random.Random",
    "smtplib.SMTP",
    "socket.socket",
    "sqlite3.Connection",
    "sqlite3.Cursor",
    "subprocess.Popen",
    "tarfile.TarFile",
    "tempfile.TemporaryDirectory",
    "threading.Condition",
    "threading.Event",
    "threading.Thread",
    "threading.Timer",
    "unittest.TestCase",
    "uuid.UUID",
    "xml.etree.ElementTree.Element",
    "xml.etree.ElementTree.ElementTree",
    "zipfile.ZipFile",
    "zipfile.ZipInfo",
]

NEWER: tuple[Minor, ...] = ((3, 14), (3, 15))
"""Releases that are read from the stubs."""

FIRST: Minor = (3, 6)
"""The oldest 3.x that is usually installed: what it has may be as old as 3.0."""

# Words of every file, which only the rarest of types lacks.
SKIPPED = frozenset({"encode", "format", "read", "write"})

LISTER = """
import json, sys, warnings, importlib, inspect
warnings.simplefilter("ignore")
out = {}
for dotted in json.load(sys.stdin):
    module, _, name = dotted.rpartition(".")
    if module == "builtins" and sys.version_info[0] == 2:
        module = "__builtin__"
    try:
        kind = getattr(importlib.import_module(module), name)
    except Exception:
        continue
    if not inspect.isclass(kind):
        continue
    found = out[dotted] = {}
    for member in dir(kind):
        if member.startswith("_") or not callable(getattr(kind, member, None)):
            continue
        found[member] = None
        try:
            parameters = inspect.signature(getattr(kind, member)).parameters.values()
        except Exception:
            continue
        if not any(it.kind is it.VAR_KEYWORD for it in parameters):
            named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
            found[member] = [it.name for it in parameters if it.kind in named]
sys.stdout.write("\\n" + json.dumps(out))
"""

Members = dict[str, list[str] | None]


def collect() -> Iterator[tuple[str, str, frozenset[Minor]]]:
    """Yield (class, member or member:keyword, Pythons) for each that can narrow."""
    rules = vermin_rules()
    listed: dict[Minor, dict[str, Members]] = {
        minor: ask(executable, LISTER, CLASSES) for minor, executable in interpreters().items()
    }
    for dotted in CLASSES:
        having = {minor: found[dotted] for minor, found in listed.items() if dotted in found}
        newest = max(having)
        before, *newer = (_stubbed(dotted, minor) for minor in (newest, *NEWER))
        names = {name for members in (*having.values(), *newer) for name in members}
        for name in sorted(names - SKIPPED):
            present = {minor: name in members for minor, members in having.items()}
            if (name in before) == present[newest]:  # the stubs list attributes of instances too
                present |= dict(zip(NEWER, (name in it for it in newer), strict=True))
            elif not present[newest]:
                continue
            first = rules.get(f"{dotted.removeprefix('builtins.')}.{name}", (None, None))[1]
            yield from _narrowing(dotted, name, present, first)
            yield from _keywords(dotted, name, having)


def _stubbed(dotted: str, minor: Minor) -> set[str]:
    module, _, kind = dotted.rpartition(".")
    names = stub_names(module, minor) or set()
    prefix = f"{kind}."
    members = {it.removeprefix(prefix) for it in names if it.startswith(prefix)}
    return {it for it in members if not it.startswith("_")}


def _keywords(
    dotted: str, name: str, having: dict[Minor, Members]
) -> Iterator[tuple[str, str, frozenset[Minor]]]:
    known = {minor: members[name] for minor, members in having.items() if members.get(name)}
    words = {word for named in known.values() for word in named or ()} - {"self", "cls"}
    for word in sorted(it for it in words if not it.startswith("_")):
        present = {minor: word in (named or ()) for minor, named in known.items()}
        yield from _narrowing(dotted, f"{name}:{word}", present, None)


def _narrowing(
    dotted: str, name: str, present: dict[Minor, bool], first: Minor | None
) -> Iterator[tuple[str, str, frozenset[Minor]]]:
    """Yield a name that came or went once; Pythons without the class count as having it."""
    order = sorted(minor for minor in present if minor >= (3, 0))
    changes = sum(present[one] != present[two] for one, two in pairwise(order))
    if changes > 1 or not order:
        return
    admitted = {minor for minor in KNOWN if present.get(minor, present[_nearest(minor, order)])}
    if present[order[0]] and order[0] == FIRST:
        lower = first if first is not None and (3, 0) < first <= FIRST else (3, 0)
        admitted -= {minor for minor in KNOWN if (3, 0) <= minor < lower}
    if not present.get((2, 7), True):
        admitted.discard((2, 7))
    elif (2, 7) in present or not (first or changes):
        admitted.add((2, 7))
    installed = {minor for minor in KNOWN if minor >= FIRST}
    if admitted and not admitted >= installed:  # the rest tells apart what nobody runs any more
        yield dotted, name, frozenset(admitted)


def _nearest(minor: Minor, order: list[Minor]) -> Minor:
    """Return the release whose answer holds for one that was not asked."""
    return max((it for it in order if it <= minor), default=order[0])


if __name__ == "__main__":
    columns = "class, Pythons that have the names (or lack the class), method or method:keyword"
    write_table(TARGET, collect(), columns)
