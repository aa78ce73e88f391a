"""Stretches of a source and what each adds to whatever surrounds it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.context.contexts import ALL, is_typing, platforms_of, pythons_of
from condavision.analysis.records import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Region:
    """A byte range, the ``contexts`` it runs in, and what it adds in the terms of ``Guard``."""

    start: int
    end: int
    contexts: int = ALL
    optional: bool = False
    fallback: bool = False
    catches: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    main: bool = False
    broad: bool = False


def region_of(node: Node, *, optional: bool = False, fallback: bool = False) -> Region:
    """Return the region that a node covers."""
    return Region(node.start_byte, node.end_byte, optional=optional, fallback=fallback)


@dataclass(slots=True)
class Regions:
    """The regions of one source, cut into pieces of which each has the same ones around it."""

    _bounds: list[int] = field(default_factory=list)
    _pieces: list[tuple[Region, ...]] = field(default_factory=list)
    _guards: dict[int, Guard] = field(default_factory=dict)

    @classmethod
    def of(cls, regions: Iterable[Region]) -> Regions:
        """Cut a source where regions begin and end."""
        changes: dict[int, tuple[list[Region], list[Region]]] = {}
        for region in regions:
            if region.start < region.end:
                changes.setdefault(region.start, ([], []))[0].append(region)
                changes.setdefault(region.end, ([], []))[1].append(region)
        cut, around = cls(), list[Region]()
        for edge in sorted(changes):
            begin, end = changes[edge]
            over = {id(region) for region in end}
            around = [region for region in around if id(region) not in over] + begin
            cut._bounds.append(edge)
            cut._pieces.append(tuple(around))
        return cut

    def at(self, start_byte: int) -> Guard:
        """Return what surrounds a byte of the source."""
        piece = bisect_right(self._bounds, start_byte)
        guard = self._guards.get(piece)
        if guard is None:
            around = self._pieces[piece - 1] if piece else ()
            guard = self._guards[piece] = _combined(around)
        return guard


def _combined(regions: tuple[Region, ...]) -> Guard:
    contexts = ALL
    catches: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    for region in regions:
        contexts &= region.contexts
        catches |= region.catches
        checked |= region.checked
    return Guard(
        pythons=pythons_of(contexts),
        platforms=platforms_of(contexts) if contexts else frozenset({"other"}),
        typing=is_typing(contexts),
        optional=any(region.optional for region in regions),
        fallback=any(region.fallback for region in regions),
        catches=catches,
        checked=checked,
        dead=not contexts,
        main=any(region.main for region in regions),
        broad=not any(region.optional and not region.broad for region in regions)
        and any(region.broad for region in regions),
    )
