"""What would make environments fewer, newer or smaller; nothing here is a mistake."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, ClassVar

from packaging.specifiers import InvalidSpecifier

from condavision.core.pythons import KNOWN, Minor, PythonRange, minor_of
from condavision.inspection.costs import costs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import LockedPackage, PythonReason, Requirement
    from condavision.inspection.costs import Cost
    from condavision.inspection.overview import Overview, RequirementSet


@dataclass(frozen=True, slots=True)
class WouldShare:
    """Requirement sets that differ in the range of Pythons alone, and what makes them differ.

    ``common`` are the Pythons that all of them admit.
    """

    kind: ClassVar[str] = "would-share"
    sets: tuple[RequirementSet, ...]
    common: PythonRange
    reasons: tuple[PythonReason, ...]


@dataclass(frozen=True, slots=True)
class OldPython:
    """What keeps scripts from the newest Python here: one rule, and all places that it is for."""

    kind: ClassVar[str] = "old-python"
    newest: Minor
    reasons: tuple[PythonReason, ...]


@dataclass(frozen=True, slots=True)
class OldLock:
    """A lock with an older Python than the newest here, which its scripts could run on.

    ``packages`` are known to be the reason, with their constraints.
    """

    kind: ClassVar[str] = "old-lock"
    one: RequirementSet
    newest: Minor
    packages: tuple[tuple[LockedPackage, str], ...]


@dataclass(frozen=True, slots=True)
class CostsMost:
    """The requirement that brings most of what nothing else needs."""

    kind: ClassVar[str] = "costs-most"
    cost: Cost


Advice = WouldShare | OldPython | OldLock | CostsMost


def advice(found: Overview) -> tuple[Advice, ...]:
    """Return what a person could change."""
    return (*_would_share(found), *_old_pythons(found), *_old_locks(found), *_costs_most(found))


def _would_share(found: Overview) -> Iterator[WouldShare]:
    alike: dict[object, list[RequirementSet]] = {}
    for one in found.sets:
        inference = one.scripts[0].inference
        if inference is not None and inference.hash == one.hash:
            needed = frozenset(map(_without_places, inference.requirements.requirements))
            if not needed:
                continue
            alike.setdefault((needed, inference.requirements.channels), []).append(one)
    for sets in alike.values():
        inferences = [it.inference for one in sets for it in one.scripts if it.inference]
        ranges = {it.requirements.python for it in inferences}
        if len(ranges) > 1:
            widest = frozenset[Minor]().union(*(it.minors for it in ranges))
            reasons = (
                reason
                for it in inferences
                for reason in it.analysis.reasons
                if not widest <= reason.pythons.minors
            )
            common = reduce(PythonRange.__and__, ranges)
            yield WouldShare(tuple(sets), common, tuple(dict.fromkeys(reasons)))


def _without_places(it: Requirement) -> tuple[object, ...]:
    return (it.manager, it.name, it.constraint, it.extras, it.platforms, str(it.pythons or ""))


def _newest(found: Overview) -> Minor:
    """Return the newest Python in the locks."""
    return max((minor_of(it.python) for it in found.sets if it.python), default=KNOWN[-1])


def _old_pythons(found: Overview) -> Iterator[OldPython]:
    newest = _newest(found)
    by_rule: dict[tuple[str, PythonRange], list[PythonReason]] = {}
    for script in found.scripts:
        analysis = script.inference.analysis if script.inference else None
        if analysis is not None and max(analysis.python.minors, default=newest) < newest:
            for it in analysis.reasons:
                if max(it.pythons.minors, default=newest) < newest:
                    by_rule.setdefault((it.rule, it.pythons), []).append(it)
    for reasons in by_rule.values():
        yield OldPython(newest, tuple(dict.fromkeys(reasons)))


def _old_locks(found: Overview) -> Iterator[OldLock]:
    """Yield the locks whose scripts would run on a newer Python, and what limits it.

    Packages of all platforms alone show that: others are built for the Python that was chosen.
    """
    newest = _newest(found)
    for one in found.sets:
        inferences = [it.inference for it in one.scripts if it.inference]
        allowed = all(newest in it.requirements.python for it in inferences)
        if one.python is not None and minor_of(one.python) < newest and allowed:
            constraints = ((it, it.dependencies.get("python", "")) for it in one.packages)
            limiting = (
                (package, constraint)
                for package, constraint in constraints
                if "/noarch/" in package.url and _excludes(constraint, newest)
            )
            yield OldLock(one, newest, tuple(limiting))


def _excludes(constraint: str, python: Minor) -> bool:
    """Return whether a conda constraint that is a PEP 440 one too excludes a Python."""
    try:
        return python not in PythonRange.from_specifier(constraint)
    except InvalidSpecifier:
        return False


def _costs_most(found: Overview) -> Iterator[CostsMost]:
    """Yield the largest cost, if it is more than that of one package."""
    yield from (CostsMost(it) for it in costs(found)[:1] if len(it.only) > 1 or it.size.bytes)
