"""Which classes no Python since 3.8 makes, because their metaclass drops ``__classcell__``."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.modules import absolute_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from condavision.import_time.classes import LibraryClass
    from condavision.import_time.facts import LibraryImport

_DEEPEST = 20  # bases of bases, and modules that pass a class on
_PLAIN = ("builtins", "type")


@dataclass(frozen=True, slots=True)
class ClassCells:
    """Looks up the metaclasses of classes through the modules that some start leads to.

    ``imports`` are those of each module, with the package that relative ones start from, and
    ``classes`` its classes by name. A class counts only if all its bases are known.
    """

    imports: Mapping[str, tuple[str, Sequence[LibraryImport]]]
    classes: Mapping[str, Mapping[str, LibraryClass]]

    def refused(self) -> Iterator[tuple[str, LibraryClass]]:
        """Yield the classes that cannot be made, with their modules."""
        for module, known in self.classes.items():
            for it in known.values():
                if it.has_cell and not it.metaclass and self._is_dropped(module, it):
                    yield module, it

    def _is_dropped(self, module: str, of: LibraryClass) -> bool:
        found = self._of_bases(module, of, _DEEPEST)
        if found is None or found == _PLAIN:
            return False
        return self.classes[found[0]][found[1]].drops_cell

    def _of_bases(self, module: str, of: LibraryClass, left: int) -> tuple[str, str] | None:
        """Return the module and name of the one metaclass that bases have, None if not known."""
        found = {self._metaclass(module, it, left) for it in of.bases} - {_PLAIN}
        return found.pop() if len(found) == 1 else None if found else _PLAIN

    def _metaclass(self, module: str, base: str, left: int) -> tuple[str, str] | None:
        found = self._find(module, base, left)
        if found is None:
            return _PLAIN if hasattr(builtins, base) else None
        place, known = found
        if not known.metaclass:
            return self._of_bases(place, known, left - 1) if left else None
        meta = self._find(place, known.metaclass, left)
        return None if meta is None else (meta[0], meta[1].name)

    def _find(self, module: str, dotted: str, left: int) -> tuple[str, LibraryClass] | None:
        """Return where a class is defined, and the class, by what it is called in a module."""
        name, _, below = dotted.partition(".")
        own = self.classes.get(module, {}).get(name)
        if own is not None:
            return None if below else (module, own)
        package, imports = self.imports.get(module, ("", ())) if left else ("", ())
        having = [it for it in imports if name in it.members]
        if len(having) != 1:
            return None
        source = absolute_name(having[0].name, having[0].level, package)
        if f"{source}.{name}" in self.imports:
            return self._find(f"{source}.{name}", below, left - 1)
        return None if below else self._find(source, name, left - 1)
