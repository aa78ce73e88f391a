"""The modules that an unknown import may mean: misspelt, or a package's name in their place."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from condavision.core.modules import prefixes
from condavision.mapping.everyday import Everyday
from condavision.mapping.similar_names import Similar, SimilarNames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.mapping.import_map import ImportMap

_MOST = 3
_KNOWN = 1000  # packages that are well known
_DISTINCTIVE = 4  # letters of a package's name that a module's is similar to


class NearModules:
    """Finds them among the modules of packages and those that Python includes."""

    def __init__(self, import_map: ImportMap, standard: Iterable[str] = ()) -> None:
        """Use a map, and the modules that Python includes."""
        self._map = import_map
        self._standard = [it for it in standard if it[0] != "_" and "." not in it]

    def near(self, module: str) -> list[Similar]:
        """Return up to three modules that an unknown one may mean, the likeliest first."""
        for outer in prefixes(module):
            parts = self._map.namespace(outer)
            if parts:
                return self._among(parts, module) if outer != module else self._first(parts)
        if "." in module:
            return []  # a part of what is known
        package = [Similar(it, module) for it in self._map.package_modules(module)[:_MOST]]
        if package and package[0].name in self._ranks:
            return package
        similar = self._modules.near(module, _MOST)
        if module in Everyday.bundled():  # rather a file of the user's own
            return [it for it in similar if self._is_other_number(it.spelling, module)]
        return similar or package

    def _is_other_number(self, name: str, module: str) -> bool:
        """Return whether a module is well known, and another the singular or plural of it."""
        is_known = name in self._standard or self._ranks.get(name, _KNOWN) < _KNOWN
        return is_known and name.rstrip("s") == module.rstrip("s")

    @cached_property
    def _ranks(self) -> dict[str, int]:
        """The modules of well-known packages, from 0 for the best known."""
        ranks: dict[str, int] = {}
        for rank, modules in enumerate(self._map.popular.values()):
            for module in modules:
                ranks.setdefault(module, rank)
        return ranks

    @cached_property
    def _modules(self) -> SimilarNames:
        return SimilarNames(self._used(), self._map.top_level())

    def _used(self) -> Iterator[tuple[int, str, str]]:
        """Yield every spelling: modules first, then the names of packages in place of one."""
        standard = sorted(self._standard, key=lambda it: it != it.lower())  # those of Python 3
        yield from ((0, it, it) for it in standard)
        yield from ((rank, it, it) for it, rank in self._ranks.items() if "." not in it)
        for rank, (package, modules) in enumerate(self._map.popular.items()):
            if len(package) >= _DISTINCTIVE:
                yield rank, package, modules[0]

    def _first(self, parts: Sequence[str]) -> list[Similar]:
        """Return the best-known modules of a namespace."""
        outer = [it for it in parts if it.rpartition(".")[0] not in parts]
        known = sorted(filter(self._ranks.__contains__, outer), key=self._ranks.__getitem__)
        return [Similar(it, it) for it in (known or outer)[:_MOST]]

    def _among(self, parts: Sequence[str], module: str) -> list[Similar]:
        """Return the parts of a namespace that a dotted module may be misspelt from."""
        used = sorted((self._ranks.get(it, len(self._ranks)), it, it) for it in parts)
        return SimilarNames(used).near(module, _MOST)
