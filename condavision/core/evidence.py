"""What is written about the evidence for a lock."""

from __future__ import annotations

from enum import StrEnum


class Unproved(StrEnum):
    """Why it is not known whether a package has a module; the values are written into locks."""

    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    """The server does not answer, or with an error."""
    NO_RANGES = "no-ranges"
    """The server sends whole files alone, and this one is too large to be fetched for its list."""
    SOURCE = "source"
    """A source distribution: what it installs is known when it is built."""
    DAMAGED = "damaged"
    """It is no archive, or contradicts itself or its SHA-256."""
    TOO_LARGE = "too-large"
    """Its list, or a file in it, is larger than any that is read."""
    ABSENT = "absent"
    """It is known: the package has no such module; but a person has declared that one."""


class ProofLevel(StrEnum):
    """How far a lock was proved; the values are written into locks."""

    NONE = "none"
    """Nothing is known of any of its imports; no lock records this, it follows from the others."""
    FILES = "files"
    """The packages have the modules and names that the scripts import."""
    IMPORTS = "imports"
    """And the files that these lead to find what they import, on the locked Python."""
