"""The names of targets and files in tables, where several would have the same."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from condavision.errors import CondavisionError
from condavision.project.project import Project
from condavision.project.targets import key_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from condavision.inference.workspace import Workspace
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


def script_names(paths: Iterable[str], workspace: Workspace) -> dict[str, str]:
    """Return a name for each script: its path in its project, or more where others have it too."""

    def depth(path: str) -> int:
        file = Path(path)
        with suppress(CondavisionError, OSError):
            root = workspace.config(file.parent).root
            if file.is_relative_to(root):
                return len(file.relative_to(root).parts)
        return 1

    return short_names({path: depth(path) for path in paths})


def short_names(least: Mapping[str, int]) -> dict[str, str]:
    """Return a name for each path: as many of its last parts as distinguish it from the others.

    The values of ``least`` are how many parts it has at least.
    """
    parts = {path: PurePath(path).parts for path in least}

    def name(path: str) -> str:
        for count in range(least[path], len(parts[path])):
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
