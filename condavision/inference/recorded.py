"""What ``scripts.yml`` records for a target that decides how it is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.locks.index import Reading
from condavision.project.targets import folder_keys

if TYPE_CHECKING:
    from condavision.inference.workspace import Workspace
    from condavision.project.project import Project


def recorded_reading(project: Project, workspace: Workspace) -> Reading:
    """Return the local search paths and the floor that are recorded for a target or its folders."""
    entries = [
        entry
        for local in (False, True)
        for key in (project.key, *folder_keys(project.key))
        for entry in workspace.index(project.locks(local=local)).of(key)
    ]
    floors = [it.floor for it in entries if it.floor is not None]
    return Reading(
        tuple(path for it in entries for path in it.paths), min(floors) if floors else None
    )
