"""Tables of other tools, in a script's block or a project's files, without effect here.

What in them decides about packages is noted, so that no declaration is lost silently.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.analysis.declared.declarations import Declarations

_READ = frozenset({"condavision", "conda", "pixi", "uv"})
"""The tables that have a reader of their own in a block."""

_DECIDING = re.compile(
    r"(?:.*-)?(?:channels|conflicts|constraints|dependencies|find-links|index|indexes|index-url"
    r"|requirements|requires-python|source|sources)"
)
_DEEPEST = 6


def read_others(into: Declarations, tools: dict[str, Any]) -> None:
    """Note what tables of other tools declare in a block."""
    for tool, table in tools.items():
        if tool not in _READ:
            for path in deciding(table, ("tool", tool)):
                into.ignore(".".join(path[:-1]), [path[-1]])


def deciding(table: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the keys that select packages, or where they come from."""
    if not isinstance(table, dict) or len(path) > _DEEPEST:
        return
    for key, value in table.items():
        if _DECIDING.fullmatch(key):
            yield (*path, key)
        else:
            yield from deciding(value, (*path, key))


def unknown(table: Mapping[str, object], known: frozenset[str]) -> list[str]:
    """Return the keys of a table that are not known."""
    return [key for key in table if key not in known]
