"""The ``# /// script`` block of PEP 723, and its standard fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.declarations import Declarations
from condavision.analysis.declared.other_tools import unknown
from condavision.core.model import IgnoredReason, IgnoredText
from condavision.errors import AnalysisError
from condavision.system.documents import DocumentError, read_toml
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.analysis.source.source import Source

MARK = re.compile(rb"(?mi)^#[ \t]*/{2,4}[ \t]*script\b[^\n]*$")
"""What begins a block, or nearly does."""

# The pattern of the specification in three parts: where a block begins, the comments below it, and
# the last of them that is its end. The time of the whole pattern grows with the square of blocks
# that have no end.
_START = re.compile(rb"(?m)^# /// ([a-zA-Z0-9-]+)\n")
_COMMENTS = re.compile(rb"(?:#(?: .*)?(?:\n|\Z))*+")
_END = b"\n# ///\n"
_FIELDS = frozenset({"dependencies", "requires-python", "tool"})
_DECLARING = re.compile(rb"(?m)^#[ \t]*(?:dependencies|requires-python)[ \t]*=")


def open_block(source: Source) -> tuple[Declarations, dict[str, Any]] | None:
    """Return the TOML of the block.

    Raises:
        AnalysisError: there are two, or it is not TOML.
    """
    blocks = [*script_blocks(source.text)]
    if not blocks:
        return None
    rows = [source.text.count(b"\n", 0, start) for start, _ in blocks]
    if len(blocks) > 1:
        raise AnalysisError(
            f"{source.location(rows[1])}: a second `# /// script` block; the first is at"
            f" {source.location(rows[0])}",
            "merge the two: PEP 723 allows one",
        )
    lines = blocks[0][1].decode("utf-8", "replace").splitlines()
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in lines]
    try:
        return Declarations(source, rows[0], lines), read_toml("\n".join(lines))
    except DocumentError as error:
        place = source.location(rows[0] + (error.line or 0))
        problem = redacted_spelling(error.problem)
        raise AnalysisError(
            f"{place}: the `# /// script` block is not valid TOML: {problem}",
            "see PEP 723",
        ) from error


def script_blocks(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where each block of type ``script`` begins, and its content."""
    at = 0
    while start := _START.search(text, at):
        comments = _COMMENTS.match(text, start.end())
        below = comments[0] if comments else b""
        end = (below + b"\n").rfind(_END)
        if end >= 0 and start[1] == b"script":
            yield start.start(), below[: end + 1]
        at = start.end() + (len(below) if end < 0 else end + len(_END) - 1)


def near_blocks(source: Source) -> Iterator[IgnoredText]:
    """Yield the lines of a source without blocks that were meant to begin one."""
    for line in MARK.finditer(source.text):
        place = source.location(source.text.count(b"\n", 0, line.start()))
        is_start = line[0] == b"# /// script"
        reason = IgnoredReason.UNCLOSED if is_start else IgnoredReason.MISSPELT
        below = _COMMENTS.match(source.text, line.end() + 1)
        if below is not None and _DECLARING.search(below[0]):
            yield IgnoredText(line[0].decode("utf-8", "replace").strip(), place, reason)


def read_standard(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``requires-python`` and ``dependencies``; PEP 723 has no other fields."""
    into.ignore("", unknown(table, _FIELDS), IgnoredReason.UNKNOWN)
    read_python(into, table)
    for text in into.strings(table, "dependencies"):
        into.add_pypi(text)


def read_python(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``requires-python``."""
    python = table.get("requires-python")
    if python is not None:
        if not isinstance(python, str):
            raise into.wrong("requires-python", "`requires-python` must be a string")
        into.add_python(python, "requires-python")
