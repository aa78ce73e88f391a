"""What a file has from local modules by ``from module import *``: the names they import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.resolve.places import place_of
from condavision.core.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.records import Facts
    from condavision.analysis.resolve.places import Place
    from condavision.analysis.resolve.resolver import Resolver
    from condavision.analysis.source.module_finder import FoundModule

_ALL = re.compile(rb"(?m)^__all__[ \t]*=[ \t]*[\[(]([^\])]*)")
_NAME = re.compile(rb"[\"'](\w+)[\"']")


def with_starred_names(facts: Facts, place: Place, resolver: Resolver, reader: Reader) -> Facts:
    """Return the facts of a file, read with what its star imports of local modules bring."""
    found: dict[str, str] = {}
    seen = {place.file}
    pending = [(facts, place)]
    while pending:
        for module, file in _starred(*pending.pop(), resolver):
            if file not in seen:
                seen.add(file)
                inner = reader.facts(file)
                found = {**dict(_exported(inner, reader.content(file) or b"")), **found}
                pending.append((inner, place_of(module, file)))
    return reader.with_names(place.file, tuple(sorted(found.items()))) if found else facts


def _starred(facts: Facts, place: Place, resolver: Resolver) -> Iterator[tuple[FoundModule, str]]:
    for raw in facts.imports:
        if raw.star and not (raw.local_only or raw.guard.typing):
            supplier = resolver.supplier(raw, place, facts.writes)
            module = supplier.modules[-1] if supplier.modules else None
            if supplier.origin is Origin.LOCAL and module is not None and module.file is not None:
                yield module, module.file


def _exported(facts: Facts, content: bytes) -> Iterator[tuple[str, str]]:
    """Yield what the imports of a module add to the names that a star stands for."""
    listed = _ALL.search(content)
    names = None if listed is None else {it.decode() for it in _NAME.findall(listed[1])}
    for raw in facts.imports:
        if not (raw.lazy or raw.implied_by or raw.guard.typing):
            for name, full in raw.meanings():
                if full and (not name.startswith("_") if names is None else name in names):
                    yield name, full
