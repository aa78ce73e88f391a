"""What artefacts have shown about a module: which distribution has it, and in which versions.

It is read from ``modules.yml`` before the map. It chooses among what may supply a module; a
distribution that nobody vouches for still has to be accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.core.model import Manager, Requirement
from condavision.mapping.declared import conda_name

if TYPE_CHECKING:
    from condavision.mapping.import_map import ImportMap


@dataclass(frozen=True, slots=True)
class LearnedModule:
    """Who supplies a module, or a name in one.

    ``name`` is a normalized distribution, or a conda package where ``manager`` says so;
    ``constraint`` (PEP 440, or conda's) are its versions that have the module. ``absent`` and
    ``present`` are the artefacts that were looked at, as distribution and version (``moviepy
    2.2.1``), with their SHA-256.
    """

    manager: Manager
    name: str
    constraint: str
    absent: Mapping[str, str]
    present: Mapping[str, str]

    def requirement(self, import_map: ImportMap) -> Requirement:
        """Return the requirement, without a place."""
        if self.manager is Manager.CONDA:
            return Requirement(Manager.CONDA, self.name, self.constraint, conda=self.name)
        conda = conda_name(self.name, import_map)
        return Requirement(Manager.PYPI, self.name, self.constraint, conda=conda)


LearnedModules = Mapping[str, LearnedModule]
"""What was learned, by dotted module or name in a module."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What ``modules.yml`` has, and a function for the attributes that a script takes of a module.

    It is called for those modules alone of which an attribute is in ``modules``.
    """

    modules: LearnedModules = field(default_factory=dict)
    attributes: Callable[[str], frozenset[str]] = lambda _: frozenset()
