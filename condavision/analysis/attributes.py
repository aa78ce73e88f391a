"""The attributes that a script takes from a module: ``new`` of ``ulid`` in ``ulid.new()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.records import RawImport
    from condavision.core.model import Analysis


def attributes_taken(analysis: Analysis, module: str, reader: Reader) -> frozenset[str]:
    """Return the attributes that the files of an analysis take from a module by a name for it."""
    found: set[str] = set()
    files = {source.module: source.path.as_posix() for source in analysis.files[1:]}
    modules = {path: name for name, path in files.items()}
    for source in analysis.files:
        path = source.path.as_posix()
        names = {
            name
            for imported in _imports(path, modules.get(path, ""), files, reader)
            for name, meaning in imported.meanings()
            if meaning == module and not imported.guard.typing
        }
        for name in names:
            found |= reader.uses(path, name)
        if any(it.star and not it.level and it.name == module for it in reader.facts(path).imports):
            found |= reader.called_from_star(path)
    return frozenset(found)


def _imports(path: str, module: str, files: Mapping[str, str], reader: Reader) -> list[RawImport]:
    """Return the imports of a file, and of the local modules that it imports with a star."""
    found: list[RawImport] = []
    pending, seen = [(path, module)], {path}
    while pending:
        path, module = pending.pop()
        imports = reader.facts(path).imports
        found += imports
        for raw in imports:
            name = _absolute(raw, module, path) if raw.star else ""
            if name in files and files[name] not in seen:
                seen.add(files[name])
                pending.append((files[name], name))
    return found


def _absolute(raw: RawImport, module: str, path: str) -> str:
    """Return the dotted name of an imported module; ``module`` is the importing one."""
    if not raw.level:
        return raw.name
    parts = module.split(".")
    up = raw.level - path.endswith("/__init__.py")
    return ".".join((*parts[: len(parts) - up], *filter(None, (raw.name,))))
