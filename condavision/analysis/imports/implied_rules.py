"""The table of calls that need more modules, read once: ``data/implied_imports.tsv``.

What submodules need in wheels is in ``data/needs.tsv``, which ``tools/evidence.py`` writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.pythons import PythonRange

_DATA = Path(__file__).parents[1] / "data"

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ImpliedRule:
    """One line of the table; no ``needs`` means that nothing is needed.

    ``pythons`` are those on which it is needed, None for all. ``made``: it is for methods of what
    the library itself made.
    """

    callee: str
    position: int | None
    keyword: str
    value: str
    needs: tuple[str, ...]
    unless: tuple[str, ...]
    pythons: PythonRange | None = None
    made: bool = False

    @property
    def leads_on(self) -> bool:
        """Whether it only leads to files of the project."""
        return bool(self.needs) and all(it.startswith((".", "/")) for it in self.needs)


@dataclass(frozen=True, slots=True)
class ImpliedRules:
    """The rules by what leads to them: a call, method, attribute, setting or import."""

    calls: dict[str, list[ImpliedRule]]
    imports: dict[str, list[ImpliedRule]]
    methods: dict[tuple[str, str], list[ImpliedRule]]
    attributes: dict[str, dict[str, ImpliedRule]]
    """By library and name: of what its functions return."""
    settings: dict[str, dict[str, list[ImpliedRule]]]
    """By a word that the file has to have, and by name."""
    hosts: dict[str, frozenset[str]]
    """The last words of the calls and methods of each library, by its name."""


@cache
def implied_rules() -> ImpliedRules:
    """Return the table."""
    calls: dict[str, list[ImpliedRule]] = {}
    imports: dict[str, list[ImpliedRule]] = {}
    methods: dict[tuple[str, str], list[ImpliedRule]] = {}
    attributes: dict[str, dict[str, ImpliedRule]] = {}
    settings: dict[str, dict[str, list[ImpliedRule]]] = {}
    words: dict[str, set[str]] = {}
    for line in _lines():
        callees, argument, value, needs, unless, pythons = (*line.split("\t"), "", "")[:6]
        position, keyword = _argument(argument)
        others = tuple(unless.split())
        needing = PythonRange.from_specifier(pythons) if pythons else None
        host = callees.partition(" ")[0]
        made = " ()." in callees
        of_host = made or " ." in callees or " attribute:" in callees
        names = [callees.partition(" ")[2].removeprefix("()")] if of_host else callees.split()
        for name in names:
            needed = tuple(it for it in needs.split() if it != "-")
            rule = ImpliedRule(name, position, keyword, value, needed, others, needing, made)
            if name.startswith("."):
                methods.setdefault((host, name[1:]), []).append(rule)
                words.setdefault(host, set()).add(name.rpartition(".")[2])
            elif name.startswith("="):
                word = keyword if position is None else ""
                settings.setdefault(word, {}).setdefault(name[1:], []).append(rule)
            elif name.startswith("attribute:"):
                attributes.setdefault(host, {})[name.removeprefix("attribute:")] = rule
            elif name.startswith("import:"):
                imports.setdefault(name.removeprefix("import:"), []).append(rule)
            else:
                calls.setdefault(name, []).append(rule)
                words.setdefault(name.partition(".")[0], set()).add(name.rpartition(".")[2])
    hosts = {host: frozenset(names) for host, names in words.items()}
    return ImpliedRules(calls, imports, methods, attributes, settings, hosts)


def _lines() -> Iterator[str]:
    """Yield the lines of the reviewed table, and what wheels show of submodules as such lines."""
    for name in ("implied_imports.tsv", "needs.tsv"):
        for line in (_DATA / name).read_text("utf-8").splitlines():
            if not line.startswith("#"):
                module, _, needs = line.partition("\t")
                yield line if name == "implied_imports.tsv" else f"import:{module}\t\t\t{needs}"


def _argument(text: str) -> tuple[int | None, str]:
    first, _, second = text.partition(",")
    return (int(first), second) if first.isdigit() else (None, first)


@lru_cache
def called(names: frozenset[str]) -> re.Pattern[bytes]:
    """Return what finds the calls of functions by their last words."""
    words = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf"(?:{words})(?=[ \t]*\()".encode())
