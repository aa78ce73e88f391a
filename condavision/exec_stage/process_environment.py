"""The variables and limits of a run's process: a short list, and none of the server's secrets."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.serving import Serving

RUN_ID = "CONDAVISION_RUN"
"""The variable that has the ID of the run."""

_PASSED = frozenset(
    {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"}
)


def variables(run_id: str, settings: Serving, server: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a process, before activation, out of the ``server``'s own.

    Output is not buffered, so that a client sees it as it is written.
    """
    named = _PASSED.union(settings.environment)
    passed = {k: v for k, v in server.items() if k in named or k.startswith("LC_")}
    return {"PYTHONUNBUFFERED": "1", **passed, RUN_ID: run_id}


def rlimits(settings: Serving) -> dict[int, int]:
    """Return the limits of the operating system for a process and those it starts."""
    if sys.platform == "win32":
        return {}
    found = {
        resource.RLIMIT_AS: settings.memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: settings.cpu,
        resource.RLIMIT_FSIZE: settings.output,
        resource.RLIMIT_NOFILE: settings.files,
    }
    if os.geteuid():  # root is not counted
        found[resource.RLIMIT_NPROC] = settings.processes
    return found
