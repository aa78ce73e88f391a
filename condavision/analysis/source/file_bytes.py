"""The bytes of a source file; imports no parser, which facts from the cache need none of."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from condavision.errors import AnalysisError
from condavision.system.files import read_file

if TYPE_CHECKING:
    from pathlib import Path


def read_bytes(path: Path, file: str) -> bytes:
    """Return the bytes of a source file.

    Raises:
        AnalysisError: it is missing, a folder, unreadable or absurdly large.
    """
    try:
        return read_file(path)
    except FileNotFoundError as error:
        raise AnalysisError(f"{file} does not exist", "check the path") from error
    except IsADirectoryError as error:
        raise AnalysisError(
            f"{file} is a folder without a __main__.py", "name the script in it"
        ) from error
    except OSError as error:
        cause = None if error.errno == errno.EFBIG else error  # it could be opened
        raise AnalysisError(
            f"{file} cannot be read: {error.strerror or error}",
            "check that it is a script, and its permissions",
        ) from cause
