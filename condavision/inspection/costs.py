"""What an import costs: the packages that nothing else in any lock requires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.inspection.dependency_graph import key_of
from condavision.locks.lockfile import direct_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import LockedPackage, SourceLocation
    from condavision.inspection.dependency_graph import Dependencies, Key
    from condavision.inspection.overview import Overview, RequirementSet, Script, Size


@dataclass(frozen=True, slots=True)
class Cost:
    """What a requirement brings that nothing else does, and what requires it.

    ``package`` is the one that is required, ``only`` are it and those that come with it alone.
    """

    package: LockedPackage
    only: tuple[LockedPackage, ...]
    size: Size
    scripts: tuple[Script, ...]
    places: tuple[SourceLocation, ...]


def costs(found: Overview) -> tuple[Cost, ...]:
    """Return the costs of all requirements but Python, the largest first.

    A package counts for a requirement if it would be in no lock without it.
    """
    owners: dict[str, set[Key | None]] = {}
    for one in found.sets:
        for package, owner in _owned(one):
            owners.setdefault(package.sha256, set()).add(owner)
    only: dict[Key, dict[str, LockedPackage]] = {}
    for sha256, package in found.packages.items():
        if len(owners[sha256]) == 1:
            (owner,) = owners[sha256]
            if owner is not None:
                only.setdefault(owner, {})[sha256] = package
    made = [_cost(key, tuple(packages.values()), found) for key, packages in only.items()]
    return tuple(sorted(made, key=lambda it: (-it.size.bytes, -it.size.count, it.package.name)))


def _owned(one: RequirementSet) -> Iterator[tuple[LockedPackage, Key | None]]:
    """Yield each package with the only direct one that leads to it; None if several or none do."""
    if one.dependencies is None:
        return
    reached = {key_of(it): set(_reached(key_of(it), one.dependencies)) for it in one.direct}
    for key, package in one.dependencies.packages.items():
        leading = [direct for direct, found in reached.items() if key in found]
        is_python = len(leading) == 1 and leading[0][1] == "python"
        yield package, leading[0] if len(leading) == 1 and not is_python else None


def _reached(start: Key, dependencies: Dependencies) -> Iterator[Key]:
    waiting, seen = [start], {start}
    while waiting:
        here = waiting.pop()
        yield here
        new = {edge.to for edge in dependencies.edges.get(here, ())} - seen
        seen |= new
        waiting += new


def _cost(key: Key, only: tuple[LockedPackage, ...], found: Overview) -> Cost:
    scripts: list[Script] = []
    places: dict[SourceLocation, None] = {}
    package = next((it for it in only if key_of(it) == key), only[0])
    for one in found.sets:
        for script in one.scripts:
            if one.dependencies is None or script.located is None or script.inference is None:
                continue
            for needed, direct in direct_packages(script.inference.requirements, one.packages):
                if key_of(direct) == key and needed is not None:
                    scripts.append(script)
                    places |= dict.fromkeys(needed.sources)
    return Cost(package, only, found.size(only), tuple(scripts), tuple(places))
