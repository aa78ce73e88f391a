"""``!pip install`` and ``%conda install`` lines of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from condavision.analysis.declared.declarations import python_version
from condavision.analysis.source.notebook import installs
from condavision.core.model import Declared, Manager

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations


def read_installs(into: Declarations) -> None:
    """Read what is installed; paths and URLs of the author's machine, and Python, are skipped."""
    for tool, text, row in installs(into.source.text):
        manager = Manager.PYPI if tool == "pip" else Manager.CONDA
        if _is_requirement(manager, text):
            into.dependencies.append(Declared(manager, text, into.source.location(row)))


def _is_requirement(manager: Manager, text: str) -> bool:
    if manager is Manager.CONDA:
        return python_version(text) is None
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True
