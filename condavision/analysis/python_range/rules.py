"""What a rule about Python syntax is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from condavision.analysis.source.expressions import ancestor, type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from tree_sitter import Node

    from condavision.analysis.source.lexing import Lexed

    Judge = Callable[["Candidate"], "Verdict | bool | None"]
    """Says whether a match is what its rule looks for, or which of the rule's verdicts it means."""

SCOPES = frozenset({"function_definition", "class_definition", "lambda", "module"})
COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
PARENTHESES = rb"\((?:[^()]|\((?:[^()]|\([^()]*+\))*+\))*+\)"
"""An expression for a pair of parentheses in code, and for what it holds two levels deep."""


class Verdict(NamedTuple):
    """What a piece of syntax says: a phrase for a person, and the Pythons that compile it."""

    phrase: str
    pythons: PythonRange


class Claim(NamedTuple):
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

    def parent(self, *types: str, offset: int | None = None) -> Node | None:
        """Return the node around that of :meth:`node`, if it is of one of these types."""
        node = self.node(offset)
        parent = None if node is None else node.parent
        return parent if not types or type_of(parent) in types else None

    def around(self, types: Collection[str], offset: int | None = None) -> Node | None:
        """Return the innermost node of one of these types that holds that of :meth:`node`."""
        return ancestor(self.node(offset), types)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where to look for a piece of syntax, and what it says.

    The expression is tried only if the code holds ``mark`` and any of ``words`` (empty: no such
    condition). ``first`` is tried at the start of the code, which no line end precedes. Without a
    judge every match means ``verdicts[0]``.
    """

    verdicts: tuple[Verdict, ...]
    pattern: re.Pattern[bytes]
    judge: Judge | None = None
    words: frozenset[bytes] = frozenset()
    mark: bytes = b""
    first: re.Pattern[bytes] | None = None

    def applies(self, lexed: Lexed) -> bool:
        """Return whether a file can hold this syntax, judging by its words."""
        return not (self.words and self.words.isdisjoint(lexed.words))

    def matches(self, code: bytes) -> Iterator[re.Match[bytes]]:
        """Yield where the expression matches."""
        if self.first is not None and (match := self.first.match(code)):
            yield match
        yield from self.pattern.finditer(code)

    def judged(self, found: Candidate) -> Verdict | None:
        """Return what a match says, None if it is something else."""
        verdict = True if self.judge is None else self.judge(found)
        if isinstance(verdict, bool):
            return self.verdicts[0] if verdict else None
        return verdict


def rule(
    verdicts: Verdict | tuple[Verdict, ...],
    pattern: bytes,
    judge: Judge | None = None,
    *,
    words: str = "",
    mark: bytes = b"",
    line: bool = False,
) -> Rule:
    """Make a rule; ``words`` is a list separated by blanks, ``line``: only at the start of one.

    An expression is found fast only if it begins with a literal: lookbehinds go after it.
    """
    several = (verdicts,) if isinstance(verdicts, Verdict) else verdicts
    needed = frozenset(words.encode().split())
    first = re.compile(rb"[ \t]*+(?:%b)" % pattern) if line else None
    whole = rb"\n[ \t]*+(?:%b)" % pattern if line else pattern
    return Rule(several, re.compile(whole), judge, needed, mark, first)


def keyword(
    verdicts: Verdict | tuple[Verdict, ...],
    word: str,
    rest: bytes = b"",
    judge: Judge | None = None,
    *,
    words: str = "",
    mark: bytes = b"",
    line: bool = False,
) -> Rule:
    """Make a rule for a keyword that is no attribute, and for what follows it."""
    pattern = rb"%b\b(?<![\w.]%b)%b" % (word.encode(), word.encode(), rest)
    return rule(verdicts, pattern, judge, words=words or word, mark=mark, line=line)


def since(major: int, minor: int, phrase: str) -> Verdict:
    """Syntax that came with a version."""
    return Verdict(phrase, PythonRange.at_least(major, minor))


def before(major: int, minor: int, phrase: str) -> Verdict:
    """Syntax that a version no longer has."""
    return Verdict(phrase, PythonRange.below(major, minor))
