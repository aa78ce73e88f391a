"""Refusing what no Python can run, before anything is solved for it.

The parser goes on after an error, and some files it stumbles over are fine. So where it left
something unread and the Python we run on is among those that should read the file, that Python's
own compiler has the last word.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from condavision.model import Analysis

__all__ = ["require_readable"]


def require_readable(analysis: Analysis) -> None:
    """Refuse a script that is empty, or that has lines which are not Python.

    Raises:
        AnalysisError: names the first such line of the script or of a module it reaches.
    """
    script = analysis.files[0].path
    if not script.read_bytes().strip():
        raise AnalysisError(f"{script.name} is empty: there is nothing to run", "write it first")
    if sys.version_info[:2] not in analysis.python:
        return  # our compiler would refuse what another Python reads
    unread = {region.location.file for region in analysis.unread}
    for source in analysis.files:
        if any(source.path.as_posix().endswith(name) for name in unread):
            _compile(source.path.read_bytes(), source.path.name)


def _compile(source: bytes, name: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise AnalysisError(
            f"{name}:{error.lineno}: not Python: {error.msg}",
            "correct the line, then lock again",
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise AnalysisError(
            f"{name}: not Python: {error}", "correct it, then lock again"
        ) from error
