"""What was read of artefacts, by their SHA-256: it stays true for ever."""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.system.cache_table import CacheTable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "evidence"
"""The folder below ``CONDAVISION_HOME``."""

_FILE_NAME = "artefacts.sqlite"

_VERSION = 4
"""Of the lists and of what is read out of files: to be raised where either changes."""

_LARGEST = 512 << 20  # bytes of the file, after which the older half is dropped
_LARGEST_VALUE = 64 << 20
_COLUMNS = "(key TEXT PRIMARY KEY, value BLOB)"


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """A table of compressed values; a missing, damaged or locked one only costs time."""

    file: Path

    @classmethod
    def below(cls, home: Path) -> EvidenceStore:
        """Return the store of a ``CONDAVISION_HOME``."""
        return cls(home / FOLDER / _FILE_NAME)

    @property
    def _table(self) -> CacheTable:
        return CacheTable(self.file, "evidence", _COLUMNS, _VERSION, _LARGEST)

    def load(self, digests: Iterable[str]) -> dict[str, bytes]:
        """Return the values whose keys are one of these digests, or start with it and a colon."""
        query = "SELECT key, value FROM evidence WHERE key >= ? AND key < ?"
        found: dict[str, bytes] = {}
        with suppress(zlib.error):
            for key, value in self._table.select((query, (it, f"{it};")) for it in digests):
                found[key] = zlib.decompressobj().decompress(value, _LARGEST_VALUE)
        return found

    def keep(self, values: dict[str, bytes]) -> None:
        """Add values."""
        self._table.keep((key, zlib.compress(value, 6)) for key, value in values.items())
