"""The bytes of a source file; imports no parser, which facts from the cache need none of."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 50_000_000
"""No program is larger; reading more would only exhaust memory."""


def read_bytes(path: Path, file: str) -> bytes:
    """Return the bytes of a source file.

    Raises:
        AnalysisError: it is missing, a folder, unreadable or absurdly large.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - one look instead of three
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise AnalysisError(f"{file} is not a regular file", "name a script")
        with open(path, "rb") as stream:  # noqa: PTH123 - as above
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise AnalysisError(f"{file} does not exist", "check the path") from error
    except IsADirectoryError as error:
        raise AnalysisError(
            f"{file} is a folder without a __main__.py", "name the script in it"
        ) from error
    except OSError as error:
        raise AnalysisError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise AnalysisError(f"{file} is larger than {MAX_BYTES // 1_000_000} MB: not a script")
    return data
