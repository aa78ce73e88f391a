"""Sets of CPython minor versions, and how PEP 440 and conda spell them.

A range of Pythons is kept as the set of minor versions it admits, from 2.7 to the newest known
release, where the newest stands for itself and everything after it. Intersection is then plain set
intersection, and ranges with holes ("2.7, or 3.3 and later") need no special case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packaging.specifiers import Specifier

Minor = tuple[int, int]

KNOWN: tuple[Minor, ...] = ((2, 7), *((3, minor) for minor in range(16)))
"""Every minor version reasoned about, oldest first; the last also stands for what follows it."""

FLOOR: Minor = (3, 10)
"""Default ``python-floor``: older Pythons are not used where a script runs on newer ones."""

_LAST_MINOR = 40  # years away
_LAST_PATCH = 30  # above any patch release that CPython ever made


def format_minor(minor: Minor) -> str:
    """Spell ``(3, 12)`` as ``3.12``."""
    return f"{minor[0]}.{minor[1]}"


def minor_of(version: str) -> Minor:
    """Return the minor version of a release: ``(3, 12)`` of ``3.12.1``."""
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


@dataclass(frozen=True, slots=True)
class PythonRange:
    """The minor versions admitted, and specifiers that cut inside one (``>=3.8.1``).

    ``specifiers`` are single PEP 440 clauses that the minors alone cannot express.
    """

    minors: frozenset[Minor] = frozenset(KNOWN)
    specifiers: frozenset[str] = frozenset()

    @classmethod
    def at_least(cls, major: int, minor: int) -> PythonRange:
        """``>=major.minor``."""
        return cls(frozenset(known for known in KNOWN if known >= (major, minor)))

    @classmethod
    def below(cls, major: int, minor: int) -> PythonRange:
        """``<major.minor``."""
        return cls(frozenset(known for known in KNOWN if known < (major, minor)))

    @classmethod
    def of(cls, minors: Iterable[Minor]) -> PythonRange:
        """Exactly these minor versions."""
        return cls(frozenset(minors) & frozenset(KNOWN))

    @classmethod
    @cache
    def from_spans(cls, text: str) -> PythonRange:
        """Read a set of minor versions as our tables spell it: ``2.7 3.3-3.9``."""
        minors: set[Minor] = set()
        for part in text.split():
            first, _, last = part.partition("-")
            low, high = (tuple(map(int, end.split("."))) for end in (first, last or first))
            minors |= {minor for minor in KNOWN if low <= minor <= high}
        return cls(frozenset(minors))

    @classmethod
    def from_specifier(cls, text: str) -> PythonRange:
        """Read a PEP 440 specifier set such as ``>=3.8,<4``.

        A range that has only Pythons years away counts as the newest, like all that follows it.

        Raises:
            packaging.specifiers.InvalidSpecifier: ``text`` is not one.
        """
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - 15 ms, few scripts say one

        clauses = [cls._from_clause(str(clause)) for clause in SpecifierSet(text)]
        return reduce(cls.__and__, clauses, cls())

    @classmethod
    @lru_cache(maxsize=1024)  # many scripts say the same, and each checks 500 releases
    def _from_clause(cls, text: str) -> PythonRange:
        from packaging.specifiers import Specifier  # noqa: PLC0415 - as above

        clause = Specifier(text)
        admitted: set[Minor] = set()
        partial = False
        for known in KNOWN:
            patches = [clause.contains(it, prereleases=True) for it in _releases(known)]
            if any(patches):
                admitted.add(known)
                partial = partial or not all(patches)
        if not admitted and _admits_later(clause):
            return cls(frozenset(KNOWN[-1:]), frozenset({str(clause)}))
        return cls(frozenset(admitted), frozenset({str(clause)} if partial else ()))

    @property
    def is_years_away(self) -> bool:
        """Whether no Python that is known, or will be soon, is admitted, but later ones are."""
        from packaging.specifiers import Specifier  # noqa: PLC0415 - as above

        return self.minors == {KNOWN[-1]} and any(
            not any(Specifier(it).filter(_releases(KNOWN[-1]), prereleases=True))
            for it in self.specifiers
        )

    def __reduce__(self) -> tuple[Callable[..., PythonRange], tuple[int, frozenset[str]]]:
        """Pickle the minors as bits; equal ranges come back as one object."""
        bits = sum(1 << at for at, minor in enumerate(KNOWN) if minor in self.minors)
        return _restored, (bits, self.specifiers)

    def __and__(self, other: PythonRange) -> PythonRange:
        return PythonRange(self.minors & other.minors, self.specifiers | other.specifiers)

    def __bool__(self) -> bool:
        return bool(self.minors)

    def __contains__(self, minor: Minor) -> bool:
        return min(minor, KNOWN[-1]) in self.minors

    @lru_cache(maxsize=1024)  # noqa: B019 - of values, few of which differ
    def raised(self, floor: Minor) -> PythonRange:
        """Drop what is older than ``floor``, unless that leaves nothing."""
        kept = frozenset(minor for minor in self.minors if minor >= floor)
        return PythonRange(kept, self.specifiers) if kept else self

    @lru_cache(maxsize=1024)  # noqa: B019 - as above
    def __str__(self) -> str:
        """Spell the range as a PEP 440 specifier set that conda reads alike: ``>=3.8,<3.12``.

        An empty range is spelt ``<2.7``, which nothing here admits.
        """
        if not self.minors:
            return "<2.7"
        first, last = min(self.minors), max(self.minors)
        clauses = [f">={format_minor(first)}"]
        if last != KNOWN[-1]:
            following = KNOWN[KNOWN.index(last) + 1]
            clauses.append("<3" if following == (3, 0) else f"<{format_minor(following)}")
        clauses += [
            f"!={format_minor(minor)}.*"
            for minor in KNOWN
            if first < minor < last and minor not in self.minors
        ]
        return ",".join(clauses + sorted(self.specifiers))


@lru_cache(maxsize=1024)
def shortest(pythons: PythonRange) -> str:
    """Spell a range for a person, without clauses that the others imply: ``>=3.8.1,<3.12``."""
    if not pythons.specifiers:
        return str(pythons)
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - as above

    clauses = str(pythons).split(",")
    releases = [it for minor in KNOWN for it in _releases(minor)]
    admitted = [*SpecifierSet(",".join(clauses)).filter(releases, prereleases=True)]
    for clause in tuple(clauses):
        others = [it for it in clauses if it is not clause]
        if admitted == [*SpecifierSet(",".join(others)).filter(releases, prereleases=True)]:
            clauses = others
    return ",".join(clauses)


def _releases(minor: Minor) -> list[str]:
    """Return every release that a minor version may ever have; the newest stands for later ones."""
    releases = [f"{format_minor(minor)}.{patch}" for patch in range(_LAST_PATCH + 1)]
    if minor == KNOWN[-1]:
        releases += [f"{minor[0]}.{later}.0" for later in range(minor[1], _LAST_MINOR)]
    return releases


def _admits_later(clause: Specifier) -> bool:
    """Return whether a clause has a Python after the newest and admits it, or the one after it."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - as above

    try:
        named = Version(clause.version.removesuffix(".*"))
    except InvalidVersion:  # === takes any text
        return False
    following = f"{named.major}.{named.minor + 1}"
    return (named.major, named.minor) > KNOWN[-1] and any(
        clause.contains(it, prereleases=True) for it in (str(named), following)
    )


@lru_cache(maxsize=1024)
def _restored(bits: int, specifiers: frozenset[str]) -> PythonRange:
    minors = frozenset(minor for at, minor in enumerate(KNOWN) if bits >> at & 1)
    return PythonRange(minors, specifiers)
