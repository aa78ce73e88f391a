"""Which Pythons have the standard library names that a source uses.

``time.clock()`` after ``import time`` and ``from collections import Mapping`` are looked up in a
generated table (tools/generate_pythons.py). What a handler catches, a version check limits or the
source itself defines does not narrow, and nothing here is certain enough to leave no Python at all:
these names fail when they are reached, not when the file is compiled.
"""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, groupby, islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.rules import SCOPES, Claim, Verdict
from condavision.analysis.python_range.six_moves import MOVES, is_of_six, moved
from condavision.analysis.python_range.stdlib import table_rows
from condavision.analysis.records import CATCH_ALL
from condavision.analysis.source.bindings import binds
from condavision.analysis.source.expressions import DEEPEST, ancestor
from condavision.core.pythons import KNOWN, PythonRange, format_minor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.records import Guard, RawImport
    from condavision.analysis.source.lexing import Lexed

_MOST_USES = 3000  # of one name; a file with more is generated
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError")
_VARIABLE_SCOPES = SCOPES - {"class_definition"}


@cache
def _rows() -> dict[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = {}
    for module, spans, names in table_rows("attributes"):
        rows.setdefault(module, []).append((spans, names))
    return rows


@cache
def names_of(module: str) -> Mapping[str, PythonRange]:
    """Return the names of a module that only some Pythons have, with those Pythons.

    Members of classes are spelt ``Class.member``. Pythons without the module are counted in.
    """
    return {
        name: PythonRange.from_spans(spans)
        for spans, names in _rows().get(module, ())
        for name in names.split()
    }


def phrase_of(name: str, pythons: PythonRange) -> str:
    """Return which Pythons have a name: ``time.clock (Python 3.7 and earlier)``."""
    runs = [[*run] for has, run in groupby(KNOWN, pythons.minors.__contains__) if has]
    spelt = []
    for run in runs:
        first, last = format_minor(run[0]), format_minor(run[-1])
        if run[-1] == KNOWN[-1]:
            spelt.append(f"{first} and later")
        elif run == [(2, 7)]:
            spelt.append("2" if len(runs) > 1 else "2 only")
        elif run[0] == KNOWN[0]:
            spelt.append(f"{last} and earlier")
        else:
            spelt.append(first if first == last else f"{first} to {last}")
    return f"{name} (Python {', '.join(spelt)})"


def guarded(guard: Guard, *errors: str) -> bool:
    """Return whether one of some errors at a place says nothing about the script."""
    is_caught = not guard.catches.isdisjoint((*errors, *CATCH_ALL))
    return bool(guard.dead or guard.typing or guard.platforms or guard.fallback or is_caught)


def admitted(pythons: PythonRange, guard: Guard) -> PythonRange:
    """Return the Pythons that have a name or never come to the place where it is used."""
    return PythonRange(pythons.minors | (frozenset(KNOWN) - guard.pythons.minors))


def name_claim(offset: int, name: str, pythons: PythonRange, guard: Guard) -> Claim:
    """Return the claim of a place where something is used that only ``pythons`` have."""
    return Claim(offset, Verdict(phrase_of(name, pythons), admitted(pythons, guard)))


@dataclass(frozen=True, slots=True)
class NamesOfFile:
    """What decides what the names in one source mean."""

    lexed: Lexed
    root: Node
    guards: Guards
    imports: Sequence[RawImport]
    inherited: Sequence[tuple[str, str]] = ()
    """The names that the file has from elsewhere, and what each means."""

    def aliases(self) -> Iterator[tuple[str, str]]:
        """Yield the imported names that mean one thing, and that in full, if it is absolute."""
        found: dict[str, set[str]] = {}
        for statement in self.imports:
            for name, full in _meanings(statement):
                found.setdefault(name, set()).add(full)
        for name, full in self.inherited:
            found.setdefault(name, {full})
        return ((name, min(full)) for name, full in found.items() if len(full) == 1)

    def bindings(self, name: bytes) -> Iterator[Node]:
        """Yield the places where a name is bound, other than by imports."""
        for place in islice(_bound(name).finditer(self.lexed.code), _MOST_USES):
            node = self.root.descendant_for_byte_range(place.start(), place.end())
            if node is not None and binds(node):
                yield node

    def rebound(self, name: bytes, use: int) -> bool:
        """Return whether a name may be something else where it is used than what was imported.

        It may where the module, or a function around the use, has a variable of that name.
        """
        scopes: set[int] = set()
        scope = ancestor(self.root.descendant_for_byte_range(use, use + 1), _VARIABLE_SCOPES)
        while scope is not None and len(scopes) < DEEPEST:
            scopes.add(scope.id)
            scope = ancestor(scope.parent, _VARIABLE_SCOPES)
        return any(_scope_id(node) in scopes for node in self.bindings(name))


def _meanings(statement: RawImport) -> Iterator[tuple[str, str]]:
    """Yield what the names mean that an import binds; of a relative one, if that is six."""
    if not statement.level:
        yield from statement.meanings()
        return
    for name, full in replace(statement, level=0).meanings():
        yield name, full if is_of_six(full) else ""


def attribute_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield what the names taken from standard library modules say."""
    for statement in file.imports:
        relative = statement.level and not is_of_six(statement.name)
        if statement.members and not (statement.dynamic or relative):
            yield from _members(statement)
    stars = [it for it in file.imports if it.star]
    if len(stars) == 1 and not (stars[0].level or stars[0].guard.optional):
        yield from _starred(stars[0].name, file)
    for alias, target in file.aliases():
        if not _words_below(target).isdisjoint(file.lexed.words):
            yield from _uses_of(alias, target, file)


def _members(statement: RawImport) -> Iterator[Claim]:
    module = moved(statement.name)
    known = names_of(module)
    for member in statement.members:
        target = f"{module}.{member}"
        pythons = known.get(member)
        guard = statement.guard
        if pythons is None or guard.optional or guarded(guard, *_IMPORT_ERRORS):
            continue
        if target in guard.checked or statement.instead or statement.stands_in:
            continue
        yield name_claim(statement.start, target, pythons, guard)


def _starred(module: str, file: NamesOfFile) -> Iterator[Claim]:
    """Find the names that only a star import of a module can bring."""
    known, aliases = names_of(module), dict(file.aliases())
    for name in sorted(known.keys() - aliases.keys()):
        word = name.encode()
        if word not in file.lexed.words or name.startswith("_") or hasattr(builtins, name):
            continue
        use = re.search(rb"(?<![\w.])%b(?!\w|[ \t]*=(?!=))" % word, file.lexed.code)
        if use is None or any(file.bindings(word)):
            continue
        guard = file.guards.at(use.start())
        if not (guarded(guard, "NameError") or guard.checked):
            yield name_claim(use.start(), f"{module}.{name}", known[name], guard)


@cache
def _dotted(alias: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"%b\b(?<![\w.]%b)((?:\s*\.\s*\w+)+)" % (alias, alias))


def _uses_of(alias: str, target: str, file: NamesOfFile) -> Iterator[Claim]:
    """Find ``alias.name`` where the table has the name."""
    word, code = alias.encode(), file.lexed.code
    words = _words_below(target) & file.lexed.words
    seen: set[str] = set()
    for use in islice(_dotted(word).finditer(code), _MOST_USES):
        names = use[1].translate(None, b" \t\r\n").split(b".")
        if words.isdisjoint(names):
            continue
        found = _look_up(target + b".".join(names).decode("utf-8", "replace"))
        if found is None or found[0] in seen:
            continue
        qualified, pythons = found
        guard = file.guards.at(use.start())
        # where `hasattr` asked the module about any name, its arms are alternatives
        checked = any(asked.rpartition(".")[0] == alias for asked in guard.checked)
        if guarded(guard, "AttributeError", "NameError") or checked:
            continue
        is_target = re.match(rb"[ \t]*=(?!=)", code[use.end() : use.end() + 80])
        if is_target or file.rebound(word, use.start()):  # the source defines it itself
            continue
        if guard.pythons == PythonRange():
            seen.add(qualified)
        yield name_claim(use.start(), qualified, pythons, guard)


def _words_below(target: str) -> AbstractSet[bytes]:
    """Return the last words of all names that the table has for a name and what is below it."""
    return _words_by_owner().get(moved(target), frozenset())


@cache
def _words_by_owner() -> Mapping[str, AbstractSet[bytes]]:
    """Return the last words of the table's names by the packages, module and class they are in."""
    words: dict[str, set[bytes]] = {}
    for module in _rows():
        packages = list(accumulate(module.split("."), "{}.{}".format))
        for name in names_of(module):
            owner, dot, last = name.partition(".")
            for holder in (*packages, f"{module}.{owner}") if dot else packages:
                words.setdefault(holder, set()).add((last.rpartition(".")[2] or owner).encode())
    words["six"] = set().union(*(words.get(module, ()) for module in MOVES.values()))
    return words


def _look_up(dotted: str) -> tuple[str, PythonRange] | None:
    """Return the longest prefix of a dotted name that the table has, with its Pythons."""
    parts = moved(dotted).split(".")
    for length in range(len(parts) - 1, 0, -1):
        known = names_of(".".join(parts[:length]))
        for members in (parts[length : length + 2], parts[length : length + 1]):
            pythons = known.get(".".join(members))
            if pythons is not None:
                return ".".join(parts[: length + len(members)]), pythons
    return None


@cache
def _bound(name: bytes) -> re.Pattern[bytes]:
    """Return an expression for a name where it is defined, or is neither called nor looked into."""
    return re.compile(
        rb"%b\b(?:(?<=\bdef %b)|(?<=\bclass %b)|(?<![\w.]%b)(?!\s*[.(\[]))" % ((name,) * 4)
    )


def _scope_id(node: Node) -> int:
    """Return the id of the function or module in which an identifier is bound."""
    holder = node.parent
    if holder is not None and holder.type in {"function_definition", "class_definition"}:
        holder = holder.parent  # its own name belongs to the scope around it
    holder = ancestor(holder, _VARIABLE_SCOPES)
    return -1 if holder is None else holder.id
