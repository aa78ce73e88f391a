"""A target read under its project's configuration: what it requires, and the hash of that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.analyze import analyze, analyze_module, analyze_together
from condavision.analysis.source.script_search import ScriptSearch
from condavision.inference.inference import Derivation, Inference
from condavision.inference.needs import needs_of, with_needs
from condavision.inference.requirements import derive, requirement_hash
from condavision.project.settings import plain
from condavision.project.targets import Module, Together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.analysis.facts.reader import Reader
    from condavision.core.model import Analysis
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import Lessons
    from condavision.project.config import Config
    from condavision.project.project import Project
    from condavision.project.targets import Target


def infer(
    project: Project,
    analysis: Analysis,
    import_map: ImportMap,
    together: ScriptSearch | None = None,
    learned: Lessons | None = None,
) -> Inference:
    """Derive the requirement set of an analysis; nothing is solved and no network is used.

    ``learned`` is what the project's ``modules.yml`` has.

    Raises:
        ConfigError: an override or a declared dependency is not a requirement.
    """
    needs = needs_of(analysis, learned.needs) if learned is not None else ()
    analysis = with_needs(analysis, needs)
    requirements, resolutions = derive(analysis, project.config, import_map, learned)
    found = Derivation(analysis, requirements, resolutions, needs)
    return Inference(project, requirement_hash(requirements), lambda: found, together)


def analyze_target(
    target: Target,
    config: Config,
    pythonpath: Sequence[Path],
    reader: Reader,
    together: ScriptSearch | None,
) -> Analysis:
    """Read a target under the search path of its project; ``together`` are a folder's scripts.

    Raises:
        AnalysisError: it cannot be read as Python, or declares something malformed.
    """
    root, paths = config.root, config.paths
    if isinstance(target, Module):
        name, folder = target.name, target.folder
        return analyze_module(
            name, folder=folder, root=root, paths=paths, pythonpath=pythonpath, reader=reader
        )
    if isinstance(target, Together):
        found = together or ScriptSearch((), ())
        return analyze_together(
            found.scripts,
            modules=found.modules,
            root=root,
            paths=paths,
            pythonpath=pythonpath,
            reader=reader,
        )
    return analyze(target, root=root, paths=paths, pythonpath=pythonpath, reader=reader)


def python_path() -> tuple[Path, ...]:
    """Return the folders of PYTHONPATH, absolute."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(plain(Path(folder).absolute()) for folder in folders if folder)
