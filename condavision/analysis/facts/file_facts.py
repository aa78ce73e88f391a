"""The facts of one file on disk, whatever is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from condavision.analysis.declared.metadata import read_metadata
from condavision.analysis.facts.facts import read_facts
from condavision.analysis.records import Facts
from condavision.analysis.source.file_bytes import read_bytes
from condavision.analysis.source.source import read_source
from condavision.core.model import ScriptMetadata, SourceLocation, UnreadRegion
from condavision.errors import AnalysisError, UnreadableModuleError
from condavision.system.file_stamp import Stamp, stamp_of

FileFacts = tuple[Stamp | None, Facts, bool]
"""A file's status before it was read, its facts, and whether it could be read as Python."""


def read_file(path: str, shown: str) -> FileFacts:
    """Read a file; one that cannot be read is an unread region as a whole."""
    stamp = stamp_of(path)
    try:
        return stamp, read_facts(read_source(Path(path), shown)), True
    except AnalysisError:
        data = _bytes_of(path)
        region = UnreadRegion(SourceLocation(shown, 1), max(1, data.count(b"\n")))
        digest = hashlib.sha256(data).hexdigest()
        return stamp, Facts(shown, digest, (), (), (), (region,)), False


def require_open(path: str, shown: str) -> None:
    """Refuse a file that cannot be opened: what it imports must not vanish from a lock.

    Python skips what is not a file, such as a broken symlink.

    Raises:
        UnreadableModuleError: it is there, but reading it is not permitted, or fails.
    """
    file = Path(path)
    try:
        read_bytes(file, shown)
    except AnalysisError as error:
        if isinstance(error.__cause__, OSError) and file.is_file():
            raise UnreadableModuleError(error.message, "see its permissions") from error


def read_declared(path: str, shown: str, data: bytes | None) -> ScriptMetadata:
    """Read what a script declares in its bytes; None where it cannot be read, to report why.

    Raises:
        AnalysisError: it cannot be read as Python, or declares something malformed.
    """
    source = read_source(Path(path), shown, data)
    if data is None:
        read_facts(source)
    return read_metadata(source)


def _bytes_of(path: str) -> bytes:
    """Return the bytes of a file, none where there is no readable one."""
    try:
        return read_bytes(Path(path), path)
    except AnalysisError:
        return b""
