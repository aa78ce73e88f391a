"""What a distribution requires, as its core metadata has it (PEP 566), and how that is kept."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from condavision.artefacts.artefact import Artefact
    from condavision.artefacts.reader import ArtefactReader


def requires_key(sha256: str) -> str:
    """Return the key of what a wheel requires."""
    return f"requires {sha256}"


def requires_dist(metadata: bytes) -> bytes:
    """Return the requirements in metadata, a line each."""
    lines = BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", ())
    return "\n".join(lines).encode("utf-8", "surrogateescape")


async def read_requires(artefact: Artefact, reader: ArtefactReader) -> bytes:
    """Return what the metadata in a wheel require, a line each.

    Raises:
        UnreadError: it cannot be read.
    """
    files = await reader.files(artefact)
    known = reader.kept.get(requires_key(artefact.sha256))
    if known is not None:
        return known
    metadata = [it for it in files.names if it.endswith(".dist-info/METADATA")]
    read = await reader.read(artefact, metadata)
    return b"\n".join(map(requires_dist, read.values()))
