"""What ``explain`` shows: every import and why, every reason for the Python range, the hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.analysis.parameters.read import read_interface
from condavision.core.model import Manager
from condavision.core.platforms import current_subdir
from condavision.inference.diagnose import diagnose
from condavision.inference.readable import obstacle
from condavision.locks.lockfile import direct_packages
from condavision.project.targets import Together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.parameters.interface import Interface
    from condavision.core.model import Lock, LockedPackage, Requirement
    from condavision.errors import CondavisionError, Diagnostic
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.mapping.decisions import Resolution

    _Locked = dict[tuple[Manager, str], LockedPackage]


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """A requirement with all its constraints, and the locked package for it."""

    needed: Requirement
    locked: LockedPackage | None


@dataclass(frozen=True, slots=True)
class ImportLine:
    """An imported module, and what it requires; None if it needs or has no package."""

    found: Resolution
    required: RequirementLine | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything known about a target.

    ``inference`` has the analysis, the requirements and their hash. ``declared`` are the
    requirements that no import corresponds to. ``diagnostics`` are likely mistakes. ``lock`` is the
    one that it may run under, None if there is none that fits. ``together`` is the key of the
    folder or module whose lock that is, if the target has no lock of its own. ``interface`` is what
    the script takes on its command line, None if the target is several scripts. ``obstacle`` is
    why what has no lock cannot be locked as it is.
    """

    inference: Inference
    imports: tuple[ImportLine, ...]
    declared: tuple[RequirementLine, ...]
    diagnostics: tuple[Diagnostic, ...]
    lock: Lock | None = None
    together: str | None = None
    interface: Interface | None = None
    obstacle: CondavisionError | None = None


def explain(
    inference: Inference,
    workspace: Workspace,
    lock: Lock | None = None,
    *,
    together: str | None = None,
) -> Explanation:
    """Return everything known about a target, with its lock's versions on this platform."""
    locked = _locked(inference, lock)
    return Explanation(
        inference,
        tuple(_imports(inference, locked)),
        tuple(_declared(inference, locked)),
        diagnose(inference, workspace),
        lock,
        together,
        _interface(inference),
        obstacle(inference.project, workspace) if lock is None else None,
    )


def _interface(inference: Inference) -> Interface | None:
    project = inference.project
    if isinstance(project.target, Together):
        return None
    return read_interface(inference.analysis.files, project.config.root)


def _locked(inference: Inference, lock: Lock | None) -> _Locked:
    """Return the locked package of each direct requirement."""
    if lock is None:
        return {}
    direct = direct_packages(inference.requirements, lock.on(current_subdir()))
    return {_key(needed): package for needed, package in direct if needed is not None}


def _key(needed: Requirement) -> tuple[Manager, str]:
    return needed.manager, needed.name


def _imports(inference: Inference, locked: _Locked) -> Iterator[ImportLine]:
    """Yield a line for each imported module, in the order of the analysis."""
    joined = {_key(needed): needed for needed in inference.requirements.requirements}
    for found in inference.resolutions:
        required = None
        if found.requirement is not None:  # every place that requires it constrains it
            key = _key(found.requirement)
            required = RequirementLine(joined.get(key, found.requirement), locked.get(key))
        yield ImportLine(found, required)


def _declared(inference: Inference, locked: _Locked) -> Iterator[RequirementLine]:
    resolved = (found.requirement for found in inference.resolutions)
    imported = {_key(needed) for needed in resolved if needed is not None}
    for needed in inference.requirements.requirements:
        key = _key(needed)
        if key not in imported and needed.manager is not Manager.IMPORT and needed.sources:
            yield RequirementLine(needed, locked.get(key))
