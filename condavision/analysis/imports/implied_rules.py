"""The table of calls that need what nobody imports, read once: ``data/unimported.tsv``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

__all__ = ["Rule", "Rules", "called", "rules"]

_HERE = Path(__file__).parents[1] / "data" / "unimported.tsv"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    callee: str
    position: int | None
    keyword: str
    value: str
    needs: str
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules by what leads to them: a callee, a method's name, a setting, an import."""

    calls: dict[str, tuple[Rule, ...]]
    imports: dict[str, tuple[Rule, ...]]
    methods: dict[tuple[str, str], tuple[Rule, ...]]
    settings: dict[str, dict[str, list[Rule]]]
    """By a word that the file has to have, and by name."""
    hosts: dict[str, frozenset[str]]
    """The last words of the calls and methods of each library, by its name."""


@cache
def rules() -> Rules:
    """Return the table."""
    calls: dict[str, list[Rule]] = {}
    imports: dict[str, list[Rule]] = {}
    methods: dict[tuple[str, str], list[Rule]] = {}
    settings: dict[str, dict[str, list[Rule]]] = {}
    words: dict[str, set[str]] = {}
    for line in _HERE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        callees, argument, value, needs, *unless = (*line.split("\t"), "")[:5]
        position, keyword = _argument(argument)
        others = tuple(unless[0].split())
        host = callees.partition(" ")[0]
        names = [callees.partition(" ")[2]] if " ." in callees else callees.split()
        for name in names:
            rule = Rule(name, position, keyword, value, needs, others)
            if name.startswith("."):
                methods.setdefault((host, name[1:]), []).append(rule)
                words.setdefault(host, set()).add(name.rpartition(".")[2])
            elif name.startswith("="):
                word = keyword if position is None else ""
                settings.setdefault(word, {}).setdefault(name[1:], []).append(rule)
            elif name.startswith("import:"):
                imports.setdefault(name.removeprefix("import:"), []).append(rule)
            else:
                calls.setdefault(name, []).append(rule)
                words.setdefault(name.partition(".")[0], set()).add(name.rpartition(".")[2])
    return Rules(
        {name: tuple(known) for name, known in calls.items()},
        {name: tuple(known) for name, known in imports.items()},
        {key: tuple(known) for key, known in methods.items()},
        settings,
        {host: frozenset(names) for host, names in words.items()},
    )


def _argument(text: str) -> tuple[int | None, str]:
    first, _, second = text.partition(",")
    return (int(first), second) if first.isdigit() else (None, first)


@lru_cache
def called(names: frozenset[str]) -> re.Pattern[bytes]:
    """Return what finds the calls of functions by their last words."""
    words = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(rf"(?:{words})(?=[ \t]*\()".encode())
