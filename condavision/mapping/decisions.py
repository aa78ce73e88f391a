"""What decided which package supplies a module, and the result for each import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.core.model import ImportKind
from condavision.core.origin import Origin, OriginRule

if TYPE_CHECKING:
    from condavision.core.model import Import, Requirement, SourceLocation


@dataclass(frozen=True, slots=True)
class Overridden:
    """An override of ``module`` exists, which is the import or a parent package."""

    module: str


@dataclass(frozen=True, slots=True)
class DeclaredAt:
    """The script declares a dependency that has the module."""

    location: SourceLocation


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A requirements ``file``, relative to the project root, lists a package of that name."""

    file: str


class Choice(StrEnum):
    """What decided between the distributions that have a module."""

    LISTED = "listed"
    """The project's own files list one."""
    NEEDED = "needed"
    """Another import needs one anyway."""
    USUAL = "usual"
    """Nothing: it is the one that the map has first."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The bundled map of ``date`` (ISO 8601) has ``module``, the import or a parent package.

    ``candidate``: the only evidence is that a single PyPI distribution has such a module, so a
    person has to accept it. ``others`` are
    distributions that have the module as well, and ``choice`` is what decided between them.
    """

    module: str
    date: str
    candidate: bool = False
    others: tuple[str, ...] = ()
    choice: Choice = Choice.USUAL


@dataclass(frozen=True, slots=True)
class Learned:
    """``modules.yml`` has ``module``: the import, a parent package or a name in it.

    ``absent`` and ``present`` are the distributions that were looked at: ``moviepy 2.2.1``.
    ``candidate``: nobody has vouched for this one, so a person has to accept it.
    """

    module: str
    absent: tuple[str, ...]
    present: tuple[str, ...]
    candidate: bool = False


Decision = Overridden | DeclaredAt | NamedIn | Learned | Mapped
"""What decided which package supplies a module."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one imported module needs.

    ``module`` is the dotted name that decided. ``requirement`` and ``decision`` are None if no
    package is needed or known; an override with "no package" is a decision without a requirement.
    ``installed`` is whether it enters the requirement set, which an optional import does not.
    ``left_to_declared``: the module is implied by a package that the script declares, and so is
    left to that declaration.
    """

    imported: Import
    module: str
    requirement: Requirement | None = None
    decision: Decision | None = None
    installed: bool = True
    left_to_declared: bool = False

    @property
    def refused(self) -> bool:
        """Whether it is unknown because a package would hide local parts of its namespace."""
        return self.unknown and self.imported.reason.rule is OriginRule.ABSENT_PART

    @property
    def unknown(self) -> bool:
        """Whether no package is known for an import; what nothing imports is never unknown."""
        imported = self.imported
        is_imported = imported.origin is Origin.PACKAGE and imported.kind is not ImportKind.IMPLIED
        return is_imported and self.decision is None
