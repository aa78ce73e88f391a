"""Locks that an earlier command has read, since reading their YAML takes most of a ``check``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.facts.cache import FactsCache, dumped, loaded
from condavision.core.model import Lock
from condavision.locks.lockfile import parse_lock, read_lock
from condavision.system.ownership import require_trusted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class KnownLocks:
    """The last lock that was read from each path, with the digest of its text."""

    cache: FactsCache = field(default_factory=FactsCache.default)
    _new: dict[bytes, bytes] = field(default_factory=dict)

    def read(self, path: Path) -> Lock:
        """Read and check a lock file, as ``read_lock`` does.

        Raises:
            LockfileError: it is missing, truncated, edited, or not such a file.
            UntrustedError: another user can change it.
        """
        require_trusted(path, f"the lock {path}")
        return read_lock(path, self._parse)

    def preload(self, paths: Iterable[Path]) -> None:
        """Look up several locks at once for :meth:`read`."""
        self.cache.preload_keys([_key(it) for it in paths])

    def _parse(self, text: str, path: Path) -> Lock:
        key = _key(path)
        digest = hashlib.sha256(text.encode()).digest()
        match loaded(self.cache.load(key)):
            case (bytes() as known, Lock() as lock) if known == digest:
                return lock
        lock = parse_lock(text, path)
        self._new[key] = dumped((digest, lock))
        return lock

    def save(self) -> None:
        """Keep what was read, for later commands."""
        if self._new:
            self.cache.keep(self._new.items())
            self._new.clear()


def _key(path: Path) -> bytes:
    return f"\0lock {path}".encode("utf-8", "surrogatepass")
