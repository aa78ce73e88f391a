"""What a rule about Python syntax is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from condavision.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from condavision.analysis.lexing import Lexed

__all__ = ["Candidate", "Finding", "Rule", "Verdict", "before", "rule", "since"]


class Verdict(NamedTuple):
    """What a piece of syntax says: a phrase for a person, and the Pythons that compile it."""

    phrase: str
    pythons: PythonRange


class Finding(NamedTuple):
    """A verdict at a byte offset of the source."""

    offset: int
    verdict: Verdict


class Candidate(NamedTuple):
    """A place where a rule's expression matched."""

    lexed: Lexed
    root: Node
    match: re.Match[bytes]

    def node(self, offset: int | None = None) -> Node | None:
        """Return the smallest node at ``offset``, by default at the last byte of the match."""
        at = self.match.end() - 1 if offset is None else offset
        return self.root.descendant_for_byte_range(at, at + 1)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where to look for a piece of syntax, and what it says.

    The expression is tried only if the code holds ``mark`` and any of ``words`` (empty: no such
    condition). Without a judge every match means ``verdicts[0]``.
    """

    verdicts: tuple[Verdict, ...]
    pattern: re.Pattern[bytes]
    judge: Callable[[Candidate], Verdict | None] | None = None
    words: frozenset[bytes] = frozenset()
    mark: bytes = b""

    def applies(self, lexed: Lexed) -> bool:
        """Tell cheaply whether the file can hold this syntax at all."""
        if self.words and self.words.isdisjoint(lexed.words):
            return False
        return self.mark in lexed.code


def rule(
    verdicts: Verdict | tuple[Verdict, ...],
    pattern: bytes,
    judge: Callable[[Candidate], Verdict | None] | None = None,
    *,
    words: str = "",
    mark: bytes = b"",
) -> Rule:
    """Make a rule; ``words`` is a list separated by blanks."""
    several = (verdicts,) if isinstance(verdicts, Verdict) else verdicts
    needed = frozenset(words.encode().split())
    return Rule(several, re.compile(pattern), judge, needed, mark)


def since(major: int, minor: int, phrase: str) -> Verdict:
    """Syntax that came with a version."""
    return Verdict(phrase, PythonRange.at_least(major, minor))


def before(major: int, minor: int, phrase: str) -> Verdict:
    """Syntax that a version no longer has."""
    return Verdict(phrase, PythonRange.below(major, minor))
