"""Refusing scripts that no Python can run, before anything is solved for them.

The parser continues after an error and accepts much that no compiler does. So if the running Python
is among those that should run the script, its compiler decides. Local modules are not compiled: one
of them may be for other Pythons only.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from condavision.errors import AnalysisError, NotPythonError

if TYPE_CHECKING:
    from condavision.core.pythons import PythonRange


def require_readable(
    source: bytes | None, pythons: PythonRange, name: str, *, empty: bool = False
) -> bool:
    """Refuse a script that is empty, or that has lines which are not Python.

    ``source`` are its bytes, None if it cannot be read; ``pythons`` are those that should run it;
    ``empty`` allows an empty one. Return whether the same bytes need not be checked again, under
    any other conditions either.

    Raises:
        AnalysisError: names the first such line of the script, which is shown as ``name``.
    """
    if source is None:
        raise AnalysisError(f"{name} cannot be read", "check its permissions")
    if not source.strip() and not empty:
        raise AnalysisError(f"{name} is empty: there is nothing to run", "write it first")
    if not name.endswith(".ipynb") and sys.version_info[:2] in pythons:
        _compile(source, name)
        return bool(source.strip())
    return False


def is_refused(source: bytes | None, pythons: PythonRange, name: str) -> bool:
    """Return whether a file with unread regions is not Python for any of its Pythons.

    ``source`` are its bytes, None if it cannot be read. If the running Python is not one of them,
    an older one may be able to read it.
    """
    if name.endswith(".ipynb"):
        return False
    here = sys.version_info[:2]
    if here not in pythons:
        return bool(pythons) and here < min(pythons.minors)
    if source is None:
        return True
    try:
        _compile(source, name)
    except AnalysisError:
        return True
    return False


def _compile(source: bytes, name: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise NotPythonError(
            f"{name}:{error.lineno}: not Python: {error.msg}",
            "correct the line, then lock again",
            line=error.text or "",
            column=error.offset or 0,
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise AnalysisError(
            f"{name}: not Python: {error}", "correct it, then lock again"
        ) from error
