"""The attributes that a script takes from a module: ``new`` of ``ulid`` in ``ulid.new()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condavision.analysis.facts.reader import Reader
    from condavision.core.model import Analysis


def attributes_taken(analysis: Analysis, module: str, reader: Reader) -> frozenset[str]:
    """Return the attributes that the files of an analysis take from a module by a name for it."""
    found: set[str] = set()
    for source in analysis.files:
        path = source.path.as_posix()
        names = {
            name
            for imported in reader.facts(path).imports
            for name, meaning in imported.meanings()
            if meaning == module and not imported.guard.typing
        }
        for name in names:
            found |= reader.uses(path, name)
    return frozenset(found)
