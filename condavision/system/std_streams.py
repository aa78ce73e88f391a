"""Handles standard streams that are closed or cannot be written.

A daemon starts its programs without some of them, and standard output may go to a full disk.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from condavision.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN, _STDOUT = 0, 1
_ANY_NAME = "condavision.any-name"


def guard_streams() -> None:
    """Open every missing standard stream, and let standard output raise errors of its own.

    Call it before a file is opened: a file opened while a standard descriptor is closed gets its
    number, and all output to that stream.
    """
    missing = [descriptor for descriptor in range(3) if not _is_open(descriptor)]
    for descriptor in missing:
        # The lowest free number is this one. It is not inheritable, so that the
        # script's closed streams stay closed, as with `python SCRIPT`.
        os.open(os.devnull, os.O_RDONLY if descriptor == _STDIN else os.O_WRONLY)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    codecs.register_error(_ANY_NAME, _any_name)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_ANY_NAME)
    if _STDOUT not in missing and not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Output(_STDOUT, "w", closefd=False)),
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
        )


def _any_name(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write the bytes of a file's name unchanged, and escape any other character."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character, following = error.object[error.start], error.start + 1
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) & 0xFF]), following
    return character.encode("ascii", "backslashreplace"), following


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends


class _Output(io.FileIO):
    """Standard output whose errors differ from those of other files."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write to the descriptor.

        Raises:
            OutputError: that failed.
            BrokenPipeError: its reader has closed it, which is not an error of ours.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(
                f"standard output cannot be written: {reason}", "free space, or write elsewhere"
            ) from error
