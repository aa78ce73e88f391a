"""Wheels that were built for NumPy 1, whose compiled modules do not load with NumPy 2.

What is compiled against NumPy takes ``numpy.core._multiarray_umath._ARRAY_API`` if its headers are
those of NumPy 1, and with NumPy 2 that is an ImportError (the migration guide of NumPy 2.0). Few
wheels of that time have the bound. Nothing released before the first beta was built for both.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.core.model import Manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.artefacts.reader import ArtefactReader
    from condavision.core.model import LockedPackage

_NUMPY = "numpy"
_FIRST_BETA = "2024-03-11"
_NOT_BUILT_THEN = {"", "1980-01-01", "2020-02-02"}
"""No date, and those that builds write to be reproducible."""
_COMPILED = re.compile(r"-cp\d+-(?:cp\d+m?u?|abi3)-[^-]+\.whl\Z")


async def built_for_numpy_1(packages: Sequence[LockedPackage], reader: ArtefactReader) -> set[str]:
    """Return the SHA-256 of wheels that need NumPy 1, if NumPy 2 is among the packages.

    Their lists of files have been read. What cannot be read is not among them.
    """
    numpy = next((it for it in packages if it.name == _NUMPY), None)
    if numpy is None or int(numpy.version.partition(".")[0]) < 2:
        return set()
    old = [it for it in packages if it.manager is Manager.PYPI and _is_old(it, reader)]
    needing = await asyncio.gather(*(_requires_numpy(Artefact.of(it), reader) for it in old))
    return {it.sha256 for it, needs in zip(old, needing, strict=True) if needs}


def _is_old(package: LockedPackage, reader: ArtefactReader) -> bool:
    if not _COMPILED.search(Artefact.of(package).name):
        return False
    built = reader.built(package.sha256)
    return built not in _NOT_BUILT_THEN and built < _FIRST_BETA


async def _requires_numpy(artefact: Artefact, reader: ArtefactReader) -> bool:
    with suppress(UnreadError):
        return _NUMPY in _names(await reader.requires(artefact))
    return False


def _names(requires: bytes) -> Iterable[str]:
    """Return what is required without any extra."""
    for line in requires.decode("utf-8", "replace").splitlines():
        with suppress(InvalidRequirement):
            found = Requirement(line)
            if found.marker is None or "extra" not in str(found.marker):
                yield canonicalize_name(found.name)
