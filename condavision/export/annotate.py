"""``annotate``: what was inferred, written into the script as a PEP 723 block."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.declared.metadata import declares_elsewhere, read_metadata
from condavision.analysis.source.file_bytes import read_bytes
from condavision.analysis.source.scripts import script_file
from condavision.analysis.source.source import read_source
from condavision.core.model import Manager
from condavision.core.pythons import PythonRange
from condavision.core.specs import pypi_marked
from condavision.errors import AnalysisError, TargetKindError
from condavision.export.block import Additions, with_additions
from condavision.inference.coverage import Coverage, coverage
from condavision.system.files import replacing

if TYPE_CHECKING:
    from condavision.analysis.source.source import Source
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Annotation:
    """The bytes of a script without and with what it has to declare."""

    script: Path
    found: Coverage
    added: Additions
    before: bytes
    after: bytes

    @property
    def changed(self) -> bool:
        """Whether the script has to be written."""
        return self.before != self.after

    def write(self) -> None:
        """Write the script, with the permissions that it had.

        Raises:
            OSError: it cannot be written.
        """
        path = self.script.resolve()
        if self.changed:
            mode = stat.S_IMODE(path.stat().st_mode)
            with replacing(path, self.after) as temporary:
                temporary.chmod(mode)


def annotate(target: Target, workspace: Workspace) -> Annotation:
    """Return a script with all that it requires declared; nothing is written yet.

    What it requires is the same after as before.

    Raises:
        TargetKindError: it is not a script with a text of its own.
        AnalysisError: it cannot be read, or its block cannot be added to.
        ConfigError: an override or a declared dependency is not a requirement.
    """
    if not isinstance(target, Path):
        raise TargetKindError(f"{target} is not one script", "give the scripts themselves")
    if target.suffix == ".ipynb":
        raise TargetKindError(
            f"{target} is a notebook, and a block is for scripts",
            "a notebook declares what it needs by `%pip install` or `%conda install` in a cell",
        )
    found = coverage(target, workspace)
    path = script_file(target)
    data = read_bytes(path, str(target))
    source = read_source(path, str(target), data)
    added = _additions(found)
    if not added:
        return Annotation(path, found, added, data, data)
    if declares_elsewhere(source):
        raise AnalysisError(
            f"{target} declares what it needs in another way, which a block would replace",
            "move that into a `# /// script` block first: see PEP 723",
        )
    after = with_additions(source, data, added)
    _require_same(found, read_source(path, str(target), after), workspace)
    return Annotation(path, found, added, data, after)


def _additions(found: Coverage) -> Additions:
    pythons = found.inference.requirements.python
    conda = (it for it in found.missing if it.manager is Manager.CONDA)
    return Additions(
        str(found.python) if found.python is not None else None,
        tuple(pypi_marked(it, pythons) for it in found.missing if it.manager is Manager.PYPI),
        tuple(f"{it.name} {it.constraint}".strip() for it in conda),
    )


def _require_same(found: Coverage, source: Source, workspace: Workspace) -> None:
    """Refuse a text that requires something else than the script does.

    Raises:
        AnalysisError: it does.
    """
    inference = found.inference
    metadata = read_metadata(source)
    analysis = replace(inference.analysis, metadata=metadata)
    if metadata.requires_python:
        pythons = analysis.python & PythonRange.from_specifier(metadata.requires_python)
        analysis = replace(analysis, python=pythons)
    if workspace.infer_as(inference, analysis).hash != inference.hash:
        raise AnalysisError(
            f"{inference.project.target}: no block says exactly what it requires",
            "declare its dependencies by hand; `condavision explain` lists them",
        )
