"""Notebooks are locked as scripts are, but Jupyter runs them, not Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import TargetKindError
from condavision.project.targets import near
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from condavision.project.targets import Target


def is_notebook(target: Target) -> bool:
    """Return whether a target is a notebook."""
    return isinstance(target, Path) and target.suffix == ".ipynb"


def refuse_notebook(target: Target) -> None:
    """Refuse a notebook where a process is to be started.

    Raises:
        TargetKindError: the target is one.
    """
    if not is_notebook(target):
        return
    shown = near(Path(str(target)))
    quoted = shell_word(shown)
    raise TargetKindError(
        f"{shown} is a notebook, which Jupyter runs",
        f"execute it: run `condavision run {quoted}`",
        f"or make its environment a kernel of Jupyter: run `condavision kernel {quoted}`",
    )
