"""The names that star imports bring into a module, from those of the modules that they name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from condavision.core.modules import absolute_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from condavision.analysis.records import ModuleNames

_Place = TypeVar("_Place")


async def with_stars(
    place: _Place,
    names_of: Callable[[_Place], Awaitable[ModuleNames]],
    find: Callable[[_Place, str], Awaitable[_Place | None]],
) -> ModuleNames:
    """Return the names of a module and of all modules that its star imports lead to.

    ``find`` returns where the module of a star import is, None if that is not known: then the
    module may have any name, as if one of the others may.
    """
    first = await names_of(place)
    found, seen, wave = set(first.names), {place}, {place: first}
    while wave:
        if any(it.any_name for it in wave.values()):
            return replace(first, any_name=True, stars=())
        found.update(name for it in wave.values() for name in it.names)
        stars = [(at, star) for at, names in wave.items() for star in names.stars]
        targets = set(await asyncio.gather(*(find(*it) for it in stars)))
        if None in targets:
            return replace(first, any_name=True, stars=())
        new = [it for it in targets if it is not None and it not in seen]
        seen.update(new)
        wave = dict(zip(new, await asyncio.gather(*map(names_of, new)), strict=True))
    return replace(first, names=frozenset(found), stars=())


def star_module(star: str, package: str) -> str:
    """Return the dotted name of a module as a star import in a package spells it, or empty."""
    name = star.lstrip(".")
    return absolute_name(name, len(star) - len(name), package)
