"""What whoever fetches files tells whoever shows it."""

from __future__ import annotations

__all__ = ["LONGEST", "Fetching"]

LONGEST = 3600
"""Seconds that the download of one file may take: rattler itself would wait for ever."""


class Fetching:
    """Hears of files being fetched; says nothing."""

    def received(self, count: int) -> None:
        """Take note of so many bytes more; called from any thread."""

    def finished(self, name: str, size: int) -> None:
        """Take note of a complete file and its size in bytes."""
