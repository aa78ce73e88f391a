"""As many agreed versions as can be kept together."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from condavision.errors import UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_T = TypeVar("_T")
Kept = tuple[tuple[str, ...], _T]
"""The versions that are kept, and the solution."""


async def keep(
    offered: tuple[str, ...], solve: Callable[[tuple[str, ...]], Awaitable[_T]]
) -> Kept[_T]:
    """Return the solution that meets as many of ``offered`` as possible, earlier ones first.

    Raises:
        UnsolvableError: there is no solution even without them.
    """
    if offered:
        with suppress(UnsolvableError):
            return offered, await solve(offered)

    async def add(kept: Kept[_T], more: tuple[str, ...]) -> Kept[_T]:
        with suppress(UnsolvableError):
            return (*kept[0], *more), await solve((*kept[0], *more))
        if len(more) == 1:
            return kept
        half = len(more) // 2
        return await add(await add(kept, more[:half]), more[half:])

    least: Kept[_T] = ((), await solve(()))
    return await add(least, offered) if len(offered) > 1 else least
