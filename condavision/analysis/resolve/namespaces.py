"""Imports from a namespace package whose parts the script has itself: other parts, or its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.core.modules import prefixes
from condavision.core.origin import INSTALLED, Origin, OriginReason, OriginRule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from condavision.analysis.resolve.places import Resolved


def settled(imports: Iterable[Resolved]) -> tuple[Resolved, ...]:
    """Decide what an absent part means, once it is known which local parts the script imports.

    A folder from which it imports nothing is no package of its own: ``docker/`` may hold anything.
    """
    found = tuple(imports)
    if all(it.module.reason.rule is not OriginRule.ABSENT_PART for it in found):
        return found
    own = {
        prefix for it in found for module in it.module.modules for prefix in prefixes(module.name)
    }
    return tuple(_settled(it, own) for it in found)


def _settled(it: Resolved, own: AbstractSet[str]) -> Resolved:
    reason = it.module.reason
    if reason.rule is not OriginRule.ABSENT_PART:
        return it
    if reason.subject not in own:
        return replace(it, module=replace(it.module, reason=INSTALLED))
    missing = tuple(name for name in it.raw.members if f"{it.module.name}.{name}" not in own)
    if it.module.name == reason.subject and not missing:
        folders = OriginReason(OriginRule.FOLDERS, f"{reason.subject.replace('.', '/')}/")
        return replace(it, module=replace(it.module, origin=Origin.LOCAL, reason=folders))
    return replace(it, raw=replace(it.raw, members=missing))
