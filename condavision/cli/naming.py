"""The names of targets and files: in tables, where several would have the same, and of many."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from condavision.project.project import Project
from condavision.project.targets import key_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.project.targets import Target


def target_names(targets: Sequence[Project | Target]) -> list[str]:
    """Return the names of targets: their keys, or paths where several would have one name.

    Those whose projects have errors are named as they were given.
    """
    roots = {it.config.root for it in targets if isinstance(it, Project)}
    names = [it.key if isinstance(it, Project) else str(it) for it in targets]
    if len(roots) < 2 and len({*names}) == len(names):
        return names
    return [_path_name(it) if isinstance(it, Project) else str(it) for it in targets]


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return a name for each path: its last part, or as many as distinguish it from the others."""
    parts = {path: PurePath(path).parts for path in paths}

    def name(path: str) -> str:
        for count in range(1, len(parts[path])):
            tail = parts[path][-count:]
            if sum(other[-count:] == tail for other in parts.values()) == 1:
                return str(PurePath(*tail))
        return path

    return {path: name(path) for path in parts}


def _path_name(project: Project) -> str:
    here, root = Path.cwd().resolve(), project.config.root
    if place_of(project.target).is_relative_to(here):
        return key_of(project.target, here)
    return f"{project.key} in {root}"
