"""What it takes to import what a script imports, as packages have shown: imports like its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.core.model import Import, ImportKind, PythonReason, Requirement
from condavision.core.origin import Origin
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from condavision.core.model import Analysis
    from condavision.core.pythons import Minor
    from condavision.mapping.learned import LearnedNeed

_NEEDED = frozenset({ImportKind.REQUIRED, ImportKind.PLATFORM, ImportKind.DYNAMIC})
"""The kinds of imports that a script cannot do without."""


def needs_of(analysis: Analysis, needs: Sequence[LearnedNeed]) -> tuple[LearnedNeed, ...]:
    """Return those of the needs that concern what a script imports, or another need."""
    if not needs:
        return ()
    imported = {module for it in analysis.imports if _is_loaded(it) for module in modules_of(it)}
    found: dict[str, LearnedNeed] = {}
    while True:
        new = [it for it in needs if it.importer in imported and it.key not in found]
        if not new:
            return tuple(found.values())
        found.update((it.key, it) for it in new)
        imported.update(module for it in new if it.module for module in modules_of(_import(it)))


def with_needs(analysis: Analysis, needs: Sequence[LearnedNeed]) -> Analysis:
    """Return an analysis with the imports and the Pythons that it takes.

    Pythons that would leave none are ignored: they were learned of something else.
    """
    python, reasons = analysis.python, []
    for it in needs:
        if it.rule and python & it.pythons:
            python &= it.pythons
            reasons.append(PythonReason(it.place, it.rule, it.pythons))
    imports = [_import(it) for it in needs if it.module and python & it.pythons]
    if not (imports or reasons):
        return analysis
    return replace(
        analysis,
        imports=(*analysis.imports, *imports),
        python=python,
        reasons=(*analysis.reasons, *reasons),
    )


def on_pythons(requirement: Requirement, imported: Import) -> Requirement:
    """Return a requirement for the Pythons alone that a need is of."""
    if not imported.implied_by or imported.pythons is None or requirement.pythons is not None:
        return requirement
    if imported.kind is not ImportKind.REQUIRED:
        return requirement
    return replace(requirement, pythons=imported.pythons)


def modules_of(imported: Import) -> Iterator[str]:
    """Yield the modules that an import imports, or may: packages, itself, submodules."""
    parts = imported.name.split(".")
    yield from (".".join(parts[: end + 1]) for end in range(len(parts)))
    yield from (f"{imported.name}.{member}" for member in imported.members)


def names_taken(imports: Iterable[Import]) -> Mapping[str, Collection[str]]:
    """Return the names that imports take from modules."""
    found: dict[str, set[str]] = {}
    for it in imports:
        found.setdefault(it.name, set()).update(it.members)
    return found


def is_needed(imported: Import) -> bool:
    """Return whether a script cannot do without an import, and a package has it."""
    return imported.kind in _NEEDED and imported.origin is Origin.PACKAGE


def _is_loaded(imported: Import) -> bool:
    """Return whether :func:`is_needed`, or a library loads a module of its own: Django's models."""
    host, own = imported.implied_by.partition(".")[0], imported.name.partition(".")[0]
    is_own = imported.kind is ImportKind.IMPLIED and imported.origin is Origin.PACKAGE
    return is_needed(imported) or (is_own and host == own)


def needed_on(analysis: Analysis, minor: Minor, family: str) -> tuple[Import, ...]:
    """Return the imports that a script cannot do without, with a Python on a platform family."""
    return tuple(
        it
        for it in analysis.imports
        if _is_loaded(it)
        and (not it.platforms or family in it.platforms)
        and (it.pythons is None or minor in it.pythons)
    )


def _import(need: LearnedNeed) -> Import:
    return Import(
        need.module,
        need.place,
        members=(need.name,) if need.name else (),
        platforms=need.families,
        pythons=None if need.pythons == PythonRange() else need.pythons,
        implied_by=need.importer,
    )
