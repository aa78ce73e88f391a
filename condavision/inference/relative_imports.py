"""Scripts that import relatively: Python runs them as modules only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import module_name
from condavision.core.model import ImportKind
from condavision.inference.diagnostics import RelativeImport
from condavision.inference.recorded import recorded_reading
from condavision.project.targets import Module

if TYPE_CHECKING:
    from condavision.core.model import Analysis
    from condavision.inference.workspace import Workspace
    from condavision.project.project import Project
    from condavision.project.targets import Target

MAY_FAIL = frozenset({ImportKind.OPTIONAL, ImportKind.FALLBACK, ImportKind.TYPING})
"""Imports that need not succeed for the script to run."""


def relative_import(project: Project, analysis: Analysis) -> RelativeImport | None:
    """Return the first relative import that fails because a script is run by its path, if any."""
    if not isinstance(project.target, Path):
        return None
    relative = [it for it in analysis.imports if it.reason.is_relative]
    if not relative:
        return None
    script = analysis.files[0].path
    root = project.config.root.as_posix().rstrip("/")
    shown = script.as_posix().removeprefix(f"{root}/")
    for imported in relative:
        if imported.location.file == shown and imported.kind not in MAY_FAIL:
            return RelativeImport(imported.location, *module_name(script))
    return None


def module_of(found: RelativeImport) -> Module | None:
    """Return the module that the script runs as instead, None if its name cannot be one."""
    return Module(found.module, found.folder.absolute()) if found.module else None


def relative_import_of(target: Target, workspace: Workspace) -> RelativeImport | None:
    """Return the same of a target that is still to be read.

    Raises:
        AnalysisError: it does not exist, or cannot be read.
        ConfigError: its configuration is wrong.
    """
    if not isinstance(target, Path):
        return None
    project = workspace.project(target)
    paths = recorded_reading(project, workspace).paths  # as the look-up of its lock reads it
    return relative_import(project, workspace.analysis(project, paths))
