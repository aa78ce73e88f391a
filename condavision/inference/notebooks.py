"""Notebooks are locked as scripts are, but Jupyter runs them, not Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


def refuse_notebook(target: Target, workspace: Workspace) -> None:
    """Refuse a notebook where a process is to be started.

    Raises:
        UsageError: the target is one.
    """
    if not isinstance(target, Path) or target.suffix != ".ipynb":
        return
    quoted = shell_word(target)
    kernel = re.sub("[^A-Za-z0-9._-]+", "-", target.stem).strip("-") or "notebook"
    raise UsageError(
        f"{target} is a notebook, which Python itself cannot run",
        "in a cell of its own, import what Jupyter runs it with: `import ipykernel`",
        f"then run `{workspace.lock_command(target)}`",
        "and make its environment a kernel of Jupyter:"
        f' "$(condavision path --python {quoted})" -m ipykernel install --user --name {kernel}',
    )
