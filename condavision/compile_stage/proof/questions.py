"""What a lock's packages are checked for: every import that a script cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.model import ImportKind, Manager
from condavision.core.modules import prefixes
from condavision.core.origin import Origin
from condavision.core.platforms import family_of
from condavision.core.pythons import minor_of
from condavision.mapping.decisions import Overridden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from condavision.core.model import LockedPackage, Requirement, SourceLocation
    from condavision.core.pythons import PythonRange
    from condavision.inference.inference import Inference
    from condavision.mapping.decisions import Decision, Resolution
    from condavision.mapping.import_map import ImportMap

_ASKED = frozenset({ImportKind.REQUIRED, ImportKind.PLATFORM, ImportKind.DYNAMIC})
OLD_FLASK = ("flask.ext", "flaskext")
"""Packages of extensions that no Flask of today has; a lock has today's extensions for them."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether the package of ``needed`` has a module, and in it ``names``, as a place imports them.

    ``decision`` is what chose the package; ``candidates`` are others that may supply the module, of
    which a person need accept none.
    """

    module: str
    names: tuple[str, ...]
    location: SourceLocation
    needed: Requirement
    decision: Decision | None
    candidates: tuple[str, ...] = ()
    platforms: frozenset[str] = frozenset()
    pythons: PythonRange | None = None

    def is_asked_on(self, platform: str, python: str) -> bool:
        """Return whether the import runs on a platform, with a version of Python."""
        if self.platforms and family_of(platform) not in self.platforms:
            return False
        return self.pythons is None or minor_of(python) in self.pythons


@dataclass(frozen=True, slots=True)
class Installed:
    """What releases are wanted for: a platform with its Python, the channels, the newest date.

    ``trusted`` are the channels in which a package may be taken by its name.
    """

    platform: str
    python: str
    channels: tuple[str, ...]
    trusted: tuple[str, ...] = ()
    newest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refuted:
    """A package that lacks what a question is about: ``lacking``, a module or a name in one."""

    question: Question
    lacking: str
    package: LockedPackage
    place: Installed


def questions_of(
    inference: Inference, import_map: ImportMap, attributes: Callable[[str], frozenset[str]]
) -> Iterator[Question]:
    """Yield the questions about the imports of a target.

    There are none about imports that may fail or that only type checkers see, and about those that
    a person has overridden. ``attributes`` returns those that the target takes from a module, which
    decide where several distributions have it.
    """
    requirements = {(it.manager, it.name): it for it in inference.requirements.requirements}
    for found in inference.resolutions:
        imported = found.imported
        is_needed = imported.kind in _ASKED and imported.origin is Origin.PACKAGE
        if not is_needed or not found.installed or isinstance(found.decision, Overridden):
            continue
        key = _key(found)
        needed = next((requirements[it] for it in key if it in requirements), None)
        if needed is None or imported.name.startswith(OLD_FLASK):
            continue
        provider = import_map.provider(found.module)
        others = (provider.pypi, *provider.others) if provider and not provider.candidate else ()
        names = imported.members
        if not names and provider is not None and provider.others:
            names = tuple(sorted(attributes(imported.name)))
        yield Question(
            imported.name,
            names,
            imported.location,
            needed,
            found.decision,
            tuple(it for it in others if it and it != needed.name),
            imported.platforms,
            imported.pythons,
        )


def _key(found: Resolution) -> tuple[tuple[Manager, str], ...]:
    """Return the manager and name of what supplies an import, as the requirement set has them."""
    if found.requirement is not None:
        return ((found.requirement.manager, found.requirement.name),)
    return tuple((Manager.IMPORT, prefix) for prefix in prefixes(found.module))
