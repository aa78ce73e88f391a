"""What came of reading many files together, so that asking again reads and resolves none of them.

It holds while everything that decided it has the status it had: each file that was looked into,
each directory that was listed or was not there, each link in one of them. Nothing is kept of what
changed so shortly before that another change might leave its status as it is.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.analysis.facts.cache import loaded
from condavision.core.model import Analysis
from condavision.system.file_stamp import FileClocks, changed_at, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.analysis.facts.cache import FactsCache
    from condavision.analysis.resolve.walk import SearchPath


@dataclass(frozen=True, slots=True)
class Question:
    """Files that are read as one requirement set.

    ``modules`` lie beside them. ``since`` is when the first of them may have been read, in
    nanoseconds. Of each project root the last answer is kept.
    """

    search: SearchPath
    files: Sequence[str]
    since: int
    modules: Sequence[str] = ()

    def recalled(self, cache: FactsCache | None) -> Analysis | None:
        """Return the answer, if nothing has changed since it was given."""
        if cache is None:
            return None
        data = cache.entries([self._key]).get(self._key, b"")
        match loaded(data):
            case (bytes() as digest, tuple() as stamps, bytes() as answer):
                if digest == self._digest and all(stamp_of(path) == it for path, it in stamps):
                    found = loaded(answer)
                    return found if isinstance(found, Analysis) else None
        return None

    def remember(
        self, cache: FactsCache | None, answer: Analysis, consulted: Iterable[str]
    ) -> None:
        """Keep an answer under the status of all that was ``consulted`` for it."""
        if cache is None:
            return
        stamps = tuple((path, stamp_of(path)) for path in dict.fromkeys(consulted))
        clocks = FileClocks()
        changes = ((path, changed_at(stamp)) for path, stamp in stamps if stamp is not None)
        if any(clocks.is_racy(path, changed, self.since) for path, changed in changes):
            return
        entry = (self._digest, stamps, pickle.dumps(answer, protocol=5))
        cache.keep([(self._key, pickle.dumps(entry, protocol=5))])

    @property
    def _key(self) -> bytes:
        return b"\0" + self.search.root.encode("utf-8", "surrogatepass")

    @property
    def _digest(self) -> bytes:
        parts = (
            self.search.root,
            self.search.paths,
            self.search.pythonpath,
            tuple(self.files),
            self.modules,
        )
        return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()
