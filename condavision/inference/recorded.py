"""What ``scripts.yml`` records for a target that decides how it is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.project.targets import folder_keys

if TYPE_CHECKING:
    from condavision.inference.workspace import Workspace
    from condavision.project.project import Project


def recorded_paths(project: Project, workspace: Workspace) -> tuple[str, ...]:
    """Return the local search paths that ``scripts.yml`` records for a target or its folders."""
    found: list[str] = []
    for local in (False, True):
        index = workspace.index(project.locks(local=local))
        for key in (project.key, *folder_keys(project.key)):
            for entry in index.of(key):
                found += entry.paths
    return tuple(found)
