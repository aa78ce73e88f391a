"""The ``# /// script`` block of a file (PEP 723): written into it, or added to.

All else in the file keeps its bytes: the user's lines and comments, encoding, line ends, the first
two lines, which may name an interpreter and an encoding, and a docstring's place.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import tomlkit

from condavision.analysis.declared.pep723 import script_blocks
from condavision.errors import AnalysisError
from condavision.system.documents import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tomlkit.items import Array

    from condavision.analysis.source.source import Source

_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HEAD = re.compile(rb"#!|[ \t\f]*#.*?coding[:=]")
_LOWER = re.compile(r">=?\s*\d")


@dataclass(frozen=True, slots=True)
class Additions:
    """What to add to a block: Pythons (PEP 440), requirements (PEP 508), conda match specs."""

    python: str | None
    pypi: tuple[str, ...]
    conda: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.python or self.pypi or self.conda)


def with_additions(source: Source, data: bytes, added: Additions) -> bytes:
    """Return the bytes of a file, ``data``, with additions in its block, or with a new block.

    Raises:
        AnalysisError: the block is not text, or cannot be added to without losing something.
    """
    lines = [it for it in _LINES.findall(data) if it]
    blocks = [*script_blocks(source.text)]
    if not blocks:
        return _inserted(lines, added)
    start, content = blocks[0]
    first = source.text.count(b"\n", 0, start) + 1
    last = first + content.count(b"\n")
    old = lines[first:last]
    try:
        rows = [it.rstrip(b"\r\n").decode(source.encoding) for it in old]
        before = [line[2:] if line.startswith("# ") else line[1:] for line in rows]
        after = _added("".join(f"{line}\n" for line in before), added).split("\n")[:-1]
        end = _line_end(lines)
        new = [(f"# {line}" if line else "#").encode(source.encoding) + end for line in after]
    except (UnicodeError, ValueError) as error:  # tomlkit's errors are ValueErrors
        raise AnalysisError(
            f"{source.location(first - 1)}: the block cannot be added to: {error}",
            "add to it by hand; `condavision check --declared` lists what is missing",
        ) from error
    return b"".join((*lines[:first], *_kept(before, after, old, new), *lines[last:]))


def block_of(toml: str) -> list[str]:
    """Return the lines of a block."""
    lines = toml.split("\n")[:-1]
    return ["# /// script", *(f"# {line}" if line else "#" for line in lines), "# ///"]


def array_of(texts: Iterable[str]) -> Array:
    """Return an array with a line for each text; an empty one has one line."""
    found = tomlkit.array()
    found.extend(texts)
    return found.multiline(multiline=bool(found))


def _inserted(lines: Sequence[bytes], added: Additions) -> bytes:
    """Insert a block below the lines that have to come first."""
    bom = codecs.BOM_UTF8 if lines and lines[0].startswith(codecs.BOM_UTF8) else b""
    rest = [lines[0].removeprefix(bom), *lines[1:]] if lines else []
    at = 0
    while at < min(2, len(rest)) and _HEAD.match(rest[at]):
        at += 1
    end = _line_end(lines)
    head = [it if it.endswith((b"\r", b"\n")) else it + end for it in rest[:at]]
    block = [line.encode("ascii") + end for line in block_of(_added("", added))]
    space = [end] if rest[at:] and rest[at].strip() else []
    return b"".join((bom, *head, *block, *space, *rest[at:]))


def _line_end(lines: Sequence[bytes]) -> bytes:
    return next((end for end in (b"\r\n", b"\n", b"\r") if lines and lines[0].endswith(end)), b"\n")


def _kept(
    before: Sequence[str], after: Sequence[str], old: Sequence[bytes], new: Sequence[bytes]
) -> Iterable[bytes]:
    """Yield the new lines; those that have not changed with the bytes that they had."""
    for tag, start, stop, begin, end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        yield from old[start:stop] if tag == "equal" else new[begin:end]


def _added(text: str, added: Additions) -> str:
    """Return TOML with additions.

    Raises:
        ValueError: it cannot be added to without losing something.
    """
    document = tomlkit.parse(text)
    wanted = read_toml(text)
    if added.python is not None:
        declared = wanted.get("requires-python", "")
        clauses = [it.strip() for it in declared.split(",") if it.strip()]
        kept = [it for it in clauses if not _LOWER.match(it)]
        new = ",".join(dict.fromkeys([*added.python.split(","), *kept]))
        document["requires-python"] = wanted["requires-python"] = new
    if added.pypi:
        _extend(document, wanted, added.pypi)
    if added.conda:
        own, table = document, wanted
        for key in ("tool", "condavision"):
            own = own.setdefault(key, tomlkit.table(is_super_table=key == "tool"))
            table = table.setdefault(key, {})
        _extend(own, table, added.conda)
    result = tomlkit.dumps(document)
    if read_toml(result) != wanted:
        raise ValueError("its TOML is written in an unusual way")
    return result


def _extend(document: Any, wanted: dict[str, Any], texts: Iterable[str]) -> None:
    if "dependencies" in document:
        document["dependencies"].extend(texts)
    else:
        document["dependencies"] = array_of(texts)
    wanted["dependencies"] = [*wanted.get("dependencies", []), *texts]
