"""The attributes that a script takes from a module: ``new`` of ``ulid`` in ``ulid.new()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.modules import absolute_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.records import RawImport
    from condavision.core.model import Analysis, SourceFile


def attributes_taken(analysis: Analysis, module: str, reader: Reader) -> frozenset[str]:
    """Return the attributes that the files of an analysis take from a module by a name for it."""
    found: set[str] = set()
    local = {it.module: it for it in analysis.files[1:]}
    for source in analysis.files:
        path = source.path.as_posix()
        names = {
            name
            for imported in _imports(source, local, reader)
            for name, meaning in imported.meanings()
            if meaning == module and not imported.guard.typing
        }
        for name in names:
            found |= reader.uses(path, name)
        if any(it.star and not it.level and it.name == module for it in reader.facts(path).imports):
            found |= reader.called_from_star(path)
    return frozenset(found)


def _imports(
    source: SourceFile, local: Mapping[str, SourceFile], reader: Reader
) -> Iterator[RawImport]:
    """Yield the imports of a file, and of the local modules that it imports with a star."""
    pending, seen = [source], {source}
    while pending:
        source = pending.pop()
        for raw in reader.facts(source.path.as_posix()).imports:
            yield raw
            name = absolute_name(raw.name, raw.level, source.package) if raw.star else ""
            if name in local and local[name] not in seen:
                seen.add(local[name])
                pending.append(local[name])
