"""The packages of a lock, and which of them requires which."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from condavision.core.model import Manager
from condavision.locks.lockfile import direct_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.core.evidence import Unproved
    from condavision.core.model import LockedPackage, Requirement
    from condavision.inference.lock_lookup import Located

Key = tuple[Manager, str]
"""What names a package in a lock, on one platform."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency on a package of the lock, with its constraint."""

    to: Key
    constraint: str


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The packages of a lock on one platform, and what each of them requires of the others.

    ``direct`` are the requirements and their packages, Python (None) first. ``unread`` are packages
    whose dependencies could not be found out, and why.
    """

    platform: str
    packages: Mapping[Key, LockedPackage]
    direct: tuple[tuple[Requirement | None, LockedPackage], ...]
    edges: Mapping[Key, tuple[Edge, ...]]
    unread: Mapping[Key, Unproved] = field(default_factory=dict)

    def of(self, located: Located) -> Dependencies:
        """Return the same for another target of the lock."""
        packages = self.packages.values()
        return replace(self, direct=direct_packages(located.inference.requirements, packages))

    def paths_to(self, name: str) -> Iterator[tuple[LockedPackage, tuple[Chain, ...]]]:
        """Yield the packages of a name, and the shortest chain to each from each direct package."""
        wanted = {name.lower(), canonicalize_name(name)}
        for key, package in self.packages.items():
            if key[1] in wanted:
                yield package, tuple(self._chains(key))

    def _chains(self, end: Key) -> Iterator[Chain]:
        for needed, package in self.direct:
            found = self._shortest(key_of(package), end)
            if found is not None:
                yield Chain(needed, package, found)

    def _shortest(self, start: Key, end: Key) -> tuple[Edge, ...] | None:
        """Return the fewest dependencies that lead from one package to another."""
        waiting: deque[tuple[Key, tuple[Edge, ...]]] = deque([(start, ())])
        seen = {start}
        while waiting:
            here, path = waiting.popleft()
            if here == end:
                return path
            for edge in self.edges.get(here, ()):
                if edge.to not in seen:
                    seen.add(edge.to)
                    waiting.append((edge.to, (*path, edge)))
        return None


@dataclass(frozen=True, slots=True)
class Chain:
    """How a package is there: a requirement, its package, and the dependencies that follow."""

    needed: Requirement | None
    start: LockedPackage
    edges: tuple[Edge, ...]


def key_of(package: LockedPackage) -> Key:
    """Return what names a package in its lock."""
    return package.manager, package.name
