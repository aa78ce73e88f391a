"""What a distribution requires, as its core metadata has it (PEP 566), and how that is kept."""

from __future__ import annotations

from email.parser import BytesHeaderParser


def requires_key(sha256: str) -> str:
    """Return the key of what a wheel requires."""
    return f"requires {sha256}"


def requires_dist(metadata: bytes) -> bytes:
    """Return the requirements in metadata, a line each."""
    lines = BytesHeaderParser().parsebytes(metadata).get_all("Requires-Dist", ())
    return "\n".join(lines).encode("utf-8", "surrogateescape")
