"""Which modules an import stands for: the one it names, or what it imports from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.modules import longest_prefix
from condavision.mapping.flask_extensions import spelt_today

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.model import Import
    from condavision.mapping.declared import Override
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import Lessons


@dataclass(frozen=True, slots=True)
class ImportedModules:
    """Decides by what overrides, ``modules.yml`` and the map have of a module and its members."""

    import_map: ImportMap
    overrides: Mapping[str, Override]
    lessons: Lessons

    def of(self, imported: Import) -> tuple[str, ...]:
        """Return the module, or its members if they may come from several distributions."""
        if imported.name.startswith("flask.ext."):
            return (imported.name, "flask")
        if longest_prefix(imported.name, self.overrides) is not None:
            return (imported.name,)
        names = tuple(f"{imported.name}.{member}" for member in imported.members)
        if not names:
            return self._attributes_learned(imported.name) or (imported.name,)
        known = self.import_map.provider(spelt_today(imported.name))
        if known is None or any(map(self._is_listed, names)):
            return names
        if self.import_map.is_closed(imported.name) and "".join(imported.members).islower():
            return names  # modules, not classes
        return (imported.name,)

    def _attributes_learned(self, module: str) -> tuple[str, ...]:
        """Return the attributes taken from a module that ``modules.yml`` has."""
        below = [it for it in self.lessons.modules if it.rpartition(".")[0] == module]
        if not below:
            return ()
        taken = self.lessons.attributes(module)
        return tuple(it for it in below if it.rpartition(".")[2] in taken)

    def _is_listed(self, module: str) -> bool:
        if module in self.lessons.modules:
            return True
        spelt = spelt_today(module)
        provider = self.import_map.provider(spelt)
        return provider is not None and provider.module == spelt
