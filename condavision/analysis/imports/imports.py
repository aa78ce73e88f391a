"""Every import of one source, with the conditions it stands under.

Statements are found by their words and confirmed in the tree: a docstring that says "import this"
is none, and an import inside a region that the parser could not read still is one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

from condavision.analysis.context.later_uses import LaterUses
from condavision.analysis.imports.dynamic import LITERALS, dynamic_imports, is_dotted
from condavision.analysis.records import RawImport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.context.catching import Try
    from condavision.analysis.context.guards import Guards
    from condavision.analysis.source.source import Source

_WORD = re.compile(rb"import(?=[\s\\(*])")
_UNDELIMITED = re.compile(rb"(?:.*[;:])??[ \t\f]*(?:lazy[ \t]+)?(?P<from>from\b.*?\b)?import\Z")
_FROM = re.compile(
    r"from\s*(?P<dots>[.\s]*)(?P<name>[\w.\s]*?)\s*\bimport\b(?P<members>.*)", re.DOTALL
)
_STATEMENTS = {"import_statement", "import_from_statement"}
_BROKEN_LIMIT = 3_000  # imports looked for in a file with broken regions
_LONGEST = 100_000  # bytes of one statement; generated code reaches a tenth of it


def find_imports(source: Source, guards: Guards) -> tuple[RawImport, ...]:
    """Return the imports of a source in their order; ``__future__`` is none."""
    root = guards.tree.root_node
    found: list[RawImport] = []
    words = _WORD.finditer(source.text)
    if root.has_error:  # its children are not balanced, and each look-up walks along them
        words = islice(words, _BROKEN_LIMIT)
    for match in words:
        start = match.start()
        before = source.text[start - 1 : start]
        if not (before.isalnum() or before == b"_"):
            node = root.named_descendant_for_byte_range(start, start + 6)
            statement = _statement(source, node, start)
            if statement is not None:
                at, text = statement
                location = source.location(_row(source, node, at))
                guard = guards.at(at)
                lazy = at > 0 and source.text[at - 1 : at] != b"\n"
                found += [
                    RawImport(
                        name, location, guard, level, members, binds, star, start=at, lazy=lazy
                    )
                    for name, level, members, binds, star in read_statement(text)
                ]
    found += dynamic_imports(source, guards, found)
    found.sort(key=attrgetter("start"))
    later = LaterUses(source, root)
    return tuple(
        replace(it, used_regardless=True)
        if it.dispensable and later.regardless(it.start, it.binds)
        else it
        for it in _paired(found, guards.tries)
    )


def _row(source: Source, node: Node | None, at: int) -> int:
    if node is not None and node.start_byte == at:
        return node.start_point.row
    return source.text.count(b"\n", 0, at)


def _statement(source: Source, node: Node | None, start: int) -> tuple[int, str] | None:
    """Return the offset and text of the import statement whose ``import`` stands at ``start``."""
    if node is None or node.type in LITERALS:
        return None
    if node.type in _STATEMENTS:
        end = min(node.end_byte, node.start_byte + _LONGEST)
        return node.start_byte, source.text[node.start_byte : end].decode("utf-8", "replace")
    if not (node.is_error or node.has_error or node.type in {"module", "identifier"}):
        return None
    line = source.text.rfind(b"\n", 0, start) + 1
    match = _UNDELIMITED.match(source.text[line : start + 6])
    if match is None:
        return None
    at = line + match.start("from") if match["from"] else start
    return at, _logical_line(source.text, at).decode("utf-8", "replace")


def _logical_line(text: bytes, start: int) -> bytes:
    """Return a statement that the tree does not delimit: to its line's end, or closing bracket."""
    line_end = text.find(b"\n", start)
    line = text[start : line_end if line_end >= 0 else len(text)]
    if b"(" in line and b")" not in line:
        closing = text.find(b")", start, start + 10_000)
        return text[start : closing + 1] if closing >= 0 else line
    return line.partition(b";")[0]


_Item = tuple[str, int, tuple[str, ...], tuple[str, ...], bool]


@lru_cache(maxsize=8192)
def read_statement(statement: str) -> tuple[_Item, ...]:
    """Return name, level, members, bound names and whether it is ``*`` for each module.

    Files repeat each other's statements, and then share what was read of them.
    """
    return tuple(_items(statement))


def _items(statement: str) -> Iterator[_Item]:
    text = re.sub(r"#[^\n]*", "", statement) if "#" in statement else statement
    text = text.replace("\\\n", " ")
    if text.startswith("import"):
        for part in text[len("import") :].split(","):
            name, alias = _aliased(part)
            if name:
                yield name, 0, (), (alias or name.partition(".")[0],), False
        return
    match = _FROM.match(text)
    if not match:
        return
    name = "".join(match["name"].split())
    level = match["dots"].count(".")
    if name == "__future__" or not is_dotted(name, empty=level > 0):
        return
    parts = match["members"].replace("(", " ").replace(")", " ").split(",")
    pairs = [pair for pair in map(_aliased, parts) if pair[0]]
    star = "*" in match["members"]
    if pairs or star:
        binds = tuple(alias or member for member, alias in pairs)
        yield name, level, tuple(name for name, _ in pairs), binds, star


def _aliased(part: str) -> tuple[str, str]:
    words = part.split()
    if len(words) >= 3 and words[-2] == "as":
        name, alias = "".join(words[:-2]), words[-1]
    else:
        name, alias = "".join(words), ""
    return (name, alias) if is_dotted(name) else ("", "")


def _paired(found: list[RawImport], tries: list[Try]) -> list[RawImport]:
    """Join each import in a ``try`` with those in its handlers that take its place."""
    instead: dict[int, set[int]] = {}
    stands_in: dict[int, set[int]] = {}
    dispensable: set[int] = set()
    starts = [it.start for it in found]

    def inside(span: tuple[int, int]) -> range:
        return range(bisect_left(starts, span[0]), bisect_left(starts, span[1]))

    for statement in tries:
        body = inside(statement.body)
        others = [at for handler in statement.handlers for at in inside(handler)]
        for at in body:
            same = [it for it in others if set(found[it].binds) & set(found[at].binds)]
            for other in same or others:
                instead.setdefault(at, set()).add(other)
                stands_in.setdefault(other, set()).add(at)
            if not others and found[at].guard.optional and not statement.exits:
                dispensable.add(at)
    return [
        replace(
            it,
            instead=tuple(sorted(instead.get(at, ()))),
            stands_in=tuple(sorted(stands_in.get(at, ()))),
            dispensable=at in dispensable,
        )
        if at in instead or at in stands_in or at in dispensable
        else it
        for at, it in enumerate(found)
    ]
