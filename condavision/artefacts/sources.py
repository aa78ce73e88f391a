"""The sources of one artefact: read together where they are few, which saves round trips."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import UnreadError
from condavision.core.evidence import Unproved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.artefacts.artefact import Artefact
    from condavision.artefacts.files import Files
    from condavision.artefacts.reader import ArtefactReader

TOGETHER = 32 << 20
"""Bytes of sources that are read together; no larger ones are kept."""

_MOST = 256 << 20
"""Bytes of a conda package, which has to be read from its start."""

_TESTS = re.compile(r"(?:^|/)(?:tests?|testsuite)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py\Z")


@dataclass
class Sources:
    """Reads the sources of an artefact; all but its tests are fetched on first use."""

    reader: ArtefactReader
    artefact: Artefact
    files: Files
    _held: dict[str, bytes] = field(default_factory=dict)
    _is_fetched: bool = False

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of files.

        Raises:
            UnreadError: one cannot be read.
        """
        missing = [it for it in names if it not in self._held]
        if missing and not self._is_fetched:
            self._is_fetched = True
            self._held.update(await self._together(missing))
            missing = [it for it in missing if it not in self._held]
        if missing:
            self._held.update(await self.reader.read(self.artefact, missing, _MOST))
        return {it: self._held[it] for it in names}

    async def _together(self, names: Sequence[str]) -> dict[str, bytes]:
        beside = filter(_is_read, self.files.names)
        most = TOGETHER if self.artefact.is_wheel else _MOST
        try:
            return await self.reader.read(self.artefact, names, most, beside)
        except UnreadError as error:
            if error.reason is not Unproved.TOO_LARGE or not self.artefact.is_wheel:
                raise
            return {}


def _is_read(name: str) -> bool:
    if name.endswith(".dist-info/METADATA"):
        return True
    return name.endswith(".py") and not name.startswith("/") and not _TESTS.search(name)
