"""The Python that runs condavision, apart from the user's: PYTHONPATH is for scripts."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

_PACKAGES = Path(__file__).parents[2]


def drop_users_paths() -> None:
    """Take from ``sys.path`` what PYTHONPATH and the current folder add.

    For ``python -m condavision`` and the ``.exe`` on Windows; elsewhere the command starts Python
    without them.
    """
    added = [] if sys.flags.safe_path else sys.path[:1]
    if not sys.flags.ignore_environment and "PYTHONPATH" in os.environ:
        added += os.environ["PYTHONPATH"].split(os.pathsep)
    users = {*added, *map(os.path.abspath, added)}  # as `site` does
    ours = {*site.getsitepackages(), site.getusersitepackages(), str(_PACKAGES), *_stdlib()}
    sys.path[:] = [path for path in sys.path if path in ours or path not in users]


def _stdlib() -> tuple[str, str]:
    folder = os.path.dirname(os.__file__)  # noqa: PTH120
    return folder, f"{folder}/lib-dynload"


def own_python(code: str) -> list[str]:
    """Return a command that runs ``code`` in a Python that imports what this process does."""
    return [sys.executable, "-EP", "-c", f"import sys; sys.path[:] = {sys.path!a}; {code}"]


def variables_of_tools() -> dict[str, str]:
    """Return the variables for a tool that may be written in Python, less those for scripts'.

    COLUMNS is left out too: uv would break lines of errors, which are read here, at that width.
    """
    users = ("PYTHONHOME", "PYTHONPATH", "COLUMNS")
    from condavision.system.limits import few_threads  # noqa: PLC0415 - `drop_users_paths` is first

    kept = {name: value for name, value in os.environ.items() if name not in users}
    return {**few_threads(), **kept}
