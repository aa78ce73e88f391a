"""Exclusive locks between processes that outlive their holder as long as its children write.

The lock belongs to an open file, not to a process: a child that inherits the descriptor keeps it
held, so that the orphans of a killed builder finish before another process builds.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

if sys.platform == "win32":
    from filelock import lock_descriptor, unlock_descriptor
else:  # filelock makes this one call there, and importing it takes 20 ms
    import fcntl

    def lock_descriptor(descriptor: int, *, blocking: bool) -> bool:
        """Lock an open file; return whether that was possible."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
        except (BlockingIOError, PermissionError):  # some file systems raise the second
            if blocking:
                raise
            return False
        return True

    def unlock_descriptor(descriptor: int) -> None:
        """Release an open file."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Hold the lock file ``path``, waiting for it if need be; yield its descriptor.

    ``on_wait`` is called once, before waiting. Lend the descriptor to every child that writes
    where the lock guards (``subprocess``'s ``pass_fds``).

    Raises:
        OSError: the lock file cannot be made or locked.
    """
    descriptor = _locked(path, blocking=False)
    if descriptor is None:
        on_wait()
        descriptor = _locked(path, blocking=True)
    assert descriptor is not None  # noqa: S101 - a blocking attempt has it
    yield from _held(descriptor)


@contextmanager
def try_exclusive(path: Path) -> Iterator[int | None]:
    """Hold the lock file ``path`` if no other process does; yield its descriptor, or None.

    Raises:
        OSError: the lock file cannot be made or locked.
    """
    descriptor = _locked(path, blocking=False)
    if descriptor is None:
        yield None
    else:
        yield from _held(descriptor)


def _held(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        unlock_descriptor(descriptor)
        os.close(descriptor)


def _locked(path: Path, *, blocking: bool) -> int | None:
    """Open and lock ``path``; start over where it was unlinked between the two."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not lock_descriptor(descriptor, blocking=blocking):
                os.close(descriptor)
                return None
            if _is_current(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
