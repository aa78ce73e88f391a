"""What happens while locks are solved, for whoever shows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LockProgress"]


class LockProgress:
    """Says nothing; the others say more."""

    @contextmanager
    def solving(self, sets: int) -> Iterator[None]:
        """Cover the solves of so many requirement sets."""
        del sets
        yield

    def started(self, script: str) -> None:
        """Say that a script's requirement set is being solved."""

    def waiting(self, script: str, seconds: float) -> None:
        """Say that it still is, after so long."""

    def finished(self, script: str) -> None:
        """Say that it has been."""
