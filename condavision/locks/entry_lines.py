"""The lines of ``scripts.yml`` and ``accepted.yml``: one entry each, so that git joins branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from condavision.errors import LockfileError
from condavision.system.files import read_text_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")


def read_entry_lines(path: Path) -> str:
    """Return the text of a file of entries, an empty one if there is no such file.

    Raises:
        LockfileError: it cannot be read.
    """
    try:
        return read_text_file(path)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise LockfileError(
            f"{path} cannot be read: {getattr(error, 'strerror', '') or error}",
            "check its permissions, or restore it from version control",
        ) from error


def parse_entry_lines(text: str, path: Path, parse: Callable[[str], T], again: str) -> Iterator[T]:
    """Yield what ``parse`` makes of each line that is neither empty nor a comment.

    ``again`` is what to do once a line that is no entry was deleted.

    Raises:
        LockfileError: a line is not an entry; the message has its number.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entry = parse(line)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LockfileError(
                f"{path}:{number}: not a valid entry: {line.strip()[:60]}",
                f"resolve the merge conflict, or delete the line and {again}",
            ) from error
        yield entry
