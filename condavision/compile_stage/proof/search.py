"""Find the release of a package that has a module: a search with few look-ups, not a walk.

It assumes what nearly always holds: a module is added in one release and removed in another. Each
round looks at several releases at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from condavision.compile_stage.proof.releases import Release

_AT_ONCE = 8
_MOST = 48  # releases that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """The release that has what is sought, and the versions (PEP 440) that have it too."""

    release: Release
    constraint: str


@dataclass(slots=True)
class Search:
    """A search for what ``has`` returns True of; None where that cannot be found out."""

    has: Callable[[Release], Awaitable[bool | None]]
    seen: dict[Release, bool | None]

    async def instead_of(self, version: Version, releases: Sequence[Release]) -> Found | None:
        """Return the newest release that has it, where ``version`` lacks it; None if none has.

        ``releases`` are in order. Pre-releases count only beside one.
        """
        usable = [it for it in releases if version.is_prerelease or not it.version.is_prerelease]
        newer = [it for it in usable if it.version > version]
        older = [it for it in usable if it.version < version]
        if newer and await self._look([newer[-1]]):
            first = await self._edge(newer[::-1])
            return Found(newer[-1], f">={first.version}")
        ends = _ends(older)
        for at in range(0, len(ends), _AT_ONCE):
            if await self._look(ends[at : at + _AT_ONCE]):
                return await self._last(older, version)
        return None

    async def newest(self, releases: Sequence[Release]) -> Found | None:
        """Return the newest release if it has it."""
        final = [it for it in releases if not it.version.is_prerelease] or [*releases]
        return Found(final[-1], "") if final and await self._look(final[-1:]) else None

    async def _last(self, older: Sequence[Release], version: Version) -> Found:
        """Return the newest of the ``older`` releases that has it; one was seen to have it."""
        at = max(at for at, it in enumerate(older) if self.seen.get(it))
        misses = (at for at in range(at, len(older)) if self.seen.get(older[at]) is False)
        last = await self._edge(older[at : next(misses, len(older))])
        beyond = [*(it.version for it in older if it.version > last.version), version]
        return Found(last, below(last.version, beyond[0]))

    async def _edge(self, releases: Sequence[Release]) -> Release:
        """Return the last of releases that has it; the first has, and those behind may not."""
        low, high = 0, len(releases)
        while high - low > 1 and len(self.seen) < _MOST:
            picked = range(low + 1, high, (high - low) // (_AT_ONCE + 1) + 1)
            await self._look([releases[at] for at in picked])
            low = max((at for at in picked if self.seen[releases[at]]), default=low)
            high = min((at for at in picked if at > low), default=high)
        return releases[low]

    async def _look(self, releases: Sequence[Release]) -> bool:
        """Look at releases; return whether one has it."""
        unseen = [it for it in releases if it not in self.seen]
        answers = await asyncio.gather(*map(self.has, unseen))
        self.seen.update(zip(unseen, answers, strict=True))
        return any(self.seen[it] for it in releases)


def _ends(older: Sequence[Release]) -> list[Release]:
    """Return where to look first: the last releases of majors, the oldest, steps back, minors."""
    majors = {it.version.release[:1]: it for it in older}
    minors = {it.version.release[:2]: it for it in older}
    steps = [older[-(2**power)] for power in range(1, len(older).bit_length())]
    found = [*reversed(majors.values()), *older[:1], *steps, *reversed(minors.values())]
    return [*dict.fromkeys(found)][: _MOST // 2]


def below(having: Version, lacking: Version) -> str:
    """Return the shortest upper bound between two versions: ``<2`` of 1.0.3 and 2.1.1."""
    for length in range(1, len(lacking.release)):
        bound = Version(".".join(map(str, lacking.release[:length])))
        if not lacking.epoch and having < bound:
            return f"<{bound}"
    return f"<{lacking}"
