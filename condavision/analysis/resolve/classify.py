"""From who supplies each import to what the script requires, and on which Pythons it runs."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.analysis.python_range.stdlib import backport_of, modules, stdlib_pythons
from condavision.analysis.records import RENAMED
from condavision.core.model import Import, ImportKind, PythonReason
from condavision.core.origin import Origin, OriginReason, OriginRule
from condavision.core.pythons import FLOOR, KNOWN, PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from condavision.analysis.records import Guard, RawImport
    from condavision.analysis.resolve.places import Resolved
    from condavision.core.pythons import Minor

_MISSING = frozenset({"FeatureNotFound", "ImportError", "ModuleNotFoundError"})
"""What is raised where a call lacks the module that it needs."""

_DISPENSABLE = frozenset({ImportKind.OPTIONAL, ImportKind.FALLBACK, ImportKind.VERSION})


def intersection(reasons: Iterable[PythonReason]) -> PythonRange:
    """Return the Pythons that every reason admits."""
    pythons = PythonRange()
    for reason in reasons:
        pythons &= reason.pythons
    return pythons


def stdlib_reasons(
    imports: Sequence[Resolved],
) -> tuple[list[PythonReason], list[PythonReason]]:
    """Return a reason for each standard library module that not every Python includes.

    An import that may fail, or runs on some Pythons or platforms only, narrows nothing there.
    ``distutils`` narrows nothing where setuptools is required, which brings it along. The second
    ones narrow only where that leaves a Python: of what runs inside functions, has a backport, or
    lies beside the scripts.
    """
    has_setuptools = any(
        it.module.origin is Origin.PACKAGE
        and _top(it.raw) in {"setuptools", "pkg_resources"}
        and _must_succeed(it.raw.guard)
        for it in imports
    )
    reasons: list[PythonReason] = []
    soft: list[PythonReason] = []
    for it in imports:
        if it.module.origin is not Origin.STDLIB or not _must_succeed(it.raw.guard):
            continue
        if _left_stdlib(it):
            continue
        if it.raw.guard.main and not it.is_script:
            continue
        if has_setuptools and _top(it.raw) == "distutils":
            continue
        for module in _asked(it.raw):
            reason = _reason(it, module)
            if reason is not None:
                is_soft = it.raw.lazy or it.beside or backport_of(module) is not None
                (soft if is_soft else reasons).append(reason)
    return reasons, soft


def _left_stdlib(it: Resolved) -> bool:
    """Return whether only Pythons that lack a standard library module need what backports it."""
    is_implied = it.raw.needed_on is not None and it.module.origin is Origin.STDLIB
    return is_implied and backport_of(it.raw.name) is not None


def _reason(it: Resolved, module: str) -> PythonReason | None:
    having = stdlib_pythons(module) or PythonRange()
    elsewhere = PythonRange(frozenset(KNOWN) - it.raw.guard.pythons.minors)
    pythons = PythonRange(having.minors | elsewhere.minors)
    if pythons == PythonRange():
        return None
    return PythonReason(it.raw.location, f"standard library module {module}", pythons)


def _top(raw: RawImport) -> str:
    return raw.name.partition(".")[0]


def _must_succeed(guard: Guard) -> bool:
    may_fail = guard.optional or guard.fallback or guard.typing or guard.dead
    return not (may_fail or guard.platforms or guard.catches & RENAMED)


def _asked(raw: RawImport) -> Iterator[str]:
    submodules = [f"{raw.name}.{member}" for member in raw.members]
    known = [name for name in submodules if name in modules()]
    yield from known or [raw.name]


def classify(imports: Sequence[Resolved], pythons: PythonRange) -> tuple[Import, ...]:
    """Return the imports with their kinds, for a script that runs on ``pythons``."""
    pythons = pythons or PythonRange()
    judge = _Judge(imports, pythons, pythons.raised(FLOOR))
    return tuple(judge.decided(at) for at, it in enumerate(imports) if not judge.is_superfluous(it))


class _Judge:
    def __init__(
        self, imports: Sequence[Resolved], pythons: PythonRange, likely: PythonRange
    ) -> None:
        self.imports = imports
        self.pythons = pythons
        self.likely = likely
        self.newest = max(likely.minors)
        self.older: dict[Minor, _Judge] = {}
        self.first: dict[int, int] = {}  # of each file's imports, for the indexes they hold
        for at, it in enumerate(imports):
            self.first.setdefault(id(it.facts), at)
        # Names that a file tries to import: where it uses them later, it has checked.
        self.tried = {
            (id(it.facts), _top(it.raw))
            for it in imports
            if (it.raw.guard.optional or it.raw.guard.platforms)
            and not (it.raw.guard.typing or it.raw.guard.broad)
            and not self._is_first_choice(it, frozenset())
        }
        self.tops = {
            _top(it.raw)
            for it in imports
            if it.module.origin is Origin.PACKAGE and not it.raw.implied_by
        }
        self.required = {
            _top(it.raw)
            for it in imports
            if it.module.origin is Origin.PACKAGE and _must_succeed(it.raw.guard)
        }

    def decided(self, at: int) -> Import:
        it = self.imports[at]
        origin, reason = it.module.origin, it.module.reason
        if origin is Origin.STDLIB and (_left_stdlib(it) or not self._included(it)):
            backport = backport_of(it.raw.name)
            if backport is not None:
                origin, reason = Origin.PACKAGE, OriginReason(OriginRule.BACKPORT, backport)
        kind = self._kind(it)
        return Import(
            it.module.name,
            it.raw.location,
            kind,
            origin,
            it.raw.members,
            it.raw.guard.platforms,
            reason,
            None if it.raw.guard.pythons == PythonRange() else it.raw.guard.pythons,
            it.raw.implied_by,
            self._needed_on(it, kind) if origin is Origin.PACKAGE else None,
        )

    def _needed_on(self, it: Resolved, kind: ImportKind) -> PythonRange | None:
        """Return the Pythons that cannot do without an import that others can do without."""
        if it.raw.implied_by or kind not in _DISPENSABLE:
            return it.raw.needed_on if kind is ImportKind.IMPLIED else None
        others = self._others(it, (*it.raw.stands_in, *it.raw.instead))
        beside = any(other.module.origin is Origin.STDLIB for other in others)
        if it.raw.guard.pythons == PythonRange() and not beside:
            return None
        older = (minor for minor in self.pythons.minors if minor < self.newest)
        needing = [minor for minor in older if self._on(minor).requires(it)]
        return PythonRange.of(needing) if needing else None

    def _on(self, minor: Minor) -> _Judge:
        """Return the judge for one of the older Pythons."""
        if minor not in self.older:
            judge = self.older[minor] = copy(self)
            judge.likely, judge.newest = PythonRange.of([minor]), minor
            vars(judge).pop("spared", None)
        return self.older[minor]

    def requires(self, it: Resolved) -> bool:
        """Return whether the script needs what an import brings."""
        return self._kind(it) not in _DISPENSABLE | {ImportKind.TYPING}

    def is_superfluous(self, it: Resolved) -> bool:
        """Return whether an implied import is met by another import, or installed anyway."""
        if not it.raw.implied_by:
            return False
        if it.raw.needed_on is not None and not it.raw.needed_on & self.pythons:
            return True
        is_supplied = it.module.origin is not Origin.PACKAGE and not _left_stdlib(it)
        return is_supplied or bool(self.tops & {*it.raw.unless})

    def _included(self, it: Resolved) -> bool:
        """Return whether the newest Python that runs the import has the module."""
        having = stdlib_pythons(it.raw.name) or PythonRange()
        running = self.likely & it.raw.guard.pythons
        return not running or max(running.minors) in having

    def _supplied(self, it: Resolved) -> bool:
        """Return the same for the module and the names imported from it."""
        if not self._included(it) or not it.raw.members:
            return self._included(it)
        from condavision.analysis.python_range.attributes import names_of  # noqa: PLC0415 - reads its table

        known = names_of(it.raw.name)
        running = self.likely & it.raw.guard.pythons
        newest = max(running.minors, default=self.newest)
        return all(newest in known[name] for name in it.raw.members if name in known)

    def _kind(self, it: Resolved) -> ImportKind:
        guard = it.raw.guard
        if guard.typing or guard.dead:
            return ImportKind.TYPING
        if self.newest not in guard.pythons:
            return ImportKind.VERSION
        if guard.fallback and not self._replaces_nothing(it):
            return ImportKind.FALLBACK
        if (
            guard.optional
            and not it.raw.used_regardless
            and not self._is_first_choice(it, self.required)
        ):
            return ImportKind.OPTIONAL
        if guard.main and not it.is_script:
            return ImportKind.OPTIONAL
        untested = it.raw.lazy and not guard.platforms and not guard.optional
        if untested and (id(it.facts), _top(it.raw)) in self.tried:
            return ImportKind.OPTIONAL
        if it.raw.implied_by:
            spared = guard.catches & _MISSING or it.raw.host in self.spared
            return ImportKind.OPTIONAL if spared else ImportKind.IMPLIED
        if guard.platforms:
            return ImportKind.PLATFORM
        return ImportKind.DYNAMIC if it.raw.dynamic else ImportKind.REQUIRED

    @cached_property
    def spared(self) -> frozenset[str]:
        """The packages that the script can do without, and so without what they need."""
        asked = [it for it in self.imports if not it.raw.implied_by]
        return frozenset(self.tops) - {_top(it.raw) for it in asked if self.requires(it)}

    def _others(self, it: Resolved, indexes: tuple[int, ...]) -> list[Resolved]:
        first = self.first[id(it.facts)]
        return [self.imports[first + index] for index in indexes]

    def _replaces_nothing(self, it: Resolved) -> bool:
        """Return whether what this stands in for exists on none of the script's Pythons."""
        tried = self._others(it, it.raw.stands_in)
        return bool(tried) and all(
            other.module.origin is Origin.STDLIB and not self._supplied(other) for other in tried
        )

    def _is_first_choice(self, it: Resolved, required: AbstractSet[str]) -> bool:
        """Return whether only another package, not ``required`` anyway, could stand in for it."""
        if it.module.origin is not Origin.PACKAGE or it.raw.dispensable:
            return False
        others = self._others(it, it.raw.instead)
        return bool(others) and all(
            not self._supplied(other)
            if other.module.origin is Origin.STDLIB
            else other.module.origin is Origin.PACKAGE and _top(other.raw) not in required
            for other in others
        )
