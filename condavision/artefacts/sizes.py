"""The sizes of artefacts, which no lock has: they are kept where an index or a server gives them.

For a file of this machine, its own size counts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import local_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.artefacts.store import EvidenceStore
    from condavision.core.model import LockedPackage


def size_key(sha256: str) -> str:
    """Return the key of an artefact's size in the store."""
    return f"size {sha256}"


def keep_sizes(packages: Iterable[LockedPackage], store: EvidenceStore) -> None:
    """Keep the sizes of packages that were just solved, as far as they are given."""
    given = {size_key(it.sha256): it.size for it in packages if it.size is not None}
    if given:
        store.keep({key: b"%d" % size for key, size in given.items()})


def known_sizes(packages: Iterable[LockedPackage], store: EvidenceStore) -> Mapping[str, int]:
    """Return the bytes of artefacts by SHA-256, without those that are not known here."""
    urls = {it.sha256: it.url for it in packages}
    kept = store.load(map(size_key, urls))
    found = {key.removeprefix(size_key("")): int(size) for key, size in kept.items()}
    for sha256, url in urls.items():
        file = local_file(url)
        if file is not None and sha256 not in found:
            with suppress(OSError):
                found[sha256] = file.stat().st_size
    return found
