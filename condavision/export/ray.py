"""``ray``: a runtime environment of Ray, whose workers start in the locked environment."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.export.share import MARK, ExportFormat
from condavision.export.starting import start_of
from condavision.locks.yaml_text import yaml_text

if TYPE_CHECKING:
    from condavision.export.share import Share

_RAY = ("ray", "ray-core")  # on PyPI; on conda-forge


def _render(share: Share) -> str:
    """Return a runtime environment in YAML.

    ``working_dir`` brings the project, with its locks, to each node; ``py_executable`` is the
    command that a worker is started with: the exec stage.

    Raises:
        UsageError: the lock has no Ray, or files of the target lie outside the project.
    """
    script = share.require_script()
    versions = [it.version for it in share.packages if it.name in _RAY]
    if not versions:
        raise UsageError(
            f"the lock {share.lock.hash} has no Ray, which every worker of Ray imports",
            "import ray in the script, then run `condavision lock SCRIPT`",
        )
    start = start_of(script)
    move = ["-C", str(start.folder)] if start.folder != PurePosixPath() else []
    command = ["condavision", *move, "exec", "--quiet", *start.words, "--", "python"]
    key = json.dumps(script.located.project.key)
    return (
        f"# Where Ray starts the workers of {key}; {MARK}.\n"
        f"# The cluster's Ray has to be {versions[0]}, on Python {share.python}.\n"
        + yaml_text({"working_dir": ".", "py_executable": shlex.join(command)})
    )


FORMAT = ExportFormat(_render, needs_script=True)
