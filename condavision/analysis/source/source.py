"""Bytes to a syntax tree: decoding as Python would (PEP 263), parsing under a time budget.

Nothing here judges whether any Python accepts the text: tree-sitter keeps what it can read and
marks the rest, which suits scripts of any quality.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_python
from tree_sitter import Language, Parser, Tree

from condavision.analysis.source.file_bytes import read_bytes
from condavision.analysis.source.lexing import count_tokens
from condavision.analysis.source.magics import DATABRICKS, databricks_text
from condavision.analysis.source.notebook import notebook_text
from condavision.core.model import SourceLocation
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from pathlib import Path

PARSE_SECONDS = 10.0
"""Default time budget of one file: hundreds of times what the largest real module takes."""

_MOST_TOKENS = 1_000_000
"""A tree has up to 400 bytes for each token of its source: 400 MB."""

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_CHUNK = 1 << 16
_AT_ONCE = 1 << 18  # bytes; whatever is in them, so many are parsed within a second


@dataclass(frozen=True, slots=True)
class Source:
    r"""A text ready to parse, and how it came to be one.

    ``file`` is the name shown in messages. ``text`` is UTF-8 with ``\n`` line ends and no BOM;
    ``sha256`` is of the bytes on disk. ``declared``: a BOM or a PEP 263 cookie names
    the encoding; ``undecodable`` is the 0-based row of the first byte that contradicts it, which
    CPython 2.7 tolerates in comments and strings of files declared UTF-8 and no other does.
    ``cells`` are the first row and the number of each code cell of a notebook.
    """

    path: Path
    file: str
    text: bytes
    sha256: str
    encoding: str = "utf-8"
    declared: bool = False
    undecodable: int | None = None
    cells: tuple[tuple[int, int], ...] = ()

    @property
    def is_notebook(self) -> bool:
        """Whether it is a notebook, kept as one or by Databricks as Python."""
        return bool(self.cells) or self.text.startswith(DATABRICKS)

    def location(self, row: int) -> SourceLocation:
        """Return the place of a 0-based row; in a notebook, the line of a cell."""
        at = bisect_right(self.cells, (row, sys.maxsize)) - 1
        if at < 0:
            return SourceLocation(self.file, row + 1)
        first, number = self.cells[at]
        return SourceLocation(f"{self.file}:cell {number}", row - first + 1)


def read_source(path: Path, file: str | None = None, data: bytes | None = None) -> Source:
    """Read and decode a Python file; ``data`` are its bytes, where they have been read.

    Raises:
        AnalysisError: it cannot be read, is binary, or names an unknown encoding.
    """
    shown = str(path) if file is None else file
    data = read_bytes(path, shown) if data is None else data
    if path.suffix == ".ipynb":
        text, cells = notebook_text(data, shown)
        digest = hashlib.sha256(data).hexdigest()
        return Source(path, shown, text, digest, declared=True, cells=cells)
    return decode(data, path, shown)


def decode(data: bytes, path: Path, file: str) -> Source:
    """Decode the bytes of a Python file as PEP 263 says.

    Raises:
        AnalysisError: they hold NULs, or name an unknown encoding.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    text = data.removeprefix(codecs.BOM_UTF8)
    bom = len(text) != len(data)
    nul = text.find(b"\0")
    if nul >= 0:
        line = text.count(b"\n", 0, nul) + 1
        raise AnalysisError(
            f"{file}:{line}: not Python source: it holds NUL bytes",
            "if it is text, save it as UTF-8",
        )
    name, line = _cookie(text)
    encoding = _normalized(name, f"{file}:{line}") if name else "utf-8"
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = databricks_text(text)
    undecodable = None
    if not text.isascii() or encoding != "utf-8":
        text, undecodable = _to_utf8(text, encoding)
    return Source(path, file, text, sha256, encoding, bom or name is not None, undecodable)


def _cookie(text: bytes) -> tuple[str | None, int]:
    """Return the encoding that one of the first two lines declares, and the line's number."""
    for number, line in enumerate(text[:1000].splitlines()[:2], start=1):
        match = _COOKIE.match(line)
        if match:
            return match[1].decode("ascii"), number
        if not _BLANK.match(line):
            break
    return None, 0


def _normalized(name: str, where: str) -> str:
    if name.lower().replace("_", "-").startswith(("utf-8", "utf8")):  # as CPython: utf-8-unix too
        return "utf-8"
    name = re.sub(r"-(?:unix|dos|mac)$", "", name)
    try:
        codec = codecs.lookup(name)
        " ".encode(codec.name)  # not every codec turns bytes into text: rot13, zlib
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise AnalysisError(
            f"{where}: the declared encoding {name!r} is unknown", "declare utf-8, or remove it"
        ) from error
    return codec.name


def _to_utf8(text: bytes, encoding: str) -> tuple[bytes, int | None]:
    try:
        try:
            decoded = text.decode(encoding)
        except UnicodeDecodeError as error:
            row = text.count(b"\n", 0, error.start)
            return text.decode(encoding, "replace").encode("utf-8", "replace"), row
    except (UnicodeError, OverflowError):  # codecs such as idna and punycode do not say where
        return text.decode("utf-8", "replace").encode(), 0
    return (text if encoding == "utf-8" else decoded.encode("utf-8", "replace")), None


@cache
def language() -> Language:
    """Return the one grammar everything is read with."""
    return Language(tree_sitter_python.language())


def parse(source: Source, budget_seconds: float = PARSE_SECONDS) -> Tree:
    """Parse a source into a tree whose broken regions are marked ERROR or MISSING.

    Raises:
        AnalysisError: it has too many tokens, or takes longer than the budget, as only generated
            data and nesting do.
    """
    text = source.text
    if len(text) > _MOST_TOKENS and count_tokens(text) > _MOST_TOKENS:
        raise AnalysisError(
            f"{source.file}: it has more than {_MOST_TOKENS} tokens",
            "exclude the file, or take the generated data out of it",
        )
    parser = Parser(language())
    if len(text) <= _AT_ONCE:  # what a callback returns is never freed by tree-sitter 0.26
        return parser.parse(text)
    deadline = time.perf_counter() + budget_seconds
    try:
        return parser.parse(  # bytes at once would be read without the callback
            lambda offset, _point: text[offset : offset + _CHUNK],
            progress_callback=lambda _offset, _error: time.perf_counter() > deadline,
        )
    except ValueError as error:
        raise took_too_long(source.file, budget_seconds) from error


def took_too_long(file: str, seconds: float) -> AnalysisError:
    """Return the error for a file that is not read in time."""
    return AnalysisError(
        f"{file}: not read within the limit of {seconds:g} seconds",
        "exclude the file, or take the generated data out of it",
    )
