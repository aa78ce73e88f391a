"""Scripts, the requirement sets they belong to, and the locked packages: the content of pictures.

Nothing is solved, and nothing is read but the project's files and what is kept on this machine.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.artefacts.sizes import known_sizes
from condavision.artefacts.store import EvidenceStore
from condavision.core.model import LockRecord
from condavision.errors import CondavisionError
from condavision.inference.inference import applying
from condavision.inference.lock_lookup import locate
from condavision.inference.readable import require_lockable
from condavision.inference.recorded import recorded_reading
from condavision.inspection.check import LockState, check_targets
from condavision.inspection.dependencies import dependencies_of
from condavision.inspection.dependency_graph import key_of
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import LockedPackage
    from condavision.inference.inference import Inference
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace
    from condavision.inspection.check import Checked
    from condavision.inspection.dependency_graph import Dependencies
    from condavision.project.project import Project
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Script:
    """A target, the state of its lock, and what its source requires.

    ``project`` and ``inference`` are None where it cannot be read, ``located`` where it has no lock
    that fits.
    """

    target: Target
    checked: Checked
    project: Project | None = None
    inference: Inference | None = None
    located: Located | None = None

    @property
    def name(self) -> str:
        """Its key in ``scripts.yml``, else what was given."""
        return self.project.key if self.project else str(self.target)

    @property
    def requirement_set(self) -> tuple[Path, str] | None:
        """The locks folder and the requirement hash of the lock that it has, or would get."""
        if self.located is not None:
            return self.located.path.parent, self.located.lock.hash
        if self.project is None or self.inference is None:
            return None
        return self.project.locks(local=self.inference.local), self.inference.hash


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """A requirement hash, the scripts that have it, and the packages of its lock on one platform.

    ``dependencies`` are None where no script has that lock.
    """

    hash: str
    scripts: tuple[Script, ...]
    dependencies: Dependencies | None = None

    @property
    def located(self) -> tuple[Located, ...]:
        """The scripts with the lock."""
        return tuple(it.located for it in self.scripts if it.located)

    @property
    def direct(self) -> tuple[LockedPackage, ...]:
        """The locked packages that the scripts require, Python first."""
        return tuple(it for _, it in self.dependencies.direct) if self.dependencies else ()

    @property
    def packages(self) -> tuple[LockedPackage, ...]:
        """The locked packages, the direct ones first."""
        others = self.dependencies.packages.values() if self.dependencies else ()
        return tuple({key_of(it): it for it in (*self.direct, *others)}.values())

    @property
    def python(self) -> str | None:
        """The version of the locked Python."""
        return next((it.version for it in self.direct if it.name == "python"), None)

    @property
    def record(self) -> LockRecord:
        """What the lock records about itself, as far as it is about these scripts."""
        record = next((it.lock.record for it in self.located), LockRecord())
        return applying(record, *(it.inference for it in self.located))


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of artefacts as they are downloaded; ``unknown`` of ``count`` are not in it."""

    count: int = 0
    bytes: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Overview:
    """Everything that pictures show. ``sizes`` are bytes of artefacts, by SHA-256."""

    scripts: tuple[Script, ...]
    sets: tuple[RequirementSet, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def packages(self) -> dict[str, LockedPackage]:
        """The packages of all locks, each once, by the SHA-256 of its artefact."""
        return {it.sha256: it for one in self.sets for it in one.packages}

    @cached_property
    def users(self) -> dict[str, tuple[RequirementSet, ...]]:
        """The requirement sets whose locks have an artefact, by its SHA-256."""
        users: dict[str, list[RequirementSet]] = {}
        for one in self.sets:
            for it in one.packages:
                users.setdefault(it.sha256, []).append(one)
        return {sha256: tuple(found) for sha256, found in users.items()}

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of distributions whose requirements are not known here."""
        found = (key[1] for it in self.sets if it.dependencies for key in it.dependencies.unread)
        return tuple(sorted({*found}))

    def size(self, packages: Iterable[LockedPackage]) -> Size:
        """Return how much packages are to download, each artefact once."""
        digests = {it.sha256 for it in packages}
        known = [self.sizes[it] for it in digests if it in self.sizes]
        return Size(len(digests), sum(known), len(digests) - len(known))


def overview(targets: Iterable[Target], workspace: Workspace) -> Overview:
    """Return targets with their requirement sets, in the order of the targets."""
    targets = tuple(targets)
    checked = check_targets(targets, workspace).checked
    scripts = tuple(_read(*it, workspace) for it in zip(targets, checked, strict=True))
    by_set: dict[tuple[Path, str], list[Script]] = {}
    for script in scripts:
        if script.requirement_set is not None:
            by_set.setdefault(script.requirement_set, []).append(script)
    sets = tuple(_set(hashed, members, workspace) for (_, hashed), members in by_set.items())
    packages = [package for it in sets for package in it.packages]
    return Overview(scripts, sets, known_sizes(packages, EvidenceStore.below(home())))


def _read(target: Target, checked: Checked, workspace: Workspace) -> Script:
    project = workspace.valid_project(target)
    if project is None:
        return Script(target, checked)
    located = None
    with suppress(CondavisionError):
        located = locate(target, workspace)
    try:
        recorded = located.entry.channels if located else ()
        inference = workspace.infer(
            workspace.project(target, recorded), recorded_reading(project, workspace)
        )
        if located is None:
            inference.require_runnable(workspace.require_readable)
    except CondavisionError as error:
        failed = replace(checked, state=LockState.of(error), error=error, code=error.code)
        return Script(target, failed if located is None else checked, project, None, located)
    if located is None:
        try:
            require_lockable(inference, workspace)
        except CondavisionError as error:  # it cannot be locked as it is
            checked = replace(checked, error=error, code=error.code)
    return Script(target, checked, project, inference, located)


def _set(hashed: str, scripts: Iterable[Script], workspace: Workspace) -> RequirementSet:
    found = RequirementSet(hashed, tuple(scripts))
    first = next(iter(found.located), None)
    if first is None:
        return found
    return replace(found, dependencies=dependencies_of(first, None, workspace, offline=True))
