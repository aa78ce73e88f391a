"""What artefacts have shown about a module: which distribution has it, and what it takes to import.

It is read from ``modules.yml`` before the map. It chooses among what may supply a module; a
distribution that nobody vouches for still has to be accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from condavision.core.model import Manager, Requirement, SourceLocation
from condavision.core.pythons import PythonRange
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


@dataclass(frozen=True, slots=True)
class LearnedNeed:
    """What it takes to import ``importer``, a module, which no package says.

    That is ``module``, or a ``name`` in it, on some ``pythons`` and platform ``families`` (none:
    all). Or it is a Python: ``rule`` is why, ``pythons`` are those that can import it, and
    ``module`` is empty. ``place`` is the line of a library that decides, and ``read`` the artefact
    it is in, as in :class:`LearnedModule`.
    """

    importer: str
    module: str
    name: str
    pythons: PythonRange
    families: frozenset[str]
    place: SourceLocation
    rule: str
    read: Mapping[str, str]

    @property
    def key(self) -> str:
        """The key of its line: ``dask.distributed -> distributed``, ``old -> python``."""
        needed = f"{self.module}:{self.name}" if self.name else self.module
        return f"{self.importer} -> {needed or PYTHON}"


def joined_needs(one: LearnedNeed, other: LearnedNeed) -> LearnedNeed:
    """Return what follows from two needs of one key: Pythons narrow, all others add up."""
    read = {**other.read, **one.read}
    if one.rule and other.rule:
        return replace(one, pythons=one.pythons & other.pythons, read=read)
    pythons = PythonRange(one.pythons.minors | other.pythons.minors)
    everywhere = not one.families or not other.families
    families = frozenset() if everywhere else one.families | other.families
    return replace(one, pythons=pythons, families=families, read=read)


PYTHON = "python"
"""What the key of a need of some Pythons ends with; no other need of that name has a rule."""

Lesson = LearnedModule | LearnedNeed

LearnedModules = Mapping[str, Lesson]
"""What was learned, by dotted module or name in a module, or the key of a need."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What ``modules.yml`` has, and a function for the attributes that a script takes of a module.

    It is called for those modules alone of which an attribute is in ``modules``.
    """

    modules: Mapping[str, LearnedModule] = field(default_factory=dict)
    attributes: Callable[[str], frozenset[str]] = lambda _: frozenset()
    needs: tuple[LearnedNeed, ...] = ()

    @classmethod
    def of(cls, learned: LearnedModules, attributes: Callable[[str], frozenset[str]]) -> Lessons:
        """Return the lessons of some lines."""
        modules = {key: it for key, it in learned.items() if isinstance(it, LearnedModule)}
        needs = tuple(it for _, it in sorted(learned.items()) if isinstance(it, LearnedNeed))
        return cls(modules, attributes, needs)
