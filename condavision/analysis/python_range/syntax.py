"""Which Pythons can compile a source: one rule per piece of syntax that came or went.

A rule is a regular expression over the code (strings and comments blanked) that finds candidates,
cheap conditions under which the file can hold one at all, and where the expression alone does not
settle it, a judge that looks at the parsed tree. A rule is tried only while it can still narrow,
strictest first, so most files try few.

Sources: the grammar changes listed in "What's New in Python 2.7" to "3.15" and the PEPs named.
"""

from __future__ import annotations

import time
from itertools import chain, islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.added_syntax import ADDED
from condavision.analysis.python_range.indentation import inconsistent_tabs
from condavision.analysis.python_range.literals import future_features, literal_claims
from condavision.analysis.python_range.python2_statements import (
    EXEC_NAME,
    MEANT_FOR_PYTHON_2,
    PRINT_FUNCTION,
)
from condavision.analysis.python_range.removed_syntax import REMOVED
from condavision.analysis.python_range.rules import Candidate, Claim, before
from condavision.core.pythons import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.python_range.rules import Rule, Verdict
    from condavision.analysis.source.lexing import Lexed
    from condavision.core.pythons import Minor

SECONDS = 2.0
"""Time budget of one file, a hundred times what a large module takes."""

_UNLIKE_PYTHON_2 = (3, 5)
_MOST_CANDIDATES = 3000  # of one rule: each costs the tree's depth, and real files have hundreds

_TABS = before(3, 0, "tabs and spaces mixed inconsistently")


class Narrowing:
    """The minors that the claims so far admit.

    Trees are no longer examined after ``seconds``: climbing one of twenty thousand levels takes
    minutes, and no Python compiles such a file.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self.minors: frozenset[Minor] = frozenset(KNOWN)
        self._deadline = time.perf_counter() + seconds

    def by(self, verdict: Verdict) -> bool:
        """Apply a verdict; return whether it narrowed."""
        narrower = self.minors & verdict.pythons.minors
        changed = narrower != self.minors
        self.minors = narrower
        return changed

    def possible(self, verdict: Verdict) -> bool:
        """Return whether a verdict would still narrow, and leave something.

        What would leave nothing is not looked for: the file or the claim is broken. The
        exception is late Python 3 syntax, which resembles nothing in Python 2: a mix is reported.
        """
        if self.minors.isdisjoint(verdict.pythons.minors):
            return (
                bool(self.minors)
                and max(self.minors) < (3, 0)
                and (min(verdict.pythons.minors) >= _UNLIKE_PYTHON_2)
            )
        return not self.minors <= verdict.pythons.minors

    def worthwhile(self, verdict: Verdict) -> bool:
        """Return whether a verdict is possible and there is time left to look for it."""
        return self.possible(verdict) and time.perf_counter() < self._deadline


def syntax_claims(lexed: Lexed, root: Node, narrowing: Narrowing) -> Iterator[Claim]:
    """Yield the claims about syntax that narrow, each narrower than those before."""
    features = future_features(lexed)
    literals = literal_claims(lexed, root, features, narrowing.possible)
    for found in sorted(literals, key=lambda found: len(found.verdict.pythons.minors)):
        if narrowing.possible(found.verdict) and narrowing.by(found.verdict):
            yield found
    if narrowing.possible(_TABS):
        tabs = inconsistent_tabs(lexed.code)
        if tabs is not None and narrowing.by(_TABS):
            yield Claim(tabs, _TABS)
    names = EXEC_NAME if b"print_function" in features else EXEC_NAME + PRINT_FUNCTION
    meant = () if b"print_function" in features else MEANT_FOR_PYTHON_2
    for rule in chain(REMOVED, ADDED, names, meant):
        if rule.applies(lexed):
            yield from _apply(rule, lexed, root, narrowing)


def _apply(rule: Rule, lexed: Lexed, root: Node, narrowing: Narrowing) -> Iterator[Claim]:
    if not any(map(narrowing.worthwhile, rule.verdicts)) or rule.mark not in lexed.code:
        return
    for match in islice(rule.matches(lexed.code), _MOST_CANDIDATES):
        if not any(map(narrowing.worthwhile, rule.verdicts)):
            return
        judged = rule.judged(Candidate(lexed, root, match))
        if judged is None or not narrowing.possible(judged):
            continue
        narrowing.by(judged)
        yield Claim(match.end() - 1, judged)
