"""Whether what a script declares covers what it imports: what is missing, what nothing imports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.core.pythons import PythonRange
from condavision.inference.recorded import recorded_reading
from condavision.inference.requirements import merged
from condavision.mapping.decisions import DeclaredAt
from condavision.mapping.declared import declared_requirements

if TYPE_CHECKING:
    from condavision.core.model import Requirement
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


class CoverageState(StrEnum):
    """Whether what is declared covers what is required."""

    OK = "ok"
    INCOMPLETE = "incomplete"
    NONE = "none"
    """Nothing is declared, so that nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a target declares, compared with what it requires.

    ``missing`` is required and not declared. ``inferred`` is too, but a script cannot declare it:
    a distribution that nobody vouches for and nobody has accepted, an import left to the channel, a
    conda package for some platforms or Pythons. ``unneeded`` is declared, and nothing imports it.
    ``python`` are the Pythons to declare, None where what is declared has no others.
    """

    inference: Inference
    missing: tuple[Requirement, ...]
    inferred: tuple[Requirement, ...]
    unneeded: tuple[Requirement, ...]
    python: PythonRange | None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and self.python is None

    @property
    def claims(self) -> bool:
        """Whether anything is declared."""
        found = self.inference.analysis.metadata
        return bool(found.requires_python or found.dependencies)

    @property
    def state(self) -> CoverageState:
        """The same as a state."""
        if self.complete:
            return CoverageState.OK
        return CoverageState.INCOMPLETE if self.claims else CoverageState.NONE

    @property
    def code(self) -> int:
        """The exit code: 1 if more has to be declared."""
        return int(self.state is CoverageState.INCOMPLETE)


def coverage(target: Target, workspace: Workspace) -> Coverage:
    """Compare what a target declares with what it requires.

    Raises:
        AnalysisError: it cannot be read, or no Python runs it.
        ConfigError: an override or a declared dependency is not a requirement.
    """
    project = workspace.project(target)
    inference = workspace.infer(project, recorded_reading(project, workspace))
    inference.require_runnable(workspace.require_readable)
    analysis, required = inference.analysis, inference.requirements
    declared = declared_requirements(analysis, workspace.import_map, project.config.root)
    known = {_key(it) for it in merged(declared, required.python)}
    lacking = [it for it in required.requirements if _key(it) not in known]
    accepted = workspace.accepted_names(project)
    refused = {it.distribution for it in inference.candidates} - accepted
    used = {
        (it.requirement.manager, it.requirement.name)
        for it in inference.resolutions
        if it.requirement is not None and isinstance(it.decision, DeclaredAt)
    }
    return Coverage(
        inference,
        missing=tuple(it for it in lacking if _declarable(it) and it.name not in refused),
        inferred=tuple(it for it in lacking if not _declarable(it) or it.name in refused),
        unneeded=tuple(it for it in declared if (it.manager, it.name) not in used),
        python=_python(inference),
    )


def _key(requirement: Requirement) -> Requirement:
    """Return what of a requirement takes part in the requirement hash."""
    return replace(requirement, conda=None, conda_constraint="", sources=())


def _declarable(requirement: Requirement) -> bool:
    if requirement.manager is Manager.CONDA:
        return not requirement.platforms and requirement.pythons is None
    return requirement.manager is Manager.PYPI


def _python(inference: Inference) -> PythonRange | None:
    """Return the Pythons to solve for, if more are declared than the code admits.

    Older ones than those of ``python-floor`` would have other tools solve for them too.
    """
    needed, text = inference.analysis.python, inference.analysis.metadata.requires_python
    declared = PythonRange.from_specifier(text) if text else PythonRange()
    return None if declared.minors <= needed.minors else inference.requirements.python
