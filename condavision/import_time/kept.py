"""What is known of the files of artefacts, kept by SHA-256 beside the lists of their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.artefacts.store import EvidenceStore
    from condavision.import_time.modules import Package

_KEY = "imports-7:"
"""What the keys start with: those of the lists do not, which are read in every proof.

The number rises where files are read by other rules, which what was kept does not follow.
"""

Kept = dict[str, dict[str, list[object]]]


def load_kept(store: EvidenceStore, digests: Iterable[str]) -> Mapping[str, Kept]:
    """Return what is known of the files of artefacts, by their SHA-256."""
    found = store.load(f"{_KEY}{it}" for it in digests if it)
    return {key.removeprefix(_KEY): _parsed(value) for key, value in found.items()}


def keep(store: EvidenceStore, packages: Iterable[Package]) -> None:
    """Keep what is new about the files of packages."""
    new = {f"{_KEY}{it.sha256}": it.dump() for it in packages if it.is_new and it.sha256}
    if new:
        store.keep(new)


def _parsed(value: bytes) -> Kept:
    try:
        found: Any = json.loads(value)
    except ValueError:  # it only costs time
        return {}
    return found if isinstance(found, dict) else {}
